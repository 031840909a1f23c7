/** What `Translator.list` shows of a region, and when code is translated and dropped. */
import { expect, test } from 'vitest';
import { at, machine } from '../cpu/test-machine.ts';

const LOOP = ['inc eax', 'mov [ebx], al', 'jmp ebp'] as const;

function looping(): ReturnType<typeof machine> {
  const m = machine({ engine: { translate: { hotness: 4, batch: 1 }, threaded: false } });
  m.code(...LOOP);
  m.cpu.registers.ebp = at.code;
  m.cpu.registers.ebx = at.data;
  m.step(60);
  return m;
}

test('a region is listed with its x86, its WebAssembly and its counts', () => {
  const [region] = looping().cpu.translator!.list(at.code);
  expect(region.blocks).toEqual([
    {
      eip: at.code,
      isLoop: false,
      instructions: [
        { address: at.code, bytes: 1 },
        { address: at.code + 1, bytes: 2 },
        { address: at.code + 3, bytes: 2 },
      ],
    },
  ]);
  expect(region.wasm.map((line) => line.trim())).toContain('local.set $eax');
  expect(region.wasm.at(-1)).toBe('i32.store offset=0x24');
  expect(region.counts).toMatchObject({ instructions: 3, waysOut: 3 });
  expect(region.counts.entries).toBeGreaterThan(0);
});

test('a write to its page by the guest drops a region, and so does one from outside', () => {
  const m = looping();
  m.cpu.registers.ebx = at.code + 1;
  m.step(3);
  expect(m.cpu.translator!.list()).toEqual([]);
  const other = looping();
  other.memory.writePhysical8(at.code, 0x40);
  expect(other.cpu.translator!.list()).toEqual([]);
});

test('a probe on another page takes no speed from code at the same offset of its own, and one here not for ever', () => {
  const m = machine({ engine: { translate: { hotness: 4, batch: 1 }, threaded: false } });
  m.code(...LOOP);
  m.cpu.registers.ebp = at.code;
  m.cpu.registers.ebx = at.data;
  m.cpu.probes.addCode({ linear: at.data + 1 });
  const lengths = (): number[] =>
    m.cpu.translator!.list().flatMap(({ blocks }) => blocks.map(({ instructions }) => instructions.length));
  m.step(90);
  expect(lengths()).toEqual([3]);
  const id = m.cpu.probes.addCode({ linear: at.code + 1, space: 0x7000 });
  m.step(90);
  expect(lengths()).toEqual([1]);
  m.cpu.probes.remove(id);
  m.step(90);
  expect(lengths()).toEqual([3]);
});

test('a code probe drops the regions that run over it', () => {
  const m = looping();
  const id = m.cpu.probes.addCode({ linear: at.code + 1 });
  expect(m.cpu.translator!.list()).toEqual([]);
  m.cpu.registers.eip = at.code;
  expect(m.step(10)).toEqual({ reason: 'probe', probes: [id] });
});
