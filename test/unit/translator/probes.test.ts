/**
 * Code probes that come and go while a loop runs through three linear pages, two of them the same page of RAM: each run
 * stops where the list of probes says, interpreted and translated.
 */
import { expect, test } from 'vitest';
import type { CodeProbe } from '../../../emulator/cpu/probes.ts';
import { Random } from '../cpu/random.ts';
import { TestMachine, at } from '../cpu/test-machine.ts';
import { cpuState } from './random-code.ts';
import { INTERPRETER, MIXED, THREADED, TRANSLATED, type Engine } from '../cpu/engines.ts';

/** Where a page stands; the first two are one. */
const PAGES = [
  { linear: 0x40_0000, physical: 0x60000 },
  { linear: 0x40_1000, physical: 0x60000 },
  { linear: 0x40_2000, physical: 0x61000 },
] as const;
const [FIRST, SECOND, THIRD] = PAGES;
/** Of the instructions below, and of a place that is none. */
const OFFSETS = [0, 1, 3, 4, 5, 7, 8] as const;

// prettier-ignore
const PROGRAM = Uint8Array.from([
  0x40,       // inc eax
  0x01, 0xc2, // add edx, eax
  0x4b,       // dec ebx
  0xf8,       // clc
  0x75, -6,   // jnz add
  0xb3, 3,    // mov bl, 3
  0x87, 0xf7, // xchg edi, esi
  0x87, 0xfd, // xchg ebp, edi
  0xff, 0xe6, // jmp esi
]);

function build(engine: Engine): TestMachine {
  const m = new TestMachine({ engine, pages: PAGES.map((page) => ({ ...page, flags: 'P W U' })) });
  for (const { physical } of [FIRST, THIRD]) m.memory.load(physical, PROGRAM);
  Object.assign(m.cpu.registers, {
    eip: FIRST.linear,
    esi: FIRST.linear,
    edi: SECOND.linear,
    ebp: THIRD.linear,
    ebx: 3,
  });
  return m;
}

/** Whether a probe stands at an instruction, told by the list of pages. */
function stands(probe: CodeProbe, eip: number): boolean {
  if ('linear' in probe) return probe.linear === eip && (probe.space ?? at.pageDirectory) === at.pageDirectory;
  const page = PAGES.find(({ linear }) => linear === (eip & ~0xfff))!;
  return probe.physical === page.physical + (eip & 0xfff);
}

function randomProbe(random: Random): CodeProbe {
  const { linear, physical } = PAGES[random.below(3)];
  const offset = OFFSETS[random.below(OFFSETS.length)];
  if (random.below(4) === 0) return { physical: physical + offset };
  const space = [undefined, at.pageDirectory, 0x7000][random.below(3)];
  return { linear: linear + offset, space };
}

test.each([
  ['interpreted', INTERPRETER],
  ['threaded', THREADED],
  ['translated', TRANSLATED],
  ['mixed', MIXED],
] as const)('%s', (_, engine) => {
  const reference = build(INTERPRETER);
  const m = build(engine);
  const random = new Random(1);
  const placed = new Map<number, CodeProbe>();
  let stops = 0;
  for (let round = 0; round < 3000; round++) {
    if (random.below(6) === 0 && placed.size < 3) {
      const probe = randomProbe(random);
      placed.set(m.cpu.probes.addCode(probe), probe);
    }
    if (random.below(5) === 0) {
      const [id] = placed.keys();
      if (id !== undefined) {
        placed.delete(id);
        m.cpu.probes.remove(id);
      }
    }
    const steps = [1, 5, 40, 300][random.below(4)];
    let expected: number[] = [];
    for (let step = 0; step < steps && expected.length === 0; step++) {
      reference.step(1);
      const { eip } = reference.cpu.registers;
      if (step + 1 < steps) expected = [...placed].filter(([, probe]) => stands(probe, eip)).map(([id]) => id);
    }
    const stop = m.cpu.run(m.cpu.instructionCount + steps);
    expect(stop, `round ${round}`).toEqual(
      expected.length === 0 ? { reason: 'limit' } : { reason: 'probe', probes: expected },
    );
    expect(cpuState(m), `round ${round}`).toBe(cpuState(reference));
    if (expected.length > 0) stops++;
  }
  expect(stops).toBeGreaterThan(500);
  const executed = m.cpu.threaded + (m.cpu.translator?.executed ?? 0);
  if (engine !== INTERPRETER) expect(executed).toBeGreaterThan(m.cpu.instructionCount / 10);
});
