/**
 * Kernels with random damage: the loader puts them where they ask to be, or refuses them with a cause and a remedy; it
 * never throws, and nothing it places lies outside of memory.
 */
import { expect, test } from 'vitest';
import { loadMultiboot } from '../../../emulator/machine/multiboot-loader.ts';
import { Random } from '../../kit/random.ts';
import { elf, elfBytes } from '../debug-info/kit.ts';
import { mutate } from '../debug-info/mutate.ts';

const KERNEL = 'kernel.elf.gz';
const RUNS = Number(process.env['RINGSIDE_FUZZ_KERNELS'] ?? 300);
const SEED = Number(process.env['RINGSIDE_FUZZ_SEED'] ?? 1);
const MEMORY_BYTES = 32 << 20;
/** The ELF header, the program headers and the Multiboot header are in the first bytes. */
const HEADERS_BYTES = 0x1100;

test(`a damaged kernel is loaded or refused with cause and remedy, seeds from ${SEED}`, () => {
  const good = { bytes: elfBytes(KERNEL), sections: elf(KERNEL).sections };
  const refusals = new Set<string>();
  let loaded = 0;
  for (let seed = SEED; seed < SEED + RUNS; seed++) {
    const random = new Random(seed);
    const { bytes, what } = mutate(good, random);
    for (let count = random.below(6); count > 0; count--) {
      const at = random.below(random.chance(60) ? 0x100 : HEADERS_BYTES);
      if (at < bytes.length) bytes[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
    }
    const context = `seed ${seed} (${what})`;
    const result = loadMultiboot({ kernel: bytes, memoryBytes: MEMORY_BYTES, commandLine: 'hello', modules: [] });
    if (result.ok) {
      loaded++;
      for (const piece of result.value.pieces) {
        expect(piece.physical, context).toBeGreaterThanOrEqual(0);
        expect(piece.physical + piece.bytes.length, context).toBeLessThanOrEqual(MEMORY_BYTES);
      }
    } else {
      const { id, cause, remedy } = result.failure;
      expect(cause, context).toMatch(/\.$/);
      expect(remedy, context).toMatch(/\.$/);
      refusals.add(id);
    }
  }
  // Both happen, and for more than one reason: or the damage is not where it matters.
  expect(loaded).toBeGreaterThan(0);
  expect(refusals.size).toBeGreaterThan(3);
});
