/**
 * Every question that `DebugInfo` and `ElfFile` answer, asked of one file; and how much reading it took to answer them.
 *
 * Invariant: the answers are used, not just asked for, since names, types and members are read when they are looked at.
 */
import { loadDebugInfo, parseElf } from '../../../debug-adapter/debug-info/index.ts';
import type { DebugInfo, ElfFile, FrameContext, Type, Variable } from '../../../debug-adapter/debug-info/index.ts';
import { ByteReader } from '../../../debug-adapter/debug-info/bytes.ts';
import type { Random } from '../../kit/random.ts';

/** What a whole file is worth asking for; found on the sound one. */
export interface Questions {
  readonly addresses: readonly number[];
  readonly names: readonly string[];
  readonly files: readonly string[];
}

const LIST_MAX = 40;

/** Reads a lazy property. */
function use(...values: readonly unknown[]): void {
  for (const value of values) if (value instanceof Error) throw value;
}

/** @returns `undefined` where the file is refused, with cause and remedy */
export function openFile(bytes: Uint8Array): DebugInfo | undefined {
  const file = parseElf(bytes);
  const info = file.ok ? loadDebugInfo(file.value) : file;
  if (info.ok) return info.value;
  const { id, cause, remedy } = info.failure;
  if (id === '' || !cause.endsWith('.') || !remedy.endsWith('.')) throw new Error(`refused without a reason: ${cause}`);
  return undefined;
}

export function questionsFor(info: DebugInfo, random: Random): Questions {
  const some = <T>(items: readonly T[], count: number): T[] =>
    items.length === 0 ? [] : Array.from({ length: count }, () => random.pick(items));
  const functions = some(info.functions(), 12);
  return {
    addresses: [
      ...functions.flatMap(({ entry, ranges }) => [entry, ranges[0]!.start + random.below(64)]),
      ...[0, 1, 0xffffffff, info.elf.entry],
    ],
    names: [
      ...functions.map(({ name }) => name),
      ...some(info.statics(), 6).map(({ name }) => name),
      ...some(info.elf.symbols, 6).map(({ name }) => name),
      ...['Point', 'struct list *', 'Option', 'u32', 'unsigned int', '&[u8]', '', 'a::b', '<', '!'],
    ],
    files: [...some(info.sourceFiles(), 4), 'shapes.c', ''],
  };
}

export function askEverything(info: DebugInfo, { addresses, names, files }: Questions): void {
  askElf(info.elf, addresses, names);
  for (const address of addresses) askAt(info, address);
  for (const name of names) {
    use(info.functionsNamed(name).map(({ qualifiedName }) => qualifiedName));
    info.functionLocations(name);
    info.staticsNamed(name, addresses[0]).forEach((variable) => useVariable(variable, frameAt(info, 0)));
    const type = info.typeNamed(name);
    touch(type);
    use(info.pointerTo(type).name, info.arrayOf(type, 3).name);
  }
  for (const file of [...files, ...info.sourceFiles().slice(0, 4)]) {
    info.matchFile(file);
    info.breakpointLocations(file, 1, 200);
    info.addressesOf(file, 20, 5);
  }
  for (const scope of info.functions().slice(0, LIST_MAX)) {
    use(scope.qualifiedName, scope.file, scope.breakpointAddress, scope.returnType?.name, scope.noReturn);
    for (const variable of scope.parameters.slice(0, LIST_MAX)) useVariable(variable, frameAt(info, scope.entry));
  }
  for (const variable of info.statics().slice(0, LIST_MAX)) useVariable(variable, frameAt(info, 0));
  for (const { cause, remedy } of info.warnings)
    if (!cause.endsWith('.') || !remedy.endsWith('.')) throw new Error(`a warning that is no sentence: ${cause}`);
}

function askElf(elf: ElfFile, addresses: readonly number[], names: readonly string[]): void {
  for (const { name } of elf.sections.slice(0, 200)) use(elf.section(name), elf.sectionBytes(name));
  for (const { demangled } of elf.symbols.slice(0, 2000)) use(demangled.length);
  for (const address of addresses) use(elf.symbolAt(address), elf.readLoaded(address, 16));
  for (const name of names) use(elf.symbolNamed(name));
}

function askAt(info: DebugInfo, address: number): void {
  use(info.lineOf(address), info.unwindRowAt(address), info.languageAt(address));
  touch(info.vtableTypeAt(address));
  let frame = frameAt(info, address);
  for (let depth = 0; depth < 8; depth++) {
    for (const level of info.inlineFramesAt(frame.pc).slice(0, LIST_MAX)) {
      use(level.qualifiedName, level.name, level.file, level.line, level.parameters.length);
      for (const variable of level.variablesAt(frame.pc).slice(0, LIST_MAX)) useVariable(variable, frame);
    }
    const caller = info.unwind(frame);
    if (!caller.ok) return;
    const { value } = caller;
    use(value.savedAt(5));
    frame = { ...frame, pc: value.pc, register: (number) => value.register(number) };
  }
}

/** Registers and memory of a stack that was made up: words that point into it, and code addresses. */
function frameAt(info: DebugInfo, pc: number): FrameContext {
  return {
    pc,
    register: (number) => (number > 9 ? undefined : number === 8 ? pc : 0x1000 + 16 * number),
    readMemory(address, sizeBytes) {
      if (sizeBytes > 1 << 20) return undefined;
      if (address >= 0x100000) return info.elf.readLoaded(address, sizeBytes);
      return Uint8Array.from({ length: sizeBytes }, (_, i) => [address >> 3, 0x12, 0, 0][(address + i) & 3]!);
    },
  };
}

function useVariable(variable: Variable, frame: FrameContext): void {
  use(variable.qualifiedName, variable.file, variable.linkageName);
  touch(variable.type);
  variable.locate(frame);
  variable.simpleLocation(frame.pc);
}

function touch(type: Type | undefined, depth = 0): void {
  if (type === undefined) return;
  use(type.name.length);
  if (!Number.isInteger(type.sizeBytes) || type.sizeBytes < 0 || type.sizeBytes > 2 ** 32)
    throw new Error(`a type of ${type.sizeBytes} bytes`);
  if (depth > 3) return;
  const touchAll = (types: readonly (Type | undefined)[]): void => {
    for (const inner of types.slice(0, 12)) touch(inner, depth + 1);
  };
  switch (type.kind) {
    case 'struct':
      use(type.templateParameters.slice(0, 12).map((parameter) => parameter.type?.name));
      touchAll(type.members.map((member) => member.type));
      touchAll(type.variants?.variants.map(({ member }) => member.type) ?? []);
      break;
    case 'array':
      use(type.counts.length);
      touch(type.element, depth + 1);
      break;
    case 'enum':
      use(type.signed, type.enumerators.length);
      break;
    case 'pointer':
    case 'typedef':
    case 'qualified':
      touch(type.target, depth + 1);
      break;
    case 'function':
      touchAll([type.returns, ...type.parameters]);
      break;
    default:
  }
}

/** Numbers and strings read one by one while `work` runs: the same on every machine. */
export function countReads(work: () => void): number {
  let reads = 0;
  const prototype = ByteReader.prototype as unknown as Record<string, (this: ByteReader, ...args: never[]) => unknown>;
  const names = ['u8', 'u16', 'u32', 'u64', 'skip', 'skipString', 'skipLeb'];
  const originals = names.map((name) => prototype[name]!);
  names.forEach((name, index) => {
    prototype[name] = function (...args) {
      reads++;
      return originals[index]!.apply(this, args);
    };
  });
  try {
    work();
  } finally {
    names.forEach((name, index) => (prototype[name] = originals[index]!));
  }
  return reads;
}
