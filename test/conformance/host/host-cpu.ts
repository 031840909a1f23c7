/**
 * The processor this runs on, as an oracle for single instructions: builds runner.c, feeds it cases and reads outcomes.
 * README.md describes both records.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const CODE_ADDRESS = 0x1000_0100;
export const DATA_ADDRESS = 0x2000_0000;
/** Where the third page of a case's memory is; it has a second and a third if it is opened for three. */
export const WRAP_ADDRESS = DATA_ADDRESS + 0x1000 - 0x1_0000;
export const PAGE_BYTES = 0x1000;
export const CODE_BYTES = 16;
export const FXSAVE_BYTES = 512;
/** The vector of an instruction that has completed: the INT3 behind it. */
export const COMPLETED = 3;

const INPUT_BYTES = CODE_BYTES + 10 * 4 + FXSAVE_BYTES;
const OUTPUT_BYTES = 13 * 4 + FXSAVE_BYTES;

export interface FsSegment {
  readonly selector: number;
  readonly base: number;
  readonly limit: number;
  readonly attributes: number;
}

/** The LDT's data segments, as in runner.c: their offset F000h is DATA_ADDRESS. */
// prettier-ignore
export const FS_SEGMENTS: readonly FsSegment[] = ([
  // limit       attributes
  [0xffff,       0x40f3],
  [0xffff_ffff,  0xc0f3],
  [0x1_07ff,     0x40f3],
  [0xf7ff,       0x00f7],
  [0xf7ff,       0x40f7],
  [0xffff,       0x40f1],
] as const).map(([limit, attributes], n) => ({ selector: n * 8 + 7, base: WRAP_ADDRESS, limit, attributes }));

export interface HostCase {
  /** At most 15 bytes. */
  readonly code: Uint8Array;
  /** EAX ECX EDX EBX ESP EBP ESI EDI, unsigned. */
  readonly registers: readonly number[];
  readonly eflags: number;
  /** The selector in FS, an `FS_SEGMENTS` number's or null. */
  readonly fs?: number;
  readonly fxsave: Uint8Array;
  /** From DATA_ADDRESS on; as long as the host was opened for. The third page is at WRAP_ADDRESS. */
  readonly memory: Uint8Array;
}

export interface HostOutcome {
  readonly vector: number;
  readonly errorCode: number;
  readonly cr2: number;
  /** Of the instruction when it faulted, else of the next. */
  readonly eip: number;
  readonly registers: readonly number[];
  readonly eflags: number;
  readonly fxsave: Uint8Array;
  readonly memory: Uint8Array;
}

export interface HostCpu {
  readonly memoryBytes: number;
  run(cases: readonly HostCase[]): HostOutcome[];
}

const folder = import.meta.dirname;

/** @returns the processor, or why there is none to ask */
export function openHostCpu(memoryBytes = 512): { readonly host: HostCpu } | { readonly missing: string } {
  if (process.platform !== 'linux') return { missing: `${process.platform} is not Linux` };
  const runner = build();
  if ('missing' in runner) return runner;
  const run = (cases: readonly HostCase[]): HostOutcome[] => {
    const { stdout, status, error } = spawnSync(runner.program, [String(memoryBytes)], {
      input: encode(cases, memoryBytes),
      maxBuffer: cases.length * (OUTPUT_BYTES + memoryBytes) + 1,
    });
    const outcomes = decode(stdout, memoryBytes);
    if (error !== undefined || status !== 0 || outcomes.length !== cases.length) {
      throw new Error(`the runner ended with ${String(status)} after ${outcomes.length} of ${cases.length} cases`);
    }
    return outcomes;
  };
  return { host: { memoryBytes, run } };
}

function build(): { readonly program: string } | { readonly missing: string } {
  const source = join(folder, 'runner.c');
  const output = join(folder, '../../../dist');
  const program = join(output, 'host-runner');
  if (!existsSync(program) || statSync(program).mtimeMs < statSync(source).mtimeMs) {
    mkdirSync(output, { recursive: true });
    const options = ['-m32', '-O1', '-fcf-protection=none', '-fno-pie', '-no-pie', '-o', program, source];
    const { status, error, stderr } = spawnSync('gcc', options, { encoding: 'utf8' });
    if (error !== undefined) return { missing: `gcc: ${error.message}` };
    if (status !== 0) return { missing: `gcc -m32 does not work: ${stderr.split('\n')[0]}` };
  }
  const { status } = spawnSync(program, ['0'], { input: '' });
  return status === 0 ? { program } : { missing: 'this machine does not run 32-bit x86 programs' };
}

function encode(cases: readonly HostCase[], memoryBytes: number): Uint8Array {
  const size = INPUT_BYTES + memoryBytes;
  const bytes = new Uint8Array(size * cases.length);
  const view = new DataView(bytes.buffer);
  cases.forEach((one, index) => {
    const at = index * size;
    bytes.fill(0xcc, at, at + CODE_BYTES);
    bytes.set(one.code, at);
    [...one.registers, one.eflags, one.fs ?? 0].forEach((value, n) =>
      view.setUint32(at + CODE_BYTES + n * 4, value, true),
    );
    bytes.set(one.fxsave, at + CODE_BYTES + 40);
    bytes.set(one.memory, at + INPUT_BYTES);
  });
  return bytes;
}

function decode(bytes: Uint8Array, memoryBytes: number): HostOutcome[] {
  const size = OUTPUT_BYTES + memoryBytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, index) => {
    const at = index * size;
    const [vector, errorCode, cr2, eip, ...rest] = Array.from({ length: 13 }, (__, n) =>
      view.getUint32(at + n * 4, true),
    );
    return {
      vector,
      errorCode,
      cr2,
      eip: vector === COMPLETED ? eip - 1 : eip,
      registers: rest.slice(0, 8),
      eflags: rest[8],
      fxsave: bytes.subarray(at + 52, at + OUTPUT_BYTES),
      memory: bytes.subarray(at + OUTPUT_BYTES, at + size),
    };
  });
}
