/**
 * INT n, exceptions, IRET and segment loads the quick way against the general one, which a machine with a data probe
 * anywhere goes: same state and memory, whatever descriptors, gates, stacks and flags are like. SDM Vol. 2, INT n, IRET, MOV.
 */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { CpuState } from '../../../emulator/cpu/cpu-state.ts';
import { Random } from './random.ts';
import { INTERPRETER } from './engines.ts';
import { CODE0, CODE3, DATA0, DATA3, FREE, TSS_SELECTOR, TestMachine, at } from './test-machine.ts';

const ELSEWHERE = 0x7_0000;
const ROUNDS = 1500;

const ACCESS = [
  0x9b, 0x93, 0xfb, 0xf3, 0x9a, 0x92, 0xfa, 0x1b, 0x13, 0x9f, 0xff, 0x97, 0x91, 0xf1, 0xdb, 0xd3, 0x89, 0x8b,
];
const FLAGS = [0xc, 0xc, 0xc, 0x4, 0x8, 0x0];
const LIMITS = [0xf_ffff, 0xf_ffff, 0x10, 0x3f, 0x38, 0x40];
const BASES = [0, 0, 0, 0x10, 0x1002];
const SELECTORS = [
  CODE0,
  DATA0,
  CODE3,
  DATA3,
  FREE,
  FREE + 3,
  TSS_SELECTOR,
  0,
  3,
  0x0c,
  0xf8,
  0x100,
  CODE0 | 1,
  DATA0 | 3,
];
const GATES = [0x8e, 0xee, 0x8f, 0xef, 0x86, 0xe6, 0x85, 0x0e, 0x8c];
const STACKS = [
  at.stack0,
  at.stack0 - 1,
  at.stack0 + 8,
  at.stack0 + 2,
  0,
  4,
  12,
  16,
  0x41_0010,
  0x5000_0000,
  0xffff_fffc,
];

function pick<T>(random: Random, values: readonly T[]): T {
  return values[random.below(values.length)];
}

/** One thing that may be different from a machine that works. */
type Change = (m: TestMachine, random: Random) => void;

const descriptorChange: Change = (m, random) => {
  const selector = pick(random, [CODE0, DATA0, CODE3, DATA3, TSS_SELECTOR, FREE]) & 0xf8;
  m.descriptor(selector, pick(random, BASES), pick(random, LIMITS), pick(random, ACCESS), pick(random, FLAGS));
};

const CHANGES: readonly Change[] = [
  descriptorChange,
  descriptorChange,
  (m, random) => m.gate(0x30, pick(random, SELECTORS), at.handlers + random.below(0x40), pick(random, GATES)),
  (m, random) => m.gate(13, pick(random, SELECTORS), at.handlers + random.below(0x40), pick(random, GATES)),
  (m, random) => m.memory.writePhysical32(at.tss + 4, pick(random, STACKS)),
  (m, random) => m.memory.writePhysical32(at.tss + 8, pick(random, SELECTORS)),
  (m, random) => {
    m.cpu.registers.esp = pick(random, STACKS);
  },
  (m, random) => {
    m.cpu.registers.idtrLimit = pick(random, [0x30 * 8 + 7, 0x30 * 8 + 6, 13 * 8 + 7]);
  },
  (m, random) => {
    m.cpu.registers.gdtrLimit = pick(random, [0x2f, 0x2e, 0x17, 0x1f]);
  },
  (m, random) => {
    m.cpu.registers.idtrBase = at.idt - pick(random, [1, 4, 8]);
  },
  (m, random) => {
    m.cpu.registers.segments.tr = {
      selector: TSS_SELECTOR,
      base: pick(random, [at.tss, at.tss + 2, at.tss + 0xff8, 0x41_0000]),
      limit: pick(random, [0x67, 9, 8, 3]),
      attributes: pick(random, [0x8b, 0x83]),
    };
  },
  (m, random) => {
    m.cpu.registers.cr0 |= 0x4_0000;
    m.cpu.registers.eflags |= pick(random, [0x4_0000, 0x200, 0x100, 0x4000, 0x1_0000, 0x3000, 0x8d5]);
  },
  // The stack's page as code, or read only.
  (m, random) => m.map({ linear: at.stack0 - 0x1000, flags: pick(random, ['P', 'P W', 'P U', '']) }),
  (m, random) => {
    const segment = pick(random, ['ds', 'es', 'fs', 'gs'] as const);
    m.cpu.registers.segments[segment] = {
      selector: pick(random, SELECTORS),
      base: 0,
      limit: 0xffff,
      attributes: pick(random, [0, 0x93, 0xf3, 0x9f, 0xfb]),
    };
  },
];

function state(m: TestMachine): string {
  return JSON.stringify(m.cpu.save());
}

function ramHash(m: TestMachine): string {
  return createHash('sha1').update(m.memory.ram).digest('hex');
}

/** OR byte [EBX], 0: brings tables and stacks into the TLB, where they mostly are. */
const TOUCH = Uint8Array.of(0x80, 0x0b, 0);

interface Fresh {
  readonly m: TestMachine;
  readonly ram: Uint8Array;
  readonly states: Readonly<Record<0 | 3, CpuState>>;
}

function fresh(probed: boolean): Fresh {
  const saved = (cpl: 0 | 3): CpuState => new TestMachine({ cpl }).cpu.save();
  const m = new TestMachine({ engine: INTERPRETER });
  m.descriptor(FREE, 0, 0xf_ffff, 0xf3, 0xc);
  if (probed) m.cpu.probes.addData({ linear: ELSEWHERE, lengthBytes: 1, access: 'readWrite' });
  return { m, ram: m.memory.ram.slice(), states: { 0: saved(0), 3: saved(3) } };
}

/** The machine in a state that the seed chooses. */
function build(seed: number, { m, ram, states }: Fresh): TestMachine {
  const random = new Random(seed * 7919);
  const cpl = random.below(2) === 0 ? 0 : 3;
  m.memory.load(0, ram);
  m.cpu.restore(states[cpl]);
  m.cpu.registers.eflags = pick(random, [2, 0x202, 0x3202, 0x8d7]);
  const { registers } = m.cpu;
  const { eip } = registers;
  registers.cpl = 0;
  for (const page of [at.gdt, at.idt, at.tss, at.stack0 - 4, at.stack3 - 4, at.stack0]) {
    registers.ebx = page;
    registers.eip = eip;
    m.memory.load(at.code, TOUCH);
    m.step();
  }
  registers.cpl = cpl;
  registers.eip = eip;
  for (let n = random.below(4); n > 0; n--) pick(random, CHANGES)(m, random);

  const frame = [
    pick(random, [at.code + 0x100, at.code + 0x100, 0x50]),
    pick(random, cpl === 0 ? [CODE0, CODE3, CODE3, ...SELECTORS] : [CODE3, CODE3, ...SELECTORS]),
    random.int32() & pick(random, [0x202, 0x3f_7fd7, 0x1_7fd7, -1]),
    pick(random, [at.stack3, at.stack3 - 2]),
    pick(random, [DATA3, DATA3, ...SELECTORS]),
  ];
  const load = [0x8e, pick(random, [0xd8, 0xc0, 0xe0, 0xe8])];
  const instruction = pick(random, [
    [0xcd, 0x30],
    [0xcd, 0x30],
    [0xcf],
    [0xcf],
    [0x66, 0xcf],
    [0x0f, 0x0b],
    [0xf4],
    load,
  ]);
  registers.eax = pick(random, SELECTORS);
  if (instruction.includes(0xcf)) {
    const top = pick(random, [(cpl === 0 ? at.stack0 : at.stack3) - 20, at.stack3 - 12, at.stack0 - 22]);
    registers.esp = top;
    frame.forEach((value, index) => m.memory.writePhysical32(top + index * 4, value >>> 0));
  }
  m.memory.load(at.code, Uint8Array.from(instruction));
  m.memory.load(at.code + 0x100, Uint8Array.from([0x90, 0x90, 0x90]));
  return m;
}

test('transfers the quick way leave what they leave the general way', () => {
  let entered = 0;
  const machines = [fresh(false), fresh(true)] as const;
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const [quick, general] = [build(seed, machines[0]), build(seed, machines[1])];
    expect(state(quick), `seed ${seed} at first`).toBe(state(general));
    const before = quick.cpu.registers.eip;
    for (let step = 0; step < 3; step++) {
      const stops = [quick.step(), general.step()];
      expect(stops[0].reason, `seed ${seed}`).toBe(stops[1].reason);
      expect(state(quick), `seed ${seed}, step ${step}`).toBe(state(general));
    }
    expect(ramHash(quick), `seed ${seed}`).toBe(ramHash(general));
    if (quick.cpu.registers.eip !== before && quick.handler === undefined) entered++;
  }
  expect(entered).toBeGreaterThan(ROUNDS / 20);
});
