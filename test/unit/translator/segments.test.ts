/** Loads and stores of segment registers in translated code against the interpreter. SDM Vol. 2, MOV, PUSH, POP. */
import { describe, expect, test } from 'vitest';
import { CODE0, CODE3, DATA0, DATA3, FREE, TSS_SELECTOR, TestMachine, at } from '../cpu/test-machine.ts';
import { cpuState } from './random-code.ts';
import { INTERPRETER, THREADED, TRANSLATED, type Engine } from '../cpu/engines.ts';

// prettier-ignore
const LOOP = (mov: number, push: readonly number[], pop: readonly number[]): Uint8Array => Uint8Array.of(
  0x89, 0xd8,             // mov eax, ebx
  0x8e, 0xc0 | (mov << 3), // mov Sreg, ax
  ...push, ...pop,
  0x8c, 0xc1 | (mov << 3), // mov ecx, Sreg
  0x51, 0x5a,             // push ecx, pop edx
  0x4e, 0x75, -(10 + push.length + pop.length + 1),
);

const PUSHES = { es: [0x06], ds: [0x1e], fs: [0x0f, 0xa0], gs: [0x0f, 0xa8] } as const;
const POPS = { es: [0x07], ds: [0x1f], fs: [0x0f, 0xa1], gs: [0x0f, 0xa9] } as const;
const NUMBERS = { es: 0, ds: 3, fs: 4, gs: 5 } as const;

//                         base      limit      access flags
const DESCRIPTORS = [
  [0, 0xf_ffff, 0xf3, 0xc],
  [0, 0xf_ffff, 0x93, 0xc],
  [0, 0xf_ffff, 0xf3, 0x8],
  [0, 0xf_ffff, 0xf3, 0xd],
  [0, 0xf_ffff, 0xf2, 0xc], // not accessed
  [0, 0xf_ffff, 0xf1, 0xc], // read only
  [0, 0xf_ffff, 0xf7, 0xc], // downwards
  [0, 0xf_ffff, 0xfb, 0xc], // code
  [0, 0xf_ffff, 0x73, 0xc], // not present
  [0, 0xf_ffff, 0xe3, 0xc], // system
  [0, 0xf_ffff, 0xf3, 0x4], // 1 MiB
  [0, 0xe_ffff, 0xf3, 0xc],
  [0x1000, 0xf_ffff, 0xf3, 0xc],
  [0x100_0000, 0xf_ffff, 0xf3, 0xc],
] as const;

const SELECTORS = [
  DATA3,
  DATA0,
  DATA0 | 1,
  CODE0,
  CODE3,
  0,
  3,
  FREE,
  FREE | 3,
  0xfc,
  0x100,
  0x108,
  TSS_SELECTOR,
  0xffff,
];

function build(cpl: 0 | 3, code: Uint8Array, engine: Engine): TestMachine {
  const m = new TestMachine({ cpl, engine });
  m.memory.load(at.code, code);
  m.cpu.registers.ebx = DATA3;
  m.cpu.registers.esi = 1_000_000;
  m.step(400);
  return m;
}

const WAYS = [
  ['es', 'fs'],
  ['ds', 'gs'],
  ['fs', 'es'],
  ['gs', 'ds'],
] as const;

describe.each([
  ['translated', TRANSLATED],
  ['threaded', THREADED],
])('%s', (_, engine) => {
  for (const cpl of [0, 3] as const) {
    test.each(WAYS)(`at CPL ${cpl}, MOV to %s and POP %s do what the interpreter does`, (moved, popped) => {
      const code = LOOP(NUMBERS[moved], PUSHES[moved], POPS[popped]);
      const machines = [build(cpl, code, INTERPRETER), build(cpl, code, engine)] as const;
      const start = machines.map((m) => m.cpu.save());
      const { threaded, translator } = machines[1].cpu;
      expect(threaded + (translator?.executed ?? 0)).toBeGreaterThan(200);
      for (const selector of SELECTORS) {
        for (const [base, limit, access, flags] of selector >>> 3 === FREE >>> 3 ? DESCRIPTORS : [DESCRIPTORS[0]]) {
          machines.forEach((m, index) => {
            m.cpu.restore(start[index]);
            m.cpu.registers.ebx = DATA3;
            m.step(400);
            m.descriptor(FREE, base, limit, access, flags);
            m.cpu.registers.ebx = selector;
            m.step(3);
          });
          for (const steps of [1, 2, 3, 1, 40]) {
            machines.forEach((m) => m.step(steps));
            expect(cpuState(machines[1]), `${selector}: ${access}`).toBe(cpuState(machines[0]));
          }
        }
      }
    });
  }
});
