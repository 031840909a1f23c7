/** The ELF files the debug-information tests run on, the tools they are compared with, and the stops gdb recorded. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { loadDebugInfo, parseElf } from '../../../debug-adapter/debug-info/index.ts';
import type { DebugInfo, ElfFile, FrameContext } from '../../../debug-adapter/debug-info/index.ts';

const root = join(import.meta.dirname, '../../..');
export const fixtureFolder = join(root, 'test/fixtures/debug-info');
const guestFolder = join(root, 'guest/image');

export const fixtureNames = readdirSync(fixtureFolder)
  .filter((name) => name.endsWith('.elf.gz'))
  .map((name) => name.slice(0, -'.elf.gz'.length))
  .sort();

/** The guest's largest ELFs, where the image has been built. */
export const guestNames = existsSync(guestFolder)
  ? readdirSync(guestFolder).filter((name) => /^(kernel|rustshim|heaptest)\.elf\.gz$/.test(name))
  : [];

/** A fixture's name, or a file of the guest's image. */
export function elfBytes(name: string): Uint8Array {
  const path = name.endsWith('.elf.gz') ? join(guestFolder, name) : join(fixtureFolder, `${name}.elf.gz`);
  return new Uint8Array(gunzipSync(readFileSync(path)));
}

export function elf(name: string): ElfFile {
  const parsed = parseElf(elfBytes(name));
  if (!parsed.ok) throw new Error(parsed.failure.cause);
  return parsed.value;
}

const loaded = new Map<string, DebugInfo>();

export function debugInfo(name: string): DebugInfo {
  let info = loaded.get(name);
  if (info === undefined) {
    const result = loadDebugInfo(elf(name));
    if (!result.ok) throw new Error(result.failure.cause);
    info = result.value;
    loaded.set(name, info);
  }
  return info;
}

let folder: string | undefined;

/** The file on disk, for the tools. */
export function elfPath(name: string): string {
  folder ??= mkdtempSync(join(tmpdir(), 'ringside-debug-info-'));
  const path = join(folder, name.replace(/\.gz$/, ''));
  if (!existsSync(path)) writeFileSync(path, elfBytes(name));
  return path;
}

export function hasTool(tool: string): boolean {
  try {
    execFileSync(tool, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export function run(tool: string, ...args: string[]): string {
  return execFileSync(tool, args, { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] });
}

// ------------------------------------------------------------------------------------------------- recorded stops

export interface RecordedFrame {
  readonly function: string | null;
  readonly pc: number;
  readonly inlined: boolean;
  readonly file: string | null;
  readonly line: number;
  readonly esp: number;
  readonly ebp: number;
  readonly variables: readonly { readonly name: string; readonly type: string; readonly text: string }[];
}

export interface RecordedStop {
  readonly name: string;
  readonly registers: readonly number[];
  readonly memory: readonly { readonly address: number; readonly bytes: string }[];
  readonly frames: readonly RecordedFrame[];
}

export function recordedStops(name: string): RecordedStop[] {
  const text = gunzipSync(readFileSync(join(fixtureFolder, `${name}.snapshot.json.gz`))).toString('utf8');
  return (JSON.parse(text) as { stops: RecordedStop[] }).stops;
}

/** The stop's innermost frame over its recorded memory; the rest of memory is as the file has it. */
export function frameOf(stop: RecordedStop, file: ElfFile): FrameContext {
  const ranges = stop.memory.map(({ address, bytes }) => ({
    address,
    bytes: new Uint8Array(gunzipSync(Buffer.from(bytes, 'base64'))),
  }));
  return {
    pc: stop.registers[8]!,
    register: (number) => stop.registers[number],
    readMemory(address, sizeBytes) {
      for (const range of ranges) {
        const from = address - range.address;
        if (from >= 0 && from + sizeBytes <= range.bytes.length) return range.bytes.slice(from, from + sizeBytes);
      }
      return file.readLoaded(address, sizeBytes);
    },
  };
}

/** The caller as a frame of its own. */
export function callerOf(info: DebugInfo, frame: FrameContext): FrameContext | undefined {
  const caller = info.unwind(frame);
  if (!caller.ok) return undefined;
  return {
    pc: caller.value.pc,
    register: (number) => caller.value.register(number),
    readMemory: (address, sizeBytes) => frame.readMemory(address, sizeBytes),
  };
}
