/**
 * Any fault in words: one line for the stop, and the whole story for `exceptionInfo`.
 * Intel SDM Vol. 3A, "Exception and Interrupt Reference".
 */
import type { DecodedText, DecodeInstruction, Story } from '../execution/stop-report.ts';
import { GENERAL_REGISTERS } from '../target/registers.ts';
import type { TargetFault } from '../target/target.ts';
import { vectorName } from '../target/vectors.ts';
import { pageFaultHeadline, pageFaultLines } from './explain-page-fault.ts';
import { brokenRule, selectorLines } from './explain-selector.ts';
import { hex, shortHex, type FaultFacts, type FaultSource } from './fault-facts.ts';

const INSTRUCTION_BYTES_MAX = 15;
const [DE, UD, DF, TS, GP, PF] = [0, 6, 8, 10, 13, 14] as const;

/** One line: `#PF page fault: user write to …`, `#GP general protection, error code 0x72: INT 14 from ring 3 needs …`. */
export function faultHeadline(source: FaultSource, facts: FaultFacts, decoded?: DecodedText): string {
  const name = vectorName(facts.vector);
  if (facts.vector === PF) return `${name}: ${pageFaultHeadline(source, facts)}`;
  const code = facts.errorCode ? `, error code ${shortHex(facts.errorCode)}` : '';
  const rule = hasSelector(facts.vector) ? brokenRule(source.target, facts, decoded?.text) : undefined;
  return `${name}${code}${rule === undefined ? '' : `: ${rule}`}`;
}

/** The story of one fault. `before`: the faults whose delivery led to it. */
export function faultStory(
  source: FaultSource,
  facts: FaultFacts,
  decode: DecodeInstruction,
  before: readonly TargetFault[] = [],
): Story {
  const bytes = source.target.read(facts.space, facts.eip, INSTRUCTION_BYTES_MAX);
  const decoded = decode(bytes, facts.eip);
  const lines = [instructionLine(facts, bytes, decoded), ...linesOf(source, facts, decoded)];
  if (facts.vector === DF && before.length > 0) lines.push(pairLine(before));
  const last = before.at(-1);
  return {
    id: vectorName(facts.vector),
    headline: faultHeadline(source, facts, decoded),
    lines,
    ...(last ? { inner: faultStory(source, { ...facts, ...factsOf(last) }, decode, before.slice(0, -1)) } : {}),
  };
}

export function factsOf(fault: TargetFault): Pick<FaultFacts, 'vector' | 'errorCode' | 'address' | 'eip'> {
  return { vector: fault.vector, errorCode: fault.errorCode, address: fault.cr2, eip: fault.eip };
}

function linesOf(source: FaultSource, facts: FaultFacts, decoded: DecodedText | undefined): string[] {
  if (facts.vector === PF) return pageFaultLines(source, facts, decoded?.memoryBytes);
  if (hasSelector(facts.vector)) return selectorLines(source.target, facts, decoded?.text);
  if (facts.vector === DE) return divideLines(facts, decoded);
  if (facts.vector === UD)
    return decoded ? ['The CPU refuses this instruction here.'] : ['These bytes are no instruction.'];
  return [];
}

const hasSelector = (vector: number): boolean => vector >= TS && vector <= GP;

function instructionLine({ eip, cpl }: FaultFacts, bytes: Uint8Array, decoded: DecodedText | undefined): string {
  const shown = [...(decoded?.bytes ?? bytes.subarray(0, 8))].map((b) => b.toString(16).padStart(2, '0')).join(' ');
  if (bytes.length === 0) return `Instruction at ${hex(eip)}, ring ${cpl}: its memory is not mapped.`;
  return `Instruction at ${hex(eip)}, ring ${cpl}: ${decoded?.text ?? '(bad)'} (${shown}).`;
}

/** SDM Vol. 3A, Table "Conditions for Generating a Double Fault". */
function pairLine(before: readonly TargetFault[]): string {
  const [first, second] = before.slice(-2);
  if (!first || !second) return `It arose while ${vectorName(before[0]!.vector)} was delivered.`;
  return `Double fault: ${vectorName(second.vector)} arose while ${vectorName(first.vector)} was delivered, and the two cannot be handled one after the other.`;
}

/** DIV and IDIV: the dividend is in EDX:EAX, DX:AX or AX. SDM Vol. 2, "DIV", "IDIV". */
function divideLines(facts: FaultFacts, decoded: DecodedText | undefined): string[] {
  const operand = /^i?div (\w+)/.exec(decoded?.text ?? '')?.[1];
  const value = (name: string): number | undefined => {
    const full = (GENERAL_REGISTERS as readonly string[]).includes(name)
      ? name
      : ({ a: 'eax', b: 'ebx', c: 'ecx', d: 'edx' } as Record<string, string>)[name[0] ?? ''];
    return full === undefined ? undefined : facts.register(full as 'eax');
  };
  const shown = ['edx', 'eax', ...(operand && /^e[a-ds][xpi]$/.test(operand) ? [operand] : [])]
    .map((name) => [name, value(name)] as const)
    .flatMap(([name, number]) => (number === undefined ? [] : [`${name} = ${shortHex(number)}`]));
  const divisor = operand === undefined ? undefined : value(operand);
  const why =
    divisor === undefined
      ? 'The divisor is zero, or the quotient does not fit.'
      : divisor === 0
        ? 'The divisor is zero.'
        : 'The quotient does not fit the register.';
  return [`Operands: ${[...new Set(shown)].join(', ')}. ${why}`];
}
