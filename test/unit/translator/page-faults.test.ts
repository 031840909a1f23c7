/**
 * Pages that are missing, read only, clean or not in the TLB, met by translated code, against the interpreter: the same
 * state at every count. SDM Vol. 3A, "Page-Fault Exception (#PF)", "Accessed and Dirty Flags".
 */
import { expect, test } from 'vitest';
import { Random } from '../cpu/random.ts';
import { CODE0, TestMachine, at } from '../cpu/test-machine.ts';
import { cpuState, ramHash } from './random-code.ts';
import { INTERPRETER, MIXED, THREADED, TRANSLATED, type Engine } from '../cpu/engines.ts';

const PAGES = 0x40_0000;
const HANDLER = at.handlers + 0x200;
const DEVICE = 0xa0000;

//  bytes                              at [EDI]
const ACCESSES = [
  [0x89, 0x07], //                     mov [edi], eax
  [0x8b, 0x07], //                     mov eax, [edi]
  [0x88, 0x07], //                     mov [edi], al
  [0x01, 0x07], //                     add [edi], eax
  [0x66, 0xff, 0x07], //               inc word [edi]
  [0x80, 0x3f, 0x00], //               cmp byte [edi], 0
  [0x0f, 0xb6, 0x17], //               movzx edx, byte [edi]
  [0x85, 0x07], //                     test [edi], eax
  [0x89, 0x47, 0xfe], //               mov [edi-2], eax
  [0xff, 0x37, 0x5a], //               push dword [edi], pop edx
  [0x87, 0x07], //                     xchg [edi], eax
  [0xd1, 0x07], //                     rol dword [edi], 1
] as const;

/** Goes over eight pages, with a few accesses to each, for ever. */
function program(random: Random): Uint8Array {
  const body: number[] = [];
  for (let n = 1 + random.below(3); n > 0; n--) body.push(...ACCESSES[random.below(ACCESSES.length)], 0x40);
  // add edi, 1000h; and edi, 407FFFh, but for the lowest bits; jmp
  const next = [0x81, 0xc7, 0, 0x10, 0, 0, 0x81, 0xe7, 0xff, 0x7f, 0x40, 0];
  const length = body.length + next.length;
  // Every so often the handler of INT 30h takes the pages away.
  const tail = [0x4e, 0x75, 7, 0xbe, 40, 0, 0, 0, 0xcd, 0x30, 0xeb, -(length + 12)];
  return Uint8Array.from([...body, ...next, ...tail]);
}

// prettier-ignore
const FAULT = [
  0x60,                                     // pusha
  0x0f, 0x20, 0xd0,                         // mov eax, cr2
  0xc1, 0xe8, 12, 0x25, 0xff, 3, 0, 0,      // shr eax, 12; and eax, 3FFh
  0x89, 0xc1, 0x83, 0xe1, 7, 0xc1, 0xe1, 12, // mov ecx, eax; and ecx, 7; shl ecx, 12
  0x81, 0xc1, 7, 0, 6, 0,                   // add ecx, 60007h
  0x89, 0x0c, 0x85, 0, 0x30, 0, 0,          // mov [eax * 4 + table], ecx
  0x61, 0x83, 0xc4, 4, 0xcf,                // popa; add esp, 4; iret
];

/** Makes entries of the table missing, read only or clean, and drops one or all of them from the TLB. */
function away(random: Random): number[] {
  const bytes = [0x60];
  for (let n = 4; n > 0; n--) {
    const page = random.below(8);
    const flags = [0, 5, 7, 3, 0x67][random.below(5)];
    const entry = [flags, 0, 6, 0];
    entry[1] = (page << 4) & 0xff;
    if (random.below(6) === 0) entry.splice(0, 4, flags, (DEVICE >> 8) & 0xff, DEVICE >> 16, 0);
    bytes.push(0xc7, 0x05, page * 4, 0x30, 0, 0, ...entry);
    if (random.below(3) > 0) bytes.push(0x0f, 0x01, 0x3d, 0, page << 4, 0x40, 0);
  }
  if (random.below(3) === 0) bytes.push(0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8);
  return [...bytes, 0x61, 0xcf];
}

function build(seed: number, engine: Engine): TestMachine {
  const random = new Random(seed * 7919);
  const cpl = random.below(3) === 0 ? 0 : 3;
  const m = new TestMachine({ cpl, engine, eflags: 0x3002 });
  // The table of 400000h..7FFFFFh, at 3000h, where TestMachine puts the second one.
  m.map({ linear: PAGES, physical: 0x60000, flags: 'P W U' });
  m.gate(14, CODE0, HANDLER, 0x8e);
  m.memory.load(HANDLER, Uint8Array.from(FAULT));
  m.gate(0x30, CODE0, HANDLER + 0x100, 0xee);
  m.memory.load(HANDLER + 0x100, Uint8Array.from(away(random)));
  m.memory.load(at.code, program(random));
  m.cpu.registers.edi = PAGES + [0, 8, 0xffe, 1][random.below(4)];
  m.cpu.registers.esi = 40;
  return m;
}

test.each([
  ['regions', TRANSLATED],
  ['handlers', THREADED],
  ['both', MIXED],
])('accesses that leave %s fault, fill the TLB and mark pages as the interpreter does', (_, engine) => {
  let faults = 0;
  let executed = 0;
  const seeds = engine === TRANSLATED ? 60 : 25;
  for (let seed = 1; seed <= seeds; seed++) {
    const machines = [build(seed, INTERPRETER), build(seed, engine)] as const;
    const random = new Random(seed);
    for (let n = 0; n < 120; n++) {
      const steps = [1, 1, 2, 3, 7, 60, 200][random.below(7)];
      machines.forEach((m) => m.step(steps));
      expect(cpuState(machines[1]), `seed ${seed}, part ${n}`).toBe(cpuState(machines[0]));
    }
    expect(ramHash(machines[1]), `seed ${seed}`).toBe(ramHash(machines[0]));
    expect(machines[1].cpu.deliveryCount).toBe(machines[0].cpu.deliveryCount);
    faults += machines[1].cpu.deliveryCount;
    const { threaded, translator } = machines[1].cpu;
    executed += threaded + (translator?.executed ?? 0);
    if (engine === TRANSLATED) expect(translator!.executed, `seed ${seed}`).toBeGreaterThan(100);
  }
  expect(executed).toBeGreaterThan(seeds * 100);
  expect(faults).toBeGreaterThan(seeds * 15);
});
