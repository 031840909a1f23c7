/**
 * The calls that the rest of a line may make: what a step can go into. DAP, `stepInTargets`.
 *
 * Invariant: a target is the address of the call's instruction, so it means the same as long as nothing has run.
 */
import type { DecodedInstruction } from '../disassembly/disassembler.ts';
import type { LinearAddress } from '../target/target.ts';
import { classifyInstruction } from './instruction.ts';
import { positionNow } from './position.ts';
import type { StepDebuggee } from './run-until.ts';

/** A line's code, where it lies in one piece or more, is not longer than this. */
const LINE_BYTES_MAX = 0x10000;

export interface StepInTarget {
  readonly address: LinearAddress;
  /** `rustshim::growth`, `int 0x30`, `call through [eax+8]` */
  readonly label: string;
  readonly line: number;
  readonly column: number;
  /** The image has lines for what is called. */
  readonly hasSource: boolean;
}

export type DecodeRange = (bytes: Uint8Array, address: LinearAddress) => DecodedInstruction[];

/** @returns from the next instruction on, in the order of the code; empty where no line is known */
export function stepInTargets(debuggee: StepDebuggee, decode: DecodeRange): StepInTarget[] {
  const { target } = debuggee;
  const { place, line, functionId } = positionNow(debuggee);
  if (!place || !line) return [];
  const { debug } = place.image;
  const scope = debug.functionAt((target.readRegister('eip') + place.bias) >>> 0);
  if (!scope || scope.id !== functionId) return [];
  const from = target.readRegister('eip');
  const targets: StepInTarget[] = [];
  for (const range of scope.ranges) {
    const start = Math.max(from, range.start - place.bias);
    const length = Math.min(range.end - place.bias - start, LINE_BYTES_MAX);
    if (length <= 0) continue;
    for (const instruction of decode(target.read(target.space, start, length), start)) {
      const { kind } = classifyInstruction(instruction.bytes);
      if (kind !== 'call' && kind !== 'interrupt') continue;
      const at = debug.lineOf((instruction.address + place.bias) >>> 0);
      if (at?.line !== line.line || at.file !== line.file) continue;
      const callee = calleeOf(instruction);
      const level = callee === undefined ? undefined : debug.inlineFramesAt((callee + place.bias) >>> 0).at(-1);
      const calleeFile = callee === undefined ? undefined : debug.lineOf((callee + place.bias) >>> 0)?.file;
      targets.push({
        address: instruction.address,
        label: labelOf(instruction, level?.qualifiedName),
        line: at.line,
        column: at.column,
        hasSource: calleeFile !== undefined && debuggee.hasSource(calleeFile),
      });
    }
  }
  return targets;
}

/** SDM Vol. 2, "CALL": E8 has the distance from the next instruction. */
function calleeOf({ address, bytes }: DecodedInstruction): LinearAddress | undefined {
  if (bytes[0] !== 0xe8 || bytes.length !== 5) return undefined;
  const distance = new DataView(bytes.buffer, bytes.byteOffset).getInt32(1, true);
  return (address + 5 + distance) >>> 0;
}

function labelOf({ bytes, text }: DecodedInstruction, callee: string | undefined): string {
  if (callee !== undefined) return callee;
  const symbol = /<([^>]+)>$/.exec(text)?.[1];
  if (symbol !== undefined) return symbol;
  return bytes[0] === 0xff ? text.replace(/^call (dword ptr )?/, 'call through ') : text;
}
