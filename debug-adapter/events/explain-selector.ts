/**
 * #GP, #NP, #SS and #TS in words: the selector or gate that the error code names, its descriptor, and the rule broken.
 * Intel SDM Vol. 3A, "Error Code", "Protection"; Vol. 2, the instructions' "Protected Mode Exceptions".
 */
import {
  describeDescriptor,
  readGdt,
  readIdt,
  readLdt,
  readTss,
  type Descriptor,
} from '../target/descriptor-tables.ts';
import type { Target } from '../target/target.ts';
import { shortHex, type FaultFacts } from './fault-facts.ts';

const TS = 10;
const NP = 11;
const SS = 12;
const TSS_BYTES = 0x68;

export interface SelectorError {
  readonly table: 'GDT' | 'LDT' | 'IDT';
  /** Vector for the IDT; selector with RPL 0 otherwise. */
  readonly index: number;
  readonly external: boolean;
}

/** SDM Vol. 3A, "Error Code": bit 0 EXT, bit 1 IDT, bit 2 TI. @returns undefined for the null error code */
export function selectorError(errorCode: number | undefined): SelectorError | undefined {
  if (errorCode === undefined || (errorCode & ~1) === 0) return undefined;
  const external = (errorCode & 1) !== 0;
  if (errorCode & 2) return { table: 'IDT', index: errorCode >>> 3, external };
  return { table: errorCode & 4 ? 'LDT' : 'GDT', index: errorCode & 0xfff8, external };
}

/** The entry that an error code names; undefined where it is empty or beyond the table. */
export function descriptorOf(target: Target, { table, index }: SelectorError): Descriptor | undefined {
  const read = { GDT: readGdt, LDT: readLdt, IDT: readIdt }[table];
  return read(target).find((descriptor) => descriptor.index === index);
}

/** The one thing to know: `INT 14 needs a gate of DPL 3`. Undefined where the error code does not tell. */
export function brokenRule(target: Target, facts: FaultFacts, instruction?: string): string | undefined {
  const error = selectorError(facts.errorCode);
  if (!error) {
    if (facts.vector === TS) return 'the TSS gives the null selector as the stack of the ring that is entered';
    return facts.vector === SS
      ? 'the access is beyond the limit of the stack segment'
      : ruleWithoutSelector(facts, instruction);
  }
  const descriptor = descriptorOf(target, error);
  if (error.table === 'IDT') return gateRule(target, error, descriptor, facts.cpl);
  return segmentRule(target, error, descriptor, facts, instruction);
}

export function selectorLines(target: Target, facts: FaultFacts, instruction?: string): string[] {
  const { errorCode } = facts;
  if (errorCode === undefined) return [];
  const error = selectorError(errorCode);
  const rule = brokenRule(target, facts, instruction);
  const lines: string[] = [];
  if (!error) lines.push(`Error code ${shortHex(errorCode)}: no selector is to blame.`);
  else {
    const external = error.external ? ', while an event was delivered (EXT)' : '';
    const what =
      error.table === 'IDT'
        ? `entry ${error.index} of the IDT`
        : `selector ${shortHex(error.index)}, entry ${error.index >>> 3} of the ${error.table}`;
    lines.push(`Error code ${shortHex(errorCode)}: ${what}${external}.`);
    const descriptor = descriptorOf(target, error);
    lines.push(descriptor ? `Descriptor: ${describeDescriptor(descriptor)}.` : 'Descriptor: empty.');
  }
  if (rule !== undefined) lines.push(`Rule: ${rule}.`);
  return lines;
}

function gateRule(target: Target, { index }: SelectorError, gate: Descriptor | undefined, cpl: number): string {
  const limit = target.readRegister('idtrLimit');
  if (index * 8 + 7 > limit) return `vector ${index} lies beyond the IDT’s limit ${shortHex(limit)}`;
  if (!gate) return `entry ${index} of the IDT is empty`;
  if (!gate.type.includes('gate')) return `entry ${index} of the IDT is no gate but ${gate.type}`;
  if (!gate.present) return `the gate of vector ${index} is not present`;
  if (gate.dpl < cpl) return `INT ${index} from ring ${cpl} needs a gate of DPL ${cpl}; this one has DPL ${gate.dpl}`;
  return `the gate of vector ${index} cannot be gone through`;
}

function segmentRule(
  target: Target,
  { table, index }: SelectorError,
  descriptor: Descriptor | undefined,
  { vector, cpl }: FaultFacts,
  instruction = '',
): string | undefined {
  const name = `selector ${shortHex(index)}`;
  const limit = target.readRegister('gdtrLimit');
  if (table === 'GDT' && index + 7 > limit) return `${name} lies beyond the GDT’s limit ${shortHex(limit)}`;
  if (!descriptor) return `${name} names an empty entry of the ${table}`;
  if (vector === NP || (vector === SS && !descriptor.present)) return `the segment of ${name} is not present`;
  if (vector === TS) return taskRule(target, name, descriptor);
  const { type, dpl } = descriptor;
  const loaded = /^(?:mov|pop) (ss|ds|es|fs|gs)\b/.exec(instruction)?.[1] ?? /^l([defg]s|ss)\b/.exec(instruction)?.[1];
  if (loaded === 'ss') {
    if (!type.startsWith('data') || !type.includes('writable')) return `SS takes writable data only, not ${type}`;
    return `SS at ring ${cpl} takes a segment of DPL ${cpl}; this one has DPL ${dpl}`;
  }
  const isData = type.startsWith('data') || type.includes('readable');
  if (loaded !== undefined || instruction === '') {
    if (!isData && !type.startsWith('code')) return `a data segment register takes data or readable code, not ${type}`;
    if (loaded !== undefined && !isData) return `${loaded.toUpperCase()} takes data or readable code, not ${type}`;
    if (dpl < cpl) return `ring ${cpl} cannot use a segment of DPL ${dpl}`;
    return undefined;
  }
  if (/^(?:jmp|call|ret|iret)/.test(instruction)) {
    if (!type.startsWith('code')) return `CS takes code only, not ${type}`;
    return `ring ${cpl} cannot go to a code segment of DPL ${dpl}`;
  }
  return undefined;
}

/** SDM Vol. 3A, "Interrupt 10—Invalid TSS Exception (#TS)": a stack of an inner ring, or the task's own parts. */
function taskRule(target: Target, name: string, { type, dpl, index, limit = 0 }: Descriptor): string {
  if (type.startsWith('TSS')) {
    return limit < TSS_BYTES - 1
      ? `the TSS of ${name} has the limit ${shortHex(limit)}, too small for a task’s state`
      : `the TSS of ${name} cannot be used here: it is ${type}`;
  }
  const tss = readTss(target)?.fields ?? [];
  const ring = [0, 1, 2].find((n) => tss.some((field) => field.name === `ss${n}` && (field.value & ~3) === index));
  if (ring === undefined) return `the new task’s ${name} cannot be used: it is ${type} of DPL ${dpl}`;
  const selector = tss.find((field) => field.name === `ss${ring}`)!.value;
  if (!type.startsWith('data') || !type.includes('writable'))
    return `the TSS gives ${name} as the stack of ring ${ring}, which takes writable data only, not ${type}`;
  if (dpl !== ring)
    return `the TSS gives ${name} as the stack of ring ${ring}, which takes DPL ${ring}; this one has DPL ${dpl}`;
  return `the TSS gives ${name} as the stack of ring ${ring} with RPL ${selector & 3}, which has to be ${ring}`;
}

//  instruction                                                      what it needs
const PRIVILEGED: readonly (readonly [pattern: RegExp, rule: string])[] = [
  [/^(?:hlt|lgdt|lidt|lldt|ltr|lmsw|clts|invd|wbinvd|invlpg|rdmsr|wrmsr)\b/, 'the instruction is for ring 0 only'],
  [/^mov (?:[cd]r\d|\w+, ?[cd]r\d)/, 'control and debug registers are for ring 0 only'],
  [/^(?:cli|sti)\b/, 'changing IF needs a ring no outer than IOPL'],
  [/^(?:in|out|ins\w?|outs\w?|rep ins\w?|rep outs\w?)\b/, 'the port needs IOPL or a bit in the TSS’s I/O map'],
];

function ruleWithoutSelector(facts: FaultFacts, instruction = ''): string | undefined {
  const { cpl } = facts;
  if (cpl > 0) {
    const rule = PRIVILEGED.find(([pattern]) => pattern.test(instruction))?.[1];
    if (rule !== undefined) return `${rule}, and this is ring ${cpl}`;
  }
  const segment = /\b([cdefgs]s):/.exec(instruction)?.[1] ?? (instruction.includes('[') ? 'ds' : undefined);
  if (segment === undefined) return undefined;
  const selector = facts.register(segment as 'ds');
  if (selector !== undefined && (selector & 0xfffc) === 0) return `${segment.toUpperCase()} holds the null selector`;
  return `the access is beyond the limit or against the type of ${segment.toUpperCase()}`;
}
