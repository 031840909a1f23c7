/**
 * What is translated as one function: blocks of one page that the interpreter has executed, reachable from the first,
 * with the shape that structured control flow needs.
 * After N. Ramsey, "Beyond Relooper: Recursive Translation of Unstructured Control Flow to Structured Control Flow".
 *
 * Invariant: every edge of the region is either a jump back to a node that dominates it (a loop), or goes forward in
 * `order`. Edges of another kind are left out, and leave the region.
 */
import type { Block } from '../cpu/block.ts';
import type { Instruction } from '../cpu/instruction.ts';
import { emitterOf, jumpEmitterOf, type Emit } from './emit.ts';
import { staticTargets, type EmitJump } from './emit-control.ts';

const NODES_MAX = 48;
const INSTRUCTIONS_MAX = 700;

export class RegionNode {
  readonly eip: number;
  readonly block: Block;
  /** Those that are translated; the others of the block are the interpreter's. */
  readonly ops: readonly Instruction[];
  /** Those of `ops`, but for a jump, call or return at its end. */
  readonly emitters: readonly Emit[];
  readonly jump: EmitJump | undefined;
  /** Whether an instruction follows that is the interpreter's. */
  readonly leaves: boolean;
  /** Bytes of `ops`. */
  readonly bytes: number;

  // Filled in by `buildRegion`.
  successors: RegionNode[] = [];
  /** Position in reverse postorder. */
  order = -1;
  dominator: RegionNode | undefined;
  readonly dominated: RegionNode[] = [];
  forwardEdges = 0;
  isLoop = false;

  /** @param count how many instructions of the block it has at most */
  constructor(eip: number, block: Block, count = block.ops.length) {
    this.eip = eip;
    this.block = block;
    const ops = block.ops.slice(0, count);
    const emitters: Emit[] = [];
    for (const i of ops) {
      const emit = emitterOf(i);
      if (emit === undefined) break;
      emitters.push(emit);
    }
    this.emitters = emitters;
    const next = ops.at(emitters.length);
    this.jump = next?.row.endsBlock === true ? jumpEmitterOf(next) : undefined;
    const length = emitters.length + (this.jump === undefined ? 0 : 1);
    this.ops = ops.slice(0, length);
    this.leaves = length < ops.length;
    this.bytes = block.starts[length];
  }

  /** Where the node goes on, as far as it is known and may be inside. */
  get targets(): readonly number[] {
    if (this.leaves) return [];
    if (this.jump === undefined) return [(this.eip + this.bytes) | 0];
    return staticTargets(this.ops[this.ops.length - 1], this.eip);
  }

  /** Whether paths meet at its start. */
  get isMerge(): boolean {
    return this.forwardEdges > 1;
  }

  dominates(other: RegionNode): boolean {
    let node: RegionNode | undefined = other;
    while (node !== undefined && node.order > this.order) node = node.dominator;
    return node === this;
  }
}

export interface Region {
  readonly entry: RegionNode;
  /** In reverse postorder. */
  readonly nodes: readonly RegionNode[];
  /**
   * A single block whose accesses are checked one by one, and may reach into the next page, for where other regions
   * cannot go on.
   */
  readonly unguarded: boolean;
}

/** Whether translating from this block on is worth anything. */
export function isTranslatable(block: Block): boolean {
  const first = block.ops[0];
  return (emitterOf(first) ?? jumpEmitterOf(first)) !== undefined;
}

/**
 * @param blockAt the block at an address of the entry's page, if it may be part of a region
 * @param count how many instructions a bridge has: it is no more than the block's first ones, and goes on to the next's region
 */
export function buildRegion(
  eip: number,
  block: Block,
  blockAt: (eip: number) => Block | undefined,
  unguarded = false,
  count?: number,
): Region {
  const byEip = new Map<number, RegionNode>();
  const entry = new RegionNode(eip, block, count);
  byEip.set(eip, entry);
  let instructions = entry.ops.length;
  const queue = [entry];
  for (let at = 0; at < queue.length && !unguarded && count === undefined; at++) {
    for (const target of queue[at].targets) {
      let node = byEip.get(target);
      if (node === undefined) {
        if (((target ^ eip) & ~0xfff) !== 0 || queue.length >= NODES_MAX || instructions > INSTRUCTIONS_MAX) continue;
        const found = blockAt(target);
        if (found === undefined) continue;
        node = new RegionNode(target, found);
        byEip.set(target, node);
        instructions += node.ops.length;
        queue.push(node);
      }
      if (!queue[at].successors.includes(node)) queue[at].successors.push(node);
    }
  }
  const nodes = reversePostorder(entry);
  findDominators(nodes);
  classifyEdges(nodes);
  return { entry, nodes, unguarded };
}

function reversePostorder(entry: RegionNode): RegionNode[] {
  const done: RegionNode[] = [];
  const seen = new Set([entry]);
  const visit = (node: RegionNode): void => {
    // The last successor is visited first, so that the first comes first: a taken branch is mostly a loop's.
    for (const next of [...node.successors].reverse()) {
      if (seen.has(next)) continue;
      seen.add(next);
      visit(next);
    }
    done.push(node);
  };
  visit(entry);
  done.reverse();
  done.forEach((node, index) => {
    node.order = index;
  });
  return done;
}

/** K. Cooper, T. Harvey, K. Kennedy, "A Simple, Fast Dominance Algorithm". */
function findDominators(nodes: readonly RegionNode[]): void {
  const predecessors = new Map<RegionNode, RegionNode[]>(nodes.map((node) => [node, []]));
  for (const node of nodes) for (const next of node.successors) predecessors.get(next)?.push(node);
  const [entry] = nodes;
  entry.dominator = entry;
  for (let changed = true; changed;) {
    changed = false;
    for (const node of nodes) {
      if (node === entry) continue;
      let dominator: RegionNode | undefined;
      for (const before of predecessors.get(node) ?? []) {
        if (before.dominator !== undefined) dominator = dominator === undefined ? before : common(before, dominator);
      }
      if (node.dominator !== dominator) {
        node.dominator = dominator;
        changed = true;
      }
    }
  }
  entry.dominator = undefined;
  for (const node of nodes) node.dominator?.dominated.push(node);
}

function common(a: RegionNode, b: RegionNode): RegionNode {
  let [left, right] = [a, b];
  while (left !== right) {
    while (left.order > right.order) left = left.dominator!;
    while (right.order > left.order) right = right.dominator!;
  }
  return left;
}

function classifyEdges(nodes: readonly RegionNode[]): void {
  for (const node of nodes) {
    node.successors = node.successors.filter((next) => next.order > node.order || next.dominates(node));
    for (const next of node.successors) {
      if (next.order > node.order) next.forwardEdges++;
      else next.isLoop = true;
    }
  }
}
