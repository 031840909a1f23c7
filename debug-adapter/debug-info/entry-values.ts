/**
 * What a register held on entry to a function, where its caller's debug information says what it passed.
 * DWARF 5 §2.5.1.7 (DW_OP_entry_value) and §3.4 ("Call Site Entries and Parameters").
 *
 * Invariant: best effort: `undefined` wherever any link of the chain is missing.
 */
import type { FrameContext } from './api.ts';
import { walk } from './dies.ts';
import { AT, TAG } from './dwarf-constants.ts';
import type { Dwarf } from './dwarf.ts';
import { LocationError, evaluateNumber } from './location-expression.ts';
import type { EvaluationWork } from './location-expression.ts';
import { EIP } from './registers.ts';
import { unwindFrame } from './unwind.ts';
import { functionEnvironment, readLocationSource } from './variables.ts';

const DEPTH_MAX = 8;
const STEPS_EACH = 500;

/** A frame made here, and how many entry values led to it. */
interface CallerContext extends FrameContext {
  readonly entryValueDepth: number;
}

export function entryValue(dwarf: Dwarf, frame: FrameContext, expression: Uint8Array, work: EvaluationWork): bigint {
  const depth = 'entryValueDepth' in frame ? (frame as CallerContext).entryValueDepth : 0;
  // Each goes through all entries of a function.
  work.steps += STEPS_EACH;
  const value = depth < DEPTH_MAX ? find(dwarf, frame, expression, depth, work) : undefined;
  if (value === undefined)
    throw new LocationError('optimized-out', 'The value was only known when the function was entered.');
  return BigInt(value);
}

function find(
  dwarf: Dwarf,
  frame: FrameContext,
  wanted: Uint8Array,
  depth: number,
  work: EvaluationWork,
): number | undefined {
  const unwound = unwindFrame(dwarf, frame, undefined, work);
  if (!unwound.ok) return undefined;
  const caller = unwound.value;
  const returnAddress = caller.register(EIP);
  const entry = dwarf.functionEntryAt(caller.pc);
  if (entry === undefined || returnAddress === undefined) return undefined;
  const { unit } = entry;

  let value: Uint8Array | undefined;
  let inSite = false;
  walk(unit, entry.offset, (die) => {
    if (die.tag === TAG.call_site || die.tag === TAG.GNU_call_site) {
      inSite = (die.address(AT.call_return_pc) ?? die.address(AT.low_pc)) === returnAddress;
      return inSite;
    }
    if (inSite && (die.tag === TAG.call_site_parameter || die.tag === TAG.GNU_call_site_parameter)) {
      const location = die.block(AT.location);
      if (location !== undefined && sameBytes(location, wanted))
        value ??= die.block(AT.call_value) ?? die.block(AT.GNU_call_site_value);
    } else inSite &&= die.tag !== TAG.subprogram;
    return true;
  });
  if (value === undefined) return undefined;
  const frameBase = readLocationSource(entry.unit.die(entry.offset), AT.frame_base);
  const context: CallerContext = {
    entryValueDepth: depth + 1,
    pc: caller.pc,
    register: (number) => caller.register(number),
    readMemory: (address, sizeBytes) => frame.readMemory(address, sizeBytes),
  };
  return evaluateNumber(value, functionEnvironment(dwarf, unit, frameBase, context, work));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
