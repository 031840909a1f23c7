/**
 * What the emitters of single instructions write with: operands, memory, flags, and the ways out.
 *
 * A way out in the middle (a page that is not in the fast tables, a division by 0 …) leaves the region before the
 * instruction has changed anything, and the interpreter executes it. So all that may not go well is checked first.
 *
 * Invariant: `exit` is used while the locals still are those before the instruction.
 */
import { layout } from '../memory/layout.ts';
import type { Instruction } from '../cpu/instruction.ts';
import { Kind } from '../cpu/instruction.ts';
import { ZERO } from '../cpu/registers.ts';
import { Bases, GroupRecorder, type Group, type GroupPlan } from './base-groups.ts';
import { Code, Op } from './code.ts';
import {
  Carry,
  Rest,
  emitKind,
  isStatic,
  pushCarries,
  pushCarry,
  pushCondition,
  type FlagState,
} from './lazy-flags.ts';
import {
  ADDRESS,
  FIRST_HOST,
  FLAG_A,
  FLAG_B,
  FLAG_KIND,
  HOST,
  LEFT,
  LOW_BYTES,
  MISS_ACCESS,
  MISS_ADDRESS,
  MISS_CELL,
  NEXT_EIP,
  RESULT_LOCAL,
  TARGET,
  VALUE0,
  VALUE1,
} from './locals.ts';
import { ACCESS_SIZE_SHIFT, ACCESS_USER, ACCESS_WRITES } from './tlb-fill.ts';
import { StackModel } from './x87/stack-model.ts';

/** Indices of the imported functions, in the order of support.ts. */
export const CARRIES_HELPER = 0;
export const SEGMENT_LOAD_HELPER = 1;
export const TLB_WALK_HELPER = 2;
export const TLB_FILL_HELPER = 3;
export const TLB_INVALIDATE_HELPER = 4;
export const TLB_RELOAD_HELPER = 5;
/** Those of x87/helpers.ts follow in their order. */
export const FIRST_X87_HELPER = 6;

export type Size = 1 | 2 | 4;

/** Where a checked operand is in the host's memory: a local and a constant beyond it. */
export interface Place {
  readonly local: number;
  readonly offset: number;
}

/** Code behind everything else that leads out of the region. */
export interface ColdStub {
  readonly code: Code;
}

/** An access that was not found in a fast table, at ADDRESS plus `beyond`. */
interface Miss {
  readonly beyond: number;
  readonly size: number;
  readonly write: boolean;
  /** Whether it may be what it was checked together with that is missing. */
  readonly group: boolean;
}

export class Emitter {
  readonly code = new Code();
  readonly cold: ColdStub[] = [];
  flags: FlagState = { carry: Carry.VECTOR, rest: Rest.SAME };
  readonly #readTable: number;
  readonly #writeTable: number;

  /** The instruction that is being emitted: its EIP, and how many of its block are not executed before it. */
  #eip = 0;
  #remaining = 0;
  /** Its way out, once it has one, and what was known of the flags then. */
  #exit: number | undefined;
  #place0: Place = { local: HOST, offset: 0 };
  readonly #checked = new Set<Group>();
  /** For AL, CL, DL and BL: the version of the register whose low byte LOW_BYTES holds. */
  readonly #lowVersions = [-1, -1, -1, -1];
  /** Where the block's instructions stand; what is set deeper is set in one of two cases only. */
  #blockDepth = 0;

  /** Whether nothing sees the flags as the instruction leaves them; dead-flags.ts. */
  flagsDead = false;

  /** What is known of the base registers, and which accesses are checked together, in the current block. */
  bases: Bases = new Bases(this.code);
  groups: GroupPlan = new GroupRecorder();
  /** What is known of the x87's stack in the current block. */
  readonly x87 = new StackModel(this.code, () => {
    this.exitIf();
  });
  /** Index after the last local in use. */
  localsEnd = FIRST_HOST;
  /** Whether accesses outside of groups may reach from a page into one that lies beside it in RAM, too. */
  straddles = false;
  /** Whether those that reach into another page leave as those of a group do. */
  leavesAtPageEnd = false;
  /**
   * Where the index of the function stands that goes on at an instruction where only the check of a group, or of a page's
   * end, has failed. The slot ZERO holds that of none.
   */
  groupCell: (eip: number) => number = () => ZERO * 4;
  /** Whether the instruction's first effect are its accesses, in the order of their checks. */
  fills = true;
  readonly #user: boolean;

  /** @param user whether accesses are those of CPL 3 */
  constructor(user: boolean) {
    this.#user = user;
    this.#readTable = user ? layout.readUser : layout.readSupervisor;
    this.#writeTable = user ? layout.writeUser : layout.writeSupervisor;
  }

  get readTable(): number {
    return this.#readTable;
  }

  /** @param plan what is checked together in the block that begins */
  beginBlock(plan: GroupPlan): void {
    this.bases = new Bases(this.code);
    this.groups = plan;
    this.#checked.clear();
    this.#lowVersions.fill(-1);
    this.#blockDepth = this.code.depth;
  }

  begin(eip: number, remaining: number): void {
    this.#eip = eip;
    this.#remaining = remaining;
    this.#exit = undefined;
    this.fills = true;
  }

  /** EIP of the instruction. */
  get eip(): number {
    return this.#eip;
  }

  // Ways out.

  /** Branches out, to the interpreter at this instruction, if the top of the stack is not 0. */
  exitIf(): void {
    this.#exit ??= this.coldStub(this.#eip, this.#remaining);
    this.#branchIf(this.#exit);
  }

  #branchIf(stub: number): void {
    this.code.brIf(this.code.depth + stub);
  }

  /** @returns index of a stub for an access that does not find its page, or does not stay there */
  #missStub(miss: Miss): number {
    return this.coldStub(this.#eip, this.#remaining, miss);
  }

  /** @returns index of a stub that leaves to `eip`, or to TARGET, giving back `count` instructions */
  coldStub(eip: number | 'target', count: number, miss?: Miss): number {
    const code = new Code();
    if (isStatic(this.flags)) emitKind(code, this.flags);
    if (eip === 'target') code.get(TARGET).set(NEXT_EIP);
    else code.i32(eip).set(NEXT_EIP);
    this.x87.flush(code);
    if (count !== 0) code.get(LEFT).i32(count).op(Op.ADD).set(LEFT);
    if (miss !== undefined && eip !== 'target') this.#writeMiss(code, miss, eip);
    return this.cold.push({ code }) - 1;
  }

  #writeMiss(code: Code, { beyond, size, write, group }: Miss, eip: number): void {
    // An access of that many bytes is in no page.
    const bytes = this.fills ? size : 0x2000;
    const access = (write ? ACCESS_WRITES : 0) | (this.#user ? ACCESS_USER : 0);
    code.i32(0).get(ADDRESS);
    if (beyond !== 0) code.i32(beyond).op(Op.ADD);
    code.access(Op.STORE, MISS_ADDRESS * 4);
    code
      .i32(0)
      .i32(access | (bytes << ACCESS_SIZE_SHIFT))
      .access(Op.STORE, MISS_ACCESS * 4);
    code
      .i32(0)
      .i32(group ? this.groupCell(eip) : ZERO * 4)
      .access(Op.STORE, MISS_CELL * 4);
  }

  // Memory.

  /** Pushes the effective address. */
  pushAddress(i: Instruction): void {
    const { code } = this;
    let terms = 0;
    if (i.base !== ZERO) {
      code.get(i.base);
      terms++;
    }
    if (i.index !== ZERO) {
      code.get(i.index);
      if (i.scale !== 0) code.i32(i.scale).op(Op.SHL);
      if (++terms === 2) code.op(Op.ADD);
    }
    if (terms === 0) code.i32(i.displacement);
    else if (i.displacement !== 0) code.i32(i.displacement).op(Op.ADD);
  }

  /**
   * Checks an access of `size` bytes at a register (or ZERO) and an offset. Leaves the region when the page is not in
   * the fast table, or the access crosses into another.
   */
  checkBase(base: number, offset: number, size: number, write: boolean): Place {
    const tracked = this.bases.at(base, offset);
    const group = this.groups.next({ ...tracked, size, write });
    if (group !== undefined) return this.#checkGroup(group, base, offset, tracked.offset, size, write);
    const { code } = this;
    if (base === ZERO) code.i32(offset);
    else {
      code.get(base);
      if (offset !== 0) code.i32(offset).op(Op.ADD);
    }
    return this.#checkAddress(size, write);
  }

  /** Checks `size` bytes `beyond` the address of a memory operand. */
  checkOperand(i: Instruction, size: number, write: boolean, beyond = 0): Place {
    if (i.index === ZERO) return this.checkBase(i.base, (i.displacement + beyond) | 0, size, write);
    this.pushAddress(i);
    if (beyond !== 0) this.code.i32(beyond).op(Op.ADD);
    return this.#checkAddress(size, write);
  }

  /** With a linear address on the stack. */
  #checkAddress(size: number, write: boolean): Place {
    const { code } = this;
    const out = this.#missStub({ beyond: 0, size, write, group: this.leavesAtPageEnd });
    // Two branches that are never taken cost less than what makes one condition of them.
    this.#pushAddend(write).tee(HOST).op(Op.EQZ);
    this.#branchIf(out);
    if (size > 1 && this.straddles) {
      this.#pushOtherAddend(size, write).get(HOST).op(Op.NE);
      this.#branchIf(out);
    } else if (size > 1) {
      code
        .get(ADDRESS)
        .i32(0xfff)
        .op(Op.AND)
        .i32(0x1000 - size)
        .op(Op.GT_U);
      this.#branchIf(out);
    }
    code.get(ADDRESS).get(HOST).op(Op.ADD).set(HOST);
    return { local: HOST, offset: 0 };
  }

  /** For the linear address on the stack, which stays in ADDRESS. */
  #pushAddend(write: boolean): Code {
    const { code } = this;
    code.tee(ADDRESS).i32(12).op(Op.SHR_U).i32(2).op(Op.SHL);
    return code.access(Op.LOAD, write ? this.#writeTable : this.#readTable);
  }

  /** For the last of `size` bytes at ADDRESS. */
  #pushOtherAddend(size: number, write: boolean): Code {
    const { code } = this;
    code
      .get(ADDRESS)
      .i32(size - 1)
      .op(Op.ADD)
      .i32(12)
      .op(Op.SHR_U)
      .i32(2)
      .op(Op.SHL);
    return code.access(Op.LOAD, write ? this.#writeTable : this.#readTable);
  }

  /**
   * The first access of a group checks all of them at once: one page, or two that lie side by side in RAM.
   * @param offset of the access from `base`; @param tracked from the group's origin
   */
  #checkGroup(group: Group, base: number, offset: number, tracked: number, size: number, write: boolean): Place {
    const { code } = this;
    const local = FIRST_HOST + group.number;
    const beyond = tracked - group.start;
    this.localsEnd = Math.max(this.localsEnd, local + 1);
    if (!this.#checked.has(group)) {
      this.#checked.add(group);
      const out = this.#missStub({ beyond, size, write, group: true });
      const first = offset - beyond;
      if (base === ZERO) code.i32(first);
      else {
        code.get(base);
        if (first !== 0) code.i32(first).op(Op.ADD);
      }
      this.#pushAddend(group.write).tee(local).op(Op.EQZ);
      this.#branchIf(out);
      this.#pushOtherAddend(group.end - group.start, group.write)
        .get(local)
        .op(Op.NE);
      this.#branchIf(out);
      code.get(ADDRESS).get(local).op(Op.ADD).set(local);
    }
    return { local, offset: beyond };
  }

  /** Pushes what stands at a checked place, zero-extended. */
  pushAt({ local, offset }: Place, size: Size, beyond = 0): void {
    this.code.get(local).access(size === 4 ? Op.LOAD : size === 2 ? Op.LOAD16_U : Op.LOAD8_U, offset + beyond);
  }

  /** The place's local and the value are on the stack. */
  storeAt({ offset }: Place, size: Size, beyond = 0): void {
    this.code.access(size === 4 ? Op.STORE : size === 2 ? Op.STORE16 : Op.STORE8, offset + beyond);
  }

  /** Sets a register to another one plus a constant, and remembers that. */
  setToSum(register: number, source: number, by: number): void {
    const tracked = this.bases.at(source, by);
    this.code.get(source);
    if (by !== 0) this.code.i32(by).op(Op.ADD);
    this.code.set(register);
    this.bases.is(register, tracked);
  }

  // Operands.

  /** Pushes a register of a size, zero-extended; `index` as in the instruction. */
  pushRegister(kind: number, index: number): void {
    const { code } = this;
    if (kind === Kind.REG32) code.get(index);
    else if (kind === Kind.REG16)
      code
        .get(index >> 1)
        .i32(0xffff)
        .op(Op.AND);
    else if ((index & 3) === 0 && this.#lowVersions[index >> 2] === code.versions[index >> 2]) {
      code.get(LOW_BYTES + (index >> 2));
    } else {
      code.get(index >> 2);
      if ((index & 3) !== 0) code.i32(8).op(Op.SHR_U);
      code.i32(0xff).op(Op.AND);
    }
  }

  /** Sets a register to the value on the stack, of which bits above its size are ignored. */
  setRegister(kind: number, index: number): void {
    const { code } = this;
    if (kind === Kind.REG32) {
      code.set(index);
      return;
    }
    const high = kind === Kind.REG8 && (index & 3) !== 0;
    const register = kind === Kind.REG16 ? index >> 1 : index >> 2;
    const mask = kind === Kind.REG16 ? 0xffff : 0xff;
    code.i32(mask).op(Op.AND);
    const low = kind === Kind.REG8 && !high;
    if (high) code.i32(8).op(Op.SHL);
    else if (low) code.tee(LOW_BYTES + register);
    code
      .get(register)
      .i32(high ? ~0xff00 : ~mask)
      .op(Op.AND, Op.OR)
      .set(register);
    // Read back from where it is whole, the byte would wait for the rest of its register.
    if (low && code.depth === this.#blockDepth) this.#lowVersions[register] = code.versions[register];
  }

  /** Sets `local` to operand 0, zero-extended; its place, if it is memory, is kept for `writeOperand0`. */
  readOperand0(i: Instruction, local: number, forWrite: boolean): void {
    if (isMemory(i.kind0)) {
      this.checkOperand0(i, forWrite);
      this.pushAt(this.#place0, sizeOfKind(i.kind0));
    } else this.#pushValue(i.kind0, i.index0, i.size);
    this.code.set(local);
  }

  /** Sets `local` to operand 1, zero-extended to 32 bits from the operand size. */
  readOperand1(i: Instruction, local: number): void {
    if (isMemory(i.kind1)) {
      const size = sizeOfKind(i.kind1);
      this.pushAt(this.checkOperand(i, size, false), size);
    } else this.#pushValue(i.kind1, i.index1, i.size);
    this.code.set(local);
  }

  /** Checks operand 0, if it is memory, for `writeOperand0`. */
  checkOperand0(i: Instruction, write: boolean): void {
    if (isMemory(i.kind0)) this.#place0 = this.checkOperand(i, sizeOfKind(i.kind0), write);
  }

  /** Writes `local` to operand 0, which, if it is memory, has been checked for writing. */
  writeOperand0(i: Instruction, local: number): void {
    const { code } = this;
    if (isMemory(i.kind0)) {
      code.get(this.#place0.local).get(local);
      this.storeAt(this.#place0, sizeOfKind(i.kind0));
    } else {
      code.get(local);
      this.setRegister(i.kind0, i.index0);
    }
  }

  #pushValue(kind: number, index: number, size: number): void {
    if (kind === Kind.IMMEDIATE) this.code.i32(size === 4 ? index : index & (size === 2 ? 0xffff : 0xff));
    else this.pushRegister(kind, index);
  }

  // Flags.

  setFlags(carry: number): void {
    this.flags = { carry, rest: Rest.SAME };
  }

  /** INC and DEC have set RESULT_LOCAL; CF is as it was. */
  setRest(rest: number): void {
    const { carry } = this.flags;
    if (carry === undefined) {
      this.code
        .get(FLAG_KIND)
        .i32(15)
        .op(Op.AND)
        .i32(rest << 4)
        .op(Op.OR)
        .set(FLAG_KIND);
    }
    this.flags = { carry, rest };
  }

  /** RESULT from the value on the stack, which is `size` bytes. */
  setResult(size: number): void {
    if (size === 1) this.code.op(Op.EXTEND8_S);
    else if (size === 2) this.code.op(Op.EXTEND16_S);
    this.code.set(RESULT_LOCAL);
  }

  pushCarry(): void {
    pushCarry(this.code, this.flags, CARRIES_HELPER);
  }

  pushCarries(): void {
    pushCarries(this.code, this.flags, CARRIES_HELPER);
  }

  pushCondition(condition: number): void {
    pushCondition(this.code, this.flags, condition, CARRIES_HELPER);
  }

  /** The flags of VALUE0 + VALUE1 or VALUE0 - VALUE1, whose result is on the stack. */
  setSumFlags(size: number, difference: boolean): void {
    const { code } = this;
    this.setResult(size);
    code.get(VALUE0).set(FLAG_A).get(VALUE1).set(FLAG_B);
    const wide = difference ? Carry.SUB4 : Carry.ADD4;
    this.setFlags(size === 4 ? wide : size === 2 ? wide + 2 : wide + 4);
  }
}

export function isMemory(kind: number): boolean {
  return kind === Kind.MEM8 || kind === Kind.MEM16 || kind === Kind.MEM32;
}

export function sizeOfKind(kind: number): Size {
  if (kind === Kind.MEM32 || kind === Kind.REG32) return 4;
  return kind === Kind.MEM16 || kind === Kind.REG16 ? 2 : 1;
}
