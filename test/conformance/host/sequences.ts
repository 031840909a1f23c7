/**
 * Random sequences on both processors, compared: registers, segments, flags, memory, and the exception at the end with
 * its error code and CR2. The emulated one goes first, so that what must not run on the host never gets there.
 */
import { inspect, isDeepStrictEqual } from 'node:util';
import { Code, Decoder as IcedDecoder, Formatter, FormatterSyntax } from 'iced-x86';
import { INTERPRETER, THREADED, type Engine } from '../../unit/cpu/engines.ts';
import type { Random } from '../../unit/cpu/random.ts';
import { describeFpu, fpuDifferences } from './sequence-fpu.ts';
import type { EmulatedOutcome } from './sequence-emulated.ts';
import { SequenceCpu } from './sequence-emulated.ts';
import { dataImage, sequenceCase } from './sequence-generator.ts';
import type { SequenceCase, SequenceHost, SequenceOutcome } from './sequence-host.ts';
import { CODE_LINEAR, IMAGE_BYTES, RUNNER_BYTES, RUNNER_START, SEGMENT_ORDER } from './sequence-host.ts';
import { afterPrefixes } from './sequence-values.ts';

const FLAGS_COMPARED = 0x20_4fd5;
const PF = 14;
const GP = 13;
const UD = 6;
const TRAPS = [1, 3, 4];
const INT3 = 0xcc;
const INSTRUCTION_BYTES_MAX = 15;
const TRANSLATED_TOGETHER = 64;
/** Nothing is translated before it is asked for. */
const TRANSLATED: Engine = { translate: { hotness: 0, patience: Infinity, batch: Infinity }, threaded: false };
/** Whose base is 0. */
const FLAT_CODE = 0x23;

export interface Difference {
  readonly kind: string;
  readonly text: string;
}

export class SequenceComparison {
  instructions = 0;
  passed = 0;
  failed = 0;
  /** Cases that were not compared, by reason. */
  readonly dropped = new Map<string, number>();
  /** Compared cases by the exception they ended with. */
  readonly endings = new Map<number, number>();
  readonly #host: SequenceHost;
  readonly #random: Random;
  readonly #emulated = new SequenceCpu(INTERPRETER);
  readonly #threaded = new SequenceCpu(THREADED);
  readonly #translated = new SequenceCpu(TRANSLATED, TRANSLATED_TOGETHER);

  constructor(host: SequenceHost, random: Random) {
    this.#host = host;
    this.#random = random;
  }

  /** Instructions that translated code has executed. */
  get translated(): number {
    return this.#translated.translated;
  }

  /** Instructions that handlers have executed. */
  get threaded(): number {
    return this.#threaded.threaded;
  }

  batch(count: number): Difference[] {
    const image = dataImage(this.#random, IMAGE_BYTES);
    this.#emulated.image = image;
    this.#threaded.image = image;
    this.#translated.image = image;
    const cases: SequenceCase[] = [];
    const ours: EmulatedOutcome[] = [];
    const flat: number[] = [];
    while (cases.length < count) {
      const isFlat = this.#random.below(2) === 0;
      const one = sequenceCase(this.#random, isFlat);
      const mine = this.#emulated.run(one);
      const reason = notForTheHost(one, mine);
      if (reason !== undefined) {
        this.#drop(reason);
        continue;
      }
      if (isFlat) flat.push(cases.length);
      cases.push(one);
      ours.push(mine);
    }
    const found: Difference[] = [];
    const differ = (by: string, n: number, other: EmulatedOutcome): void => {
      const difference = differenceOf(cases[n], ours[n], by, other);
      if (difference === undefined) return;
      this.failed++;
      found.push(difference);
    };
    cases.forEach((one, n) => {
      if (one.segments[0] === FLAT_CODE) differ('threaded', n, this.#threaded.run(one));
    });
    this.#translated.runTranslated(flat.map((n) => cases[n])).forEach((translated, n) => {
      differ('translated', flat[n], translated);
    });
    this.#host(image, cases).forEach((theirs, index) => {
      const [one, mine] = [cases[index], ours[index]];
      const differences = compare(one, mine, theirs);
      let reason = differences.length === 0 ? undefined : excuse(one, mine, theirs);
      if (differences.length > 0 && this.#emulated.entersLongMode(one))
        reason ??= 'the 64-bit code segment of the host';
      if (reason !== undefined) {
        this.#drop(reason);
        return;
      }
      this.instructions += mine.instructions;
      this.endings.set(mine.vector, (this.endings.get(mine.vector) ?? 0) + 1);
      if (differences.length === 0) {
        this.passed++;
        return;
      }
      this.failed++;
      const at = [mine, theirs].map((outcome) => instructionAt(one, outcome)).join(' / host ');
      const ends = [mine, theirs].map(
        (outcome) => `${String(outcome.vector)}(${outcome.errorCode.toString(16)}) CR2 ${outcome.cr2.toString(16)}`,
      );
      const text = `  ${ends.join(' / host ')} at ${at}\n${describe(one)}`;
      found.push({ kind: kindOf(mine, theirs, differences), text: `${differences.join('; ').slice(0, 300)}\n${text}` });
    });
    return found;
  }

  #drop(reason: string): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + 1);
  }
}

/** Between the interpreter and the others nothing is left open, undefined flags neither. */
function differenceOf(
  one: SequenceCase,
  mine: EmulatedOutcome,
  by: string,
  other: EmulatedOutcome,
): Difference | undefined {
  if (isDeepStrictEqual(mine, other)) return undefined;
  const fields = (Object.keys(mine) as (keyof EmulatedOutcome)[]).filter(
    (key) => !isDeepStrictEqual(mine[key], other[key]),
  );
  const values = fields.map((key) => `${key} ${inspect(mine[key])}, ${by} ${inspect(other[key])}`);
  return { kind: `${by}: ${fields.join('+')}`, text: `${values.join('; ').slice(0, 600)}\n${describe(one)}` };
}

function codeBase(selector: number): number {
  return selector === FLAT_CODE ? 0 : CODE_LINEAR;
}

/** The bytes at EIP, to the end of the page, as they are at the end; empty outside of the code's page. */
function bytesAt(one: SequenceCase, outcome: SequenceOutcome): Uint8Array {
  const start = outcome.eip + codeBase(outcome.segments[0]) - CODE_LINEAR;
  if (start < 0 || start >= 0x1000) return new Uint8Array(0);
  return Uint8Array.from({ length: Math.min(INSTRUCTION_BYTES_MAX, 0x1000 - start) }, (_, n) => {
    const at = start + n;
    const own = at - one.codeAt;
    if (own >= 0 && own < outcome.code.length) return outcome.code[own];
    const changed = outcome.changes.get(CODE_LINEAR + (at & ~3));
    return changed === undefined ? INT3 : (changed >>> ((at & 3) * 8)) & 0xff;
  });
}

function bitness(selector: number): number {
  return [0x1f, 0x5f, 0x67].includes(selector) ? 16 : 32;
}

/** A reason not to run a case on the host, or undefined. */
function notForTheHost(one: SequenceCase, mine: EmulatedOutcome): string | undefined {
  if (mine.reason !== 'exception') return 'does not end';
  if (mine.vector === PF && mine.cr2 - RUNNER_START >= -0x100 && mine.cr2 - RUNNER_START < RUNNER_BYTES)
    return "the runner's own memory";
  if (mine.vector === GP && mine.errorCode === 0x402) return 'INT 80h';
  if (mine.vector === UD) {
    const bytes = bytesAt(one, mine);
    if (bytes.length === 0) return undefined;
    const decoder = new IcedDecoder(bitness(mine.segments[0]), bytes, 0);
    const decoded = decoder.decode();
    const valid = decoded.code !== Code.INVALID && !/^Ud|^Vmcall|^Lar|^Lsl/.test(Code[decoded.code]);
    decoded.free();
    decoder.free();
    const [first, second] = afterPrefixes(bytes);
    // What iced leaves out, and what it has for other processors.
    const system = first === 0x0f && [0x01, 0x05, 0x07, 0x34, 0x35, 0xa6, 0xa7].includes(second);
    if (valid || system) return 'an instruction that this processor has and an i686 has not';
  }
  return undefined;
}

function compare(one: SequenceCase, mine: EmulatedOutcome, theirs: SequenceOutcome): string[] {
  const differences: string[] = [];
  const same = (what: string, ours: number, host: number): void => {
    if (ours !== host) differences.push(`${what} ${ours.toString(16)}, host ${host.toString(16)}`);
  };
  same('vector', mine.vector, theirs.vector);
  // A fetch fault has bit 4 where NX is on.
  const codeMask = mine.vector === PF ? ~0x10 : -1;
  if (mine.vector === theirs.vector && ![1, 3, 4].includes(mine.vector)) {
    same('error code', mine.errorCode, theirs.errorCode & codeMask);
    if (mine.vector === PF) same('CR2', mine.cr2, theirs.cr2);
  }
  if (!(TRAPS.includes(mine.vector) && isTrapInstruction(one, mine, theirs))) same('EIP', mine.eip, theirs.eip);
  ['EAX', 'ECX', 'EDX', 'EBX', 'ESP', 'EBP', 'ESI', 'EDI'].forEach((name, n) => {
    same(name, mine.registers[n], theirs.registers[n]);
  });
  SEGMENT_ORDER.forEach((name, n) => {
    same(name.toUpperCase(), mine.segments[n], theirs.segments[n]);
  });
  const at = mine.eip + codeBase(mine.segments[0]) - CODE_LINEAR - one.codeAt;
  const mask = FLAGS_COMPARED & ~(one.undefinedAt.get(at) ?? 0);
  same('EFLAGS', mine.eflags & mask, theirs.eflags & mask);
  differences.push(...fpuDifferences(mine.fpu, theirs.fpu, one.c1UndefinedAt.has(at)));
  mine.code.forEach((byte, n) => {
    if (byte !== theirs.code[n]) same(`code+${n.toString(16)}`, byte, theirs.code[n]);
  });
  for (const address of new Set([...mine.changes.keys(), ...theirs.changes.keys()])) {
    const [ours, host] = [mine.changes.get(address), theirs.changes.get(address)];
    if (ours !== host)
      differences.push(`[${address.toString(16)}] ${String(ours?.toString(16))}, host ${String(host?.toString(16))}`);
  }
  return differences;
}

/** INT3, INTO and INT1 stop the emulated processor in front of them, and the host behind. */
function isTrapInstruction(one: SequenceCase, mine: SequenceOutcome, theirs: SequenceOutcome): boolean {
  const bytes = bytesAt(one, mine);
  if (bytes.length === 0) return ((theirs.eip - mine.eip) & 0xffff_ffff) === 1;
  const rest = afterPrefixes(bytes);
  if (![0xcc, 0xce, 0xf1].includes(rest[0])) return false;
  return theirs.eip === (mine.eip + (bytes.length - rest.length) + 1) >>> 0;
}

/** Instructions that CR4.UMIP turns into #GP, and that Linux then emulates. */
function isUmip([first, second, modrm]: Uint8Array): boolean {
  const reg = (modrm >> 3) & 7;
  return first === 0x0f && ((second === 0 && reg < 2) || (second === 1 && (reg < 2 || reg === 4)));
}

/** A reason not to compare the outcomes, or undefined. */
function excuse(one: SequenceCase, mine: SequenceOutcome, theirs: SequenceOutcome): string | undefined {
  // Linux keeps data from being executed (NX); the announced processor cannot.
  if (theirs.vector === PF && (theirs.errorCode & 0x11) === 0x11) return 'code in a page of data';
  // UD0 and UD1 have operands on Intel's processors; bytes of theirs may be missing where AMD's see #UD already.
  const [first, second] = afterPrefixes(bytesAt(one, theirs));
  // Code that has overwritten itself may hold what the generator leaves out.
  if ([mine, theirs].some((outcome) => isUmip(afterPrefixes(bytesAt(one, outcome)))))
    return 'SGDT, SIDT, SLDT, STR, SMSW';
  const [byte1, byte2] = afterPrefixes(bytesAt(one, mine));
  if (mine.vector === UD && (byte1 === 0xc4 || byte1 === 0xc5) && byte2 >= 0xc0)
    return 'VEX prefixes, LES and LDS of registers on an i686';
  if (theirs.vector === UD && first === 0x0f && (second === 0xb9 || second === 0xff))
    return 'UD0 or UD1 without its operand';
  return undefined;
}

function listing(one: SequenceCase): string[] {
  const start = one.eip + codeBase(one.segments[0]) - CODE_LINEAR - one.codeAt;
  const decoder = new IcedDecoder(bitness(one.segments[0]), one.code.subarray(start), 0);
  const formatter = new Formatter(FormatterSyntax.Nasm);
  decoder.ip = BigInt(one.eip);
  const lines: string[] = [];
  while (decoder.canDecode && lines.length < 24) {
    const decoded = decoder.decode();
    const at = Number(decoded.ip) - one.eip + start;
    const text = formatter.format(decoded);
    const hex = Buffer.from(one.code.subarray(at, at + decoded.length)).toString('hex');
    decoded.free();
    if (hex === 'cc') break;
    lines.push(`    ${hex.padEnd(22)} ${text}`);
  }
  decoder.free();
  formatter.free();
  return lines;
}

function instructionAt(one: SequenceCase, outcome: SequenceOutcome): string {
  const bytes = bytesAt(one, outcome);
  if (bytes.length === 0) return '?';
  const decoder = new IcedDecoder(bitness(outcome.segments[0]), bytes, 0);
  const formatter = new Formatter(FormatterSyntax.Nasm);
  const decoded = decoder.decode();
  const text = formatter.format(decoded);
  for (const object of [decoded, decoder, formatter]) object.free();
  return text;
}

function describe(one: SequenceCase): string {
  const hex = (n: number): string => n.toString(16);
  return [
    `  registers ${one.registers.map(hex).join(' ')} eip ${hex(one.eip)} eflags ${hex(one.eflags)} cs-gs ${one.segments.map(hex).join(' ')}`,
    `  ${describeFpu(one.fpu)}`,
    ...listing(one),
  ].join('\n');
}

function kindOf(mine: EmulatedOutcome, theirs: SequenceOutcome, differences: readonly string[]): string {
  const fields = differences
    .map((line) => line.split(' ')[0].replace(/\[.*/, 'memory'))
    .filter((name, n, all) => all.indexOf(name) === n);
  const flags = (mine.eflags ^ theirs.eflags) & FLAGS_COMPARED;
  const vectors = mine.vector === theirs.vector ? '' : ` ${String(mine.vector)}/${String(theirs.vector)}`;
  return `${fields.join('+')}${flags === 0 ? '' : ` flags ${flags.toString(16)}`}${vectors}`;
}
