/**
 * The processor this runs on, as an oracle for instruction sequences in flat and in LDT segments: builds
 * sequence-runner.c, feeds it cases and reads outcomes. README.md describes both records.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const CODE_LINEAR = 0x1000_0000;
export const DATA_LINEAR = 0x2000_0000;
export const CASE_CODE_BYTES = 256;
/** Two writable pages and a read-only one; the fourth is not mapped. */
export const IMAGE_BYTES = 0x3000;

/** An FXSAVE image up to XMM7. */
export const FPU_BYTES = 288;

const INPUT_WORDS = 1 + 8 + 2 + 6;
const INPUT_BYTES = CASE_CODE_BYTES + INPUT_WORDS * 4 + FPU_BYTES;
const OUTPUT_WORDS = 4 + 8 + 1 + 6 + 1;

/** In the order of the records. */
export const SEGMENT_ORDER = ['cs', 'ss', 'ds', 'es', 'fs', 'gs'] as const;

export interface SequenceCase {
  /** At most 256 bytes; filled up with INT3, as all of the page. */
  readonly code: Uint8Array;
  /** Offset of the code in its page, a multiple of 4. */
  readonly codeAt: number;
  /** EAX ECX EDX EBX ESP EBP ESI EDI, unsigned. */
  readonly registers: readonly number[];
  readonly eip: number;
  readonly eflags: number;
  /** Selectors in SEGMENT_ORDER. */
  readonly segments: readonly number[];
  /** FXSAVE image of FPU_BYTES. */
  readonly fpu: Uint8Array;
  /** EFLAGS bits that are undefined when the case ends at an offset of `code`. */
  readonly undefinedAt: ReadonlyMap<number, number>;
  /** Offsets of `code` where the x87's C1 is not compared. */
  readonly c1UndefinedAt: ReadonlySet<number>;
}

export interface SequenceOutcome {
  readonly vector: number;
  readonly errorCode: number;
  readonly cr2: number;
  readonly eip: number;
  readonly registers: readonly number[];
  readonly eflags: number;
  readonly segments: readonly number[];
  /** FXSAVE image of FPU_BYTES. */
  readonly fpu: Uint8Array;
  /** The bytes of the code after it. */
  readonly code: Uint8Array;
  /** Dwords of memory that have changed, by linear address. */
  readonly changes: ReadonlyMap<number, number>;
}

export type SequenceHost = (image: Uint8Array, cases: readonly SequenceCase[]) => SequenceOutcome[];

/** @returns the processor, or why there is none to ask */
export function openSequenceHost(): { readonly host: SequenceHost } | { readonly missing: string } {
  if (process.platform !== 'linux') return { missing: `${process.platform} is not Linux` };
  const built = build();
  if ('missing' in built) return built;
  const host: SequenceHost = (image, cases) => {
    const { stdout, status, signal, error } = spawnSync(built.program, [], {
      input: encode(image, cases),
      maxBuffer: cases.length * 25_000 + 1,
    });
    const outcomes = decode(stdout);
    if (error !== undefined || status !== 0 || outcomes.length !== cases.length) {
      const how = String(error ?? signal ?? status);
      throw new Error(`the runner ended (${how}) after ${String(outcomes.length)} of ${String(cases.length)} cases`);
    }
    return outcomes;
  };
  return { host };
}

/** Where the runner itself lies, in which a wild pointer of a case would hit something: its segments, rounded up. */
export const RUNNER_START = 0x68a4_0000;
export const RUNNER_BYTES = 0x4_0000;

// prettier-ignore
const OPTIONS = [
  '-m32', '-O1', '-fcf-protection=none', '-fno-pie', '-no-pie', '-nostdlib', '-static', '-ffreestanding',
  '-fno-stack-protector', '-mno-sse', '-mno-mmx', '-fno-tree-loop-distribute-patterns',
  // Where no address of a case begins.
  `-Wl,-Ttext-segment=0x${RUNNER_START.toString(16)},--build-id=none`,
];

function build(): { readonly program: string } | { readonly missing: string } {
  const source = join(import.meta.dirname, 'sequence-runner.c');
  const output = join(import.meta.dirname, '../../../dist');
  const program = join(output, 'sequence-runner');
  if (!existsSync(program) || statSync(program).mtimeMs < statSync(source).mtimeMs) {
    mkdirSync(output, { recursive: true });
    const { status, error, stderr } = spawnSync('gcc', [...OPTIONS, '-o', program, source], { encoding: 'utf8' });
    if (error !== undefined) return { missing: `gcc: ${error.message}` };
    if (status !== 0) return { missing: `gcc -m32 does not work: ${stderr.split('\n')[0]}` };
  }
  const { status } = spawnSync(program, [], { input: '' });
  return status === 0
    ? { program }
    : { missing: `this machine does not run the runner: it ends with ${String(status)}` };
}

function encode(image: Uint8Array, cases: readonly SequenceCase[]): Uint8Array {
  const bytes = new Uint8Array(IMAGE_BYTES + INPUT_BYTES * cases.length);
  const view = new DataView(bytes.buffer);
  bytes.set(image);
  cases.forEach((one, index) => {
    const at = IMAGE_BYTES + index * INPUT_BYTES;
    bytes.fill(0xcc, at, at + CASE_CODE_BYTES);
    bytes.set(one.code, at);
    const words = [one.codeAt, ...one.registers, one.eip, one.eflags, ...one.segments];
    words.forEach((value, n) => view.setUint32(at + CASE_CODE_BYTES + n * 4, value, true));
    bytes.set(one.fpu, at + CASE_CODE_BYTES + INPUT_WORDS * 4);
  });
  return bytes;
}

function decode(bytes: Uint8Array): SequenceOutcome[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const outcomes: SequenceOutcome[] = [];
  for (let at = 0; at + OUTPUT_WORDS * 4 <= bytes.length;) {
    const words = Array.from({ length: OUTPUT_WORDS }, (_, n) => view.getUint32(at + n * 4, true));
    const [vector, errorCode, cr2, eip] = words;
    const count = words[OUTPUT_WORDS - 1];
    at += OUTPUT_WORDS * 4;
    const fpu = bytes.subarray(at, at + FPU_BYTES);
    at += FPU_BYTES;
    const code = bytes.subarray(at, at + CASE_CODE_BYTES);
    at += CASE_CODE_BYTES;
    const changes = new Map<number, number>();
    for (let n = 0; n < count; n++, at += 8) changes.set(view.getUint32(at, true), view.getUint32(at + 4, true));
    outcomes.push({
      vector,
      errorCode,
      cr2,
      eip,
      registers: words.slice(4, 12),
      eflags: words[12],
      segments: words.slice(13, 19),
      fpu,
      code,
      changes,
    });
  }
  return outcomes;
}
