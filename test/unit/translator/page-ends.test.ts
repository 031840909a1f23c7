/**
 * A copying loop whose accesses reach from one page into the next, translated and interpreted: the same state at every
 * count; and where the pages lie side by side in RAM, the translated loop is not left for them.
 */
import { expect, test } from 'vitest';
import { Random } from '../cpu/random.ts';
import { TestMachine, at, type Page } from '../cpu/test-machine.ts';
import { cpuState, ramHash } from './random-code.ts';
import { INTERPRETER, MIXED, THREADED, TRANSLATED, type Engine } from '../cpu/engines.ts';

const SOURCE = 0x40_0000;
const TARGET = 0x40_2000;

const little = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24];

/** Copies four dwords from `from` bytes before a page's end to `to` bytes before another's, over and over. */
function program(from: number, to: number): Uint8Array {
  const target = TARGET + 0x1000 - to;
  // prettier-ignore
  return Uint8Array.from([
    0xba, ...little(SOURCE + 0x1000 - from), // mov edx, …
    0xbf, ...little(target),                 // mov edi, …
    0xbe, ...little(target + 16),            // mov esi, …
    0x8b, 0x0a,                              // mov ecx, [edx]
    0x89, 0x0f,                              // mov [edi], ecx
    0x83, 0xc7, 4, 0x83, 0xc2, 4,            // add edi, 4; add edx, 4
    0x39, 0xf7, 0x72, -14,                   // cmp edi, esi; jb
    0xeb, -31,                               // jmp
  ]);
}

function pages(beside: boolean): Page[] {
  const physical = beside ? [0x60000, 0x61000, 0x62000, 0x63000] : [0x63000, 0x60000, 0x62000, 0x61000];
  return physical.map((frame, index) => ({ linear: SOURCE + index * 0x1000, physical: frame, flags: 'P W U' }));
}

//  case                           source  target   bytes before the page's end
const ROWS = [
  ['the source reaches over', 6, 64],
  ['the target reaches over', 64, 5],
  ['both reach over', 7, 9],
  ['both reach over at once', 6, 6],
  ['neither reaches over', 8, 16],
] as const;

test.each(ROWS)('%s', (_, from, to) => {
  for (const engine of [TRANSLATED, THREADED, MIXED])
    for (const beside of [true, false]) {
      const build = (engine: Engine): TestMachine => {
        const m = new TestMachine({ cpl: 3, engine, pages: pages(beside) });
        m.memory.load(at.code, program(from, to));
        for (let n = 0; n < 0x4000; n++) m.memory.u8[m.memory.ram.byteOffset + 0x60000 + n] = n * 7;
        return m;
      };
      const machines = [build(INTERPRETER), build(engine)] as const;
      const random = new Random(from * 64 + to);
      const run = (parts: number): void => {
        for (let n = 0; n < parts; n++) {
          const steps = [1, 2, 7, 60, 200, 1000][random.below(6)];
          machines.forEach((m) => m.step(steps));
          expect(cpuState(machines[1]), `beside ${beside}, part ${n}`).toBe(cpuState(machines[0]));
        }
        expect(ramHash(machines[1])).toBe(ramHash(machines[0]));
      };
      run(150);
      if (!beside || engine !== TRANSLATED) continue;
      const { translator } = machines[1].cpu;
      const before = translator!.executed;
      machines.forEach((m) => m.step(2000));
      expect(translator!.executed - before).toBeGreaterThan(1900);
      run(20);
    }
});
