/** Files with random damage: every question gets an answer or a failure, in bounded time, and never an exception. */
import { expect, test } from 'vitest';
import { loadDebugInfo, parseElf } from '../../../debug-adapter/debug-info/index.ts';
import type { DebugInfo, Type } from '../../../debug-adapter/debug-info/index.ts';
import { elf, elfBytes } from './kit.ts';

/** mulberry32 */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Reads a lazy property. */
function use(_: unknown): void {}

function touch(type: Type | undefined, depth = 0): void {
  if (type === undefined || depth > 4) return;
  use(type.name.length);
  use(type.sizeBytes);
  if (type.kind === 'struct') {
    for (const member of type.members.slice(0, 20)) touch(member.type, depth + 1);
    for (const variant of type.variants?.variants.slice(0, 20) ?? []) touch(variant.member.type, depth + 1);
  } else if (type.kind === 'array') touch(type.element, depth + 1);
  else if (type.kind === 'enum') use(type.enumerators.length);
  else if (type.kind === 'pointer' || type.kind === 'typedef' || type.kind === 'qualified')
    touch(type.target, depth + 1);
  else if (type.kind === 'function') type.parameters.forEach((parameter) => touch(parameter, depth + 1));
}

function askEverything(info: DebugInfo, addresses: readonly number[]): void {
  const memory = new Uint8Array(64);
  for (const address of addresses) {
    const frame = {
      pc: address,
      register: () => 0x1000,
      readMemory: (_: number, size: number) => (size <= 64 ? memory.slice(0, size) : undefined),
    };
    info.lineOf(address);
    info.unwindRowAt(address);
    info.unwind(frame);
    info.elf.symbolAt(address);
    for (const inline of info.inlineFramesAt(address)) {
      use(inline.qualifiedName.length);
      for (const variable of inline.variablesAt(address)) {
        touch(variable.type);
        variable.locate(frame);
        variable.simpleLocation(address);
      }
    }
    use(info.functionAt(address)?.breakpointAddress);
  }
  for (const name of ['work', 'Point', 'first', 'main', 'Option', 'struct list *']) {
    info.functionsNamed(name);
    info.functionLocations(name);
    info.staticsNamed(name).forEach((variable) => touch(variable.type));
    touch(info.typeNamed(name));
  }
  for (const file of info.sourceFiles().slice(0, 10)) {
    info.breakpointLocations(file, 1, 100);
    info.addressesOf(file, 50);
  }
  for (const variable of info.statics()) use(variable.qualifiedName);
  use(info.warnings.length);
}

test.each(['c4-O0', 'c4-O2', 'c5-O2', 'c5-types-zlib', 'c5-dwarf64', 'c4-types', 'rust5'])('%s', (name) => {
  const good = elfBytes(name);
  const file = elf(name);
  const targets = file.sections.filter((section) => /^\.(debug|eh_frame|symtab|strtab)/.test(section.name));
  const text = file.section('.text')!;
  const runs = Number(process.env['FUZZ_RUNS'] ?? (name === 'rust5' ? 4 : 60));
  const base = Number(process.env['SEED'] ?? 1);
  let slowest = 0;
  for (let seed = base; seed < base + runs; seed++) {
    const next = random(seed);
    const bytes = good.slice();
    const pick = (limit: number): number => Math.floor(next() * limit);
    const damages = 1 + pick(12);
    for (let damage = 0; damage < damages; damage++) {
      const section = targets[pick(targets.length)]!;
      const where =
        next() < 0.05
          ? pick(52) + 16
          : section.offset + pick(Math.min(section.sizeBytes, next() < 0.5 ? 64 : Infinity));
      bytes[where] = next() < 0.3 ? 0xff : next() < 0.3 ? 0 : pick(256);
    }
    const started = performance.now();
    try {
      const parsed = parseElf(bytes);
      if (parsed.ok) {
        const info = loadDebugInfo(parsed.value);
        if (info.ok) {
          askEverything(info.value, [
            text.address,
            text.address + 1,
            text.address + (text.sizeBytes >> 1),
            text.address + pick(text.sizeBytes),
            0,
            0xffffffff,
          ]);
          for (const warning of info.value.warnings) expect(warning.cause, `seed ${seed}`).toMatch(/\.$/);
        }
      }
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
    slowest = Math.max(slowest, performance.now() - started);
  }
  expect(slowest).toBeLessThan(10_000);
});
