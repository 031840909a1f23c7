/**
 * A region as one WebAssembly function.
 *
 * Counting: LEFT is lowered by a block's length before the block is entered, and where it would fall below 0 the region
 * is left before that block, which the interpreter then ends at the right instruction. A way out in the middle gives
 * back what was not executed.
 *
 * Shape of the body, for N ways out:
 *   block (exit) · N times block · the nodes, structured · after the end of each block its way out · end (exit) ·
 *   what every way out shares: registers, flags, EIP and the count back to memory
 *
 * Invariant: between two instructions of x86 the locals are the machine's registers and flags.
 */
import { CARRIES, EIP, RESULT, ZERO } from '../cpu/registers.ts';
import { Code, Op } from './code.ts';
import { CARRIES_HELPER, Emitter } from './emitter.ts';
import { flagsAreDead } from './dead-flags.ts';
import { DYNAMIC, emitKind, pushCarries } from './lazy-flags.ts';
import { FLAG_A, LEFT, LEFT_SLOT, NEXT_EIP, RESULT_LOCAL, TARGET } from './locals.ts';
import type { Flow } from './emit-control.ts';
import { GroupRecorder, Groups } from './base-groups.ts';
import type { Linker } from './links.ts';
import type { Region, RegionNode } from './region.ts';

/** Type indices of every module. */
export const TYPE_REGION = 0;
export const TYPE_HELPER = 1;
export const TYPE_SEGMENT_LOAD = 3;
/** Three parameters, one result. */
export const TYPE_X87 = 4;

const GENERAL_REGISTERS = [0, 1, 2, 3, 4, 5, 6, 7] as const;

export interface RegionCode {
  readonly code: Code;
  /** How many locals it has, parameters included. */
  readonly locals: number;
  /** Ways out, for the listing. */
  readonly exits: number;
}

export class RegionCoder {
  readonly #emitter: Emitter;
  readonly #region: Region;
  readonly #user: boolean;
  readonly #linker: Linker;
  readonly #tailCalls: boolean;
  readonly #byEip: ReadonlyMap<number, RegionNode>;
  /** Depth at which the label of a merge (its block's end), or of a loop, was opened. */
  readonly #merges = new Map<RegionNode, number>();
  readonly #loops = new Map<RegionNode, number>();

  constructor(region: Region, user: boolean, linker: Linker, tailCalls: boolean) {
    this.#region = region;
    this.#user = user;
    this.#emitter = new Emitter(user);
    this.#emitter.straddles = region.unguarded;
    this.#emitter.groupCell = (eip) => this.#linker.linkTo(eip, true)?.offset ?? ZERO * 4;
    this.#linker = linker;
    this.#tailCalls = tailCalls;
    this.#byEip = new Map(region.nodes.map((node) => [node.eip, node]));
  }

  build(): RegionCode {
    const { code } = this.#emitter;
    const { entry } = this.#region;
    code
      .i32(0)
      .access(Op.LOAD, RESULT * 4)
      .set(RESULT_LOCAL);
    code
      .i32(0)
      .access(Op.LOAD, CARRIES * 4)
      .set(FLAG_A);
    this.#count(entry);
    if (entry.isLoop) emitKind(code, this.#emitter.flags);
    this.#node(entry);
    code.op(Op.UNREACHABLE);
    return { code: this.#assemble(), locals: this.#emitter.localsEnd, exits: this.#emitter.cold.length };
  }

  #assemble(): Code {
    const { code: body, cold } = this.#emitter;
    const code = new Code();
    if (!this.#tailCalls) this.#loadRegisters(code);
    code.block();
    for (let index = 0; index < cold.length; index++) code.block();
    code.append(body);
    cold.forEach((stub, index) => {
      code.end().append(stub.code);
      code.br(cold.length - 1 - index);
    });
    code.end();
    this.#storeRegisters(code);
    code
      .i32(0)
      .get(RESULT_LOCAL)
      .access(Op.STORE, RESULT * 4);
    code.i32(0);
    pushCarries(code, DYNAMIC, CARRIES_HELPER);
    code.access(Op.STORE, CARRIES * 4);
    code
      .i32(0)
      .get(NEXT_EIP)
      .access(Op.STORE, EIP * 4);
    if (!this.#tailCalls) code.i32(0);
    return code;
  }

  #loadRegisters(code: Code): void {
    for (const register of GENERAL_REGISTERS)
      code
        .i32(0)
        .access(Op.LOAD, register * 4)
        .set(register);
    code
      .i32(0)
      .access(Op.LOAD, LEFT_SLOT * 4)
      .set(LEFT);
  }

  #storeRegisters(code: Code): void {
    for (const register of GENERAL_REGISTERS)
      code
        .i32(0)
        .get(register)
        .access(Op.STORE, register * 4);
    code
      .i32(0)
      .get(LEFT)
      .access(Op.STORE, LEFT_SLOT * 4);
  }

  // Structure.

  #node(node: RegionNode): void {
    const { code } = this.#emitter;
    if (node.isLoop || node.isMerge) this.#emitter.flags = DYNAMIC;
    if (node.isLoop) {
      code.loop();
      this.#loops.set(node, code.depth);
    }
    const merges = node.dominated.filter((child) => child.isMerge).sort((a, b) => b.order - a.order);
    for (const merge of merges) {
      code.block();
      this.#merges.set(merge, code.depth);
    }
    this.#instructions(node);
    for (const merge of merges.reverse()) {
      code.end();
      this.#node(merge);
    }
    if (node.isLoop) code.end();
  }

  #instructions(node: RegionNode): void {
    const emitter = this.#emitter;
    // A loop over memory that is not aligned meets the end of each page; other code seldom enough.
    emitter.leavesAtPageEnd = node.successors.includes(node);
    emitter.beginBlock(this.#region.unguarded ? new GroupRecorder() : this.#groupsOf(node));
    this.#emitOps(emitter, node, {
      to: (eip) => this.#edge(node, eip),
      indirect: () => this.#indirect(),
    });
    if (node.jump !== undefined) return;
    const next = (node.eip + node.bytes) | 0;
    if (node.leaves) this.#leave(next);
    else this.#edge(node, next);
  }

  /** Goes over the block once to see its accesses. */
  #groupsOf(node: RegionNode): Groups {
    const emitter = new Emitter(this.#user);
    const recorder = new GroupRecorder();
    emitter.beginBlock(recorder);
    this.#emitOps(emitter, node, { to: () => undefined, indirect: () => undefined });
    return new Groups(recorder.accesses);
  }

  #emitOps(emitter: Emitter, node: RegionNode, flow: Flow): void {
    const { ops, emitters, jump } = node;
    ops.forEach((i, index) => {
      emitter.begin((node.eip + node.block.starts[index]) | 0, ops.length - index);
      emitter.flagsDead = flagsAreDead(ops, index);
      if (index < emitters.length) emitters[index](emitter, i);
      else {
        emitter.x87.end();
        jump?.(emitter, i, node.eip, flow);
      }
    });
    if (jump === undefined) emitter.x87.end();
  }

  /** Takes the instructions of a node off the count, or leaves before it. */
  #count(node: RegionNode): void {
    const emitter = this.#emitter;
    const { code } = emitter;
    const { length } = node.ops;
    if (length === 0) return;
    code.get(LEFT).i32(length).op(Op.SUB).tee(LEFT).i32(0).op(Op.LT_S);
    code.brIf(code.depth + emitter.coldStub(node.eip, length));
  }

  #edge(from: RegionNode, eip: number): void {
    const emitter = this.#emitter;
    const { code } = emitter;
    const node = this.#byEip.get(eip);
    if (node === undefined || !from.successors.includes(node)) {
      this.#link(eip);
      return;
    }
    this.#count(node);
    if (node.isLoop || node.isMerge) emitKind(code, emitter.flags);
    if (node.order <= from.order) code.br(code.depth - this.#loops.get(node)!);
    else if (node.isMerge) code.br(code.depth - this.#merges.get(node)!);
    else this.#node(node);
  }

  // Leaving.

  #leave(eip: number): void {
    const { code } = this.#emitter;
    code.br(code.depth + this.#emitter.coldStub(eip, 0));
  }

  /** On to the region at a known address. */
  #link(eip: number): void {
    const emitter = this.#emitter;
    const { code } = emitter;
    const link = this.#linker.linkTo(eip);
    if (link === undefined) {
      code.i32(eip).set(TARGET);
      this.#indirect();
      return;
    }
    const out = emitter.coldStub(eip, 0);
    if (link.check !== undefined) {
      code.i32(0).access(Op.LOAD, link.check.offset).i32(link.check.value).op(Op.NE);
      code.brIf(code.depth + out);
    }
    code.i32(0).access(Op.LOAD, link.offset).tee(TARGET).op(Op.EQZ);
    code.brIf(code.depth + out);
    this.#transfer();
  }

  /** On to the region at the address in TARGET, if the jump cache knows it. */
  #indirect(): void {
    const emitter = this.#emitter;
    const { code } = emitter;
    const out = emitter.coldStub('target', 0);
    this.#linker.pushCacheEntry(code, TARGET);
    this.#linker.pushCacheMiss(code, TARGET);
    code.brIf(code.depth + out);
    this.#linker.pushMappingDiffers(code, TARGET, emitter.readTable);
    code.brIf(code.depth + out);
    this.#linker.pushCachedIndex(code);
    code.set(TARGET);
    this.#transfer();
  }

  /** To the function with index TARGET, with the registers. */
  #transfer(): void {
    const { code, flags } = this.#emitter;
    code
      .i32(0)
      .get(RESULT_LOCAL)
      .access(Op.STORE, RESULT * 4);
    code.i32(0);
    pushCarries(code, flags, CARRIES_HELPER);
    code.access(Op.STORE, CARRIES * 4);
    if (this.#tailCalls) {
      for (const register of GENERAL_REGISTERS) code.get(register);
      code.get(LEFT).get(TARGET).returnCallIndirect(TYPE_REGION);
    } else {
      this.#storeRegisters(code);
      code.get(TARGET).op(Op.RETURN);
    }
  }
}
