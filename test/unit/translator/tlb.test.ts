/**
 * TLB misses, INVLPG and loads of CR3 in translated code, against the interpreter: the same state at every count, the
 * TLB's entries and their order included. SDM Vol. 3A, "32-Bit Paging", "Accessed and Dirty Flags", "Caching Translation
 * Information".
 */
import { describe, expect, test } from 'vitest';
import { Random } from '../cpu/random.ts';
import { TLB_LIST_ENTRIES } from '../../../emulator/memory/layout.ts';
import { CODE0, TestMachine, at } from '../cpu/test-machine.ts';
import { cpuState, ramHash } from './random-code.ts';
import { INTERPRETER, MIXED, THREADED, TRANSLATED, WITHOUT_TAIL_CALLS, type Engine } from '../cpu/engines.ts';

/** Pages that come and go, one page table, and behind them a large page. */
const WINDOW = 0x40_0000;
const LARGE = 0x80_0000;
const TABLE = 0x3000;
const FRAMES = 0x60000;
/** The same memory, but for the window, which another table at OTHER_TABLE maps. */
const OTHER_DIRECTORY = 0x5000;
const OTHER_TABLE = 0x6000;
const HANDLER = at.handlers + 0x200;
/** MOV EAX and RET: the immediate is the window's entry 16 where its table is the page of the handlers. */
const ROUTINE = at.handlers + 0x3f;
const PAGES = 17;
/** The code once more, but for some instructions: NOP, INC EAX and MOV [EDI],EAX are CLC, INC EAX and MOV [EDI],AL. */
const CODE_COPY = 0x6e000;
const COPIED: Readonly<Record<number, number>> = { 0x9040: 0xf8, 0x8907: 0x88 };

const CR0_WP = 0x1_0000;
const CR4_PSE = 0x10;
const CR4_PGE = 0x80;

/** The page tables of the window in the two directories. */
type Tables = readonly [number, number];

function dword(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >>> 24) & 0xff];
}

//  bytes, at [EDI]
const ACCESSES = [
  [0x89, 0x07], //                     mov [edi], eax
  [0x8b, 0x17], //                     mov edx, [edi]
  [0x8b, 0x17], //                     mov edx, [edi]
  [0x88, 0x07], //                     mov [edi], al
  [0x01, 0x07], //                     add [edi], eax
  [0x80, 0x3f, 0x00], //               cmp byte [edi], 0
  [0x0f, 0xb6, 0x17], //               movzx edx, byte [edi]
  [0x89, 0x47, 0xfe], //               mov [edi-2], eax
  [0xff, 0x37, 0x5a], //               push dword [edi]; pop edx
  [0x87, 0x07], //                     xchg [edi], eax
  [0xd1, 0x07], //                     rol dword [edi], 1
  [0x0f, 0x94, 0x07], //               sete [edi]
  [0x8b, 0x17, 0x89, 0x47, 0x10], //   mov edx, [edi]; mov [edi+16], eax: a group
  [0x89, 0x47, 0x10, 0x8b, 0x57, 0xf0], // mov [edi+16], eax; mov edx, [edi-16]
  [0x8f, 0x07, 0x52], //               pop dword [edi]; push edx
  [0xdd, 0x07, 0xdd, 0x1f], //         fld qword [edi]; fstp qword [edi]
  [0xa5, 0x83, 0xef, 0x04], //         movsd; sub edi, 4
] as const;

function randomPage(random: Random): number {
  return random.below(4) === 0 ? PAGES - 1 : random.below(PAGES);
}

/** An entry of the page table for the window, of any kind. */
function entryFor(random: Random, page: number): number {
  const flags = [0, 1, 3, 5, 7, 7, 0x25, 0x67, 0x107, 0x107, 0x103][random.below(11)];
  const frames = [FRAMES + page * 0x1000, FRAMES + page * 0x1000, FRAMES + random.below(8) * 0x1000];
  return (frames[random.below(4)] ?? [FRAMES, 0xa0000, at.code, 0x20_0000][random.below(4)]) | flags;
}

/** What makes translations change, or forgotten. At CPL 3 it is done by the handler of INT 30h. */
function change(random: Random, tables: Tables): number[] {
  const page = randomPage(random);
  const table = tables[random.below(4) === 0 ? 1 : 0];
  const toggled = [1, 2, 4, 0x20, 0x40, 0x60, 0x100, 0x1000, 0x122][random.below(9)];
  const set =
    random.below(2) === 0
      ? [0xc7, 0x05, ...dword(table + page * 4), ...dword(entryFor(random, page))]
      : [0x81, 0x35, ...dword(table + page * 4), ...dword(toggled)];
  const invalidate = [0x0f, 0x01, 0x3d, ...dword(WINDOW + page * 0x1000)];
  const reload = [0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8];
  const toggle = (register: number, bits: number): number[] => [
    ...[0x0f, 0x20, 0xc0 | (register << 3), 0x35, ...dword(bits), 0x0f, 0x22, 0xc0 | (register << 3)],
  ];
  switch (random.below(14)) {
    case 0:
    case 1:
    case 2:
      return [...set, ...invalidate];
    case 3:
      return set;
    case 4:
    case 5:
      return reload;
    case 6:
      return toggle(3, at.pageDirectory ^ OTHER_DIRECTORY);
    case 7:
      return toggle(0, CR0_WP);
    case 8:
      return toggle(4, random.below(2) === 0 ? CR4_PGE : CR4_PSE);
    case 9:
      return [0x0f, 0x01, 0x3d, ...dword([LARGE + 0x3000, at.code, at.handlers][random.below(3)])];
    case 10:
      // The large page, or not: its accessed and dirty bits, its rights.
      return [
        0xc7,
        0x05,
        ...dword(at.pageDirectory + 8),
        ...dword([0x87, 0x83, 0x85, 0x187, 0xe7, 0][random.below(6)]),
      ];
    case 11:
      // The directory's entry for the window: accessed or not, its rights.
      return [0xc7, 0x05, ...dword(at.pageDirectory + 4), ...dword(tables[0] | [7, 7, 7, 3, 5, 0x27][random.below(6)])];
    case 12:
      // Where the running code is; the TLB knows another place as long as it has the entry.
      return [
        0xc7,
        0x05,
        ...dword(at.pageTables + (at.code >>> 12) * 4),
        ...dword([at.code, CODE_COPY][random.below(2)] | 7),
      ];
    default:
      return invalidate;
  }
}

function randomBody(random: Random, changes: () => number[]): number[] {
  const bytes: number[] = [];
  for (let n = 3 + random.below(8); n > 0; n--) {
    if (random.below(4) === 0) {
      bytes.push(...changes());
      continue;
    }
    if (random.below(5) === 0) bytes.push(0xe8, ...dword(ROUTINE - (at.code + 2 + bytes.length + 5)));
    const base = [LARGE + 0x60000, at.code + 0x800 - 0x40][random.below(14)] ?? WINDOW;
    const offset = [0x40, 0x800, 0xffe, 1][random.below(4)];
    const page = base < WINDOW ? 0 : randomPage(random);
    bytes.push(0xbf, ...dword(base + page * 0x1000 + offset));
    for (let k = 1 + random.below(3); k > 0; k--) bytes.push(...ACCESSES[random.below(ACCESSES.length)], 0x90, 0x40);
  }
  return bytes;
}

// prettier-ignore
const fault = ([table, other]: Tables): number[] => [
  0x60,                                      // pusha
  0x0f, 0x20, 0xd0,                          // mov eax, cr2
  0x0f, 0x20, 0xdb,                          // mov ebx, cr3
  0x3d, ...dword(LARGE),                     // cmp eax, LARGE
  0x73, 0x28,                                // jae large
  0xc1, 0xe8, 12, 0x25, 0xff, 3, 0, 0,       // shr eax, 12; and eax, 3FFh
  0x89, 0xc1, 0x83, 0xe1, 7, 0xc1, 0xe1, 12, // mov ecx, eax; and ecx, 7; shl ecx, 12
  0x81, 0xc1, ...dword(FRAMES | 7),          // add ecx, FRAMES | 7
  0x89, 0x0c, 0x85, ...dword(table),         // mov [eax * 4 + table], ecx
  0x89, 0x0c, 0x85, ...dword(other),         // mov [eax * 4 + other], ecx
  0x80, 0x4b, 4, 7,                          // or byte [ebx + 4], 7
  0xeb, 0x07,                                // jmp done
  0xc7, 0x43, 8, ...dword(0x87),             // large: mov dword [ebx + 8], 87h
  0x61, 0x83, 0xc4, 4, 0xcf,                 // done: popa; add esp, 4; iret
];

function build(seed: number, engine: Engine, tables: Tables): TestMachine {
  const random = new Random(seed * 7919);
  const cpl = seed % 2 === 0 ? 0 : 3;
  const m = new TestMachine({ cpl, engine, eflags: 0x3002 });
  const { memory, cpu } = m;
  m.map({ linear: WINDOW, physical: FRAMES, flags: 'P W U' });
  memory.writePhysical32(at.pageDirectory + 8, 0x87);
  for (let entry = 0; entry < 3; entry++) {
    memory.writePhysical32(OTHER_DIRECTORY + entry * 4, memory.readPhysical32(at.pageDirectory + entry * 4));
  }
  memory.writePhysical32(at.pageDirectory + 4, tables[0] | 7);
  memory.writePhysical32(OTHER_DIRECTORY + 4, tables[1] | 7);
  for (let page = 0; page < PAGES; page++) {
    for (const table of tables) memory.writePhysical32(table + page * 4, entryFor(random, page));
  }
  cpu.registers.cr4 = CR4_PSE | ((seed & 2) === 0 ? CR4_PGE : 0);
  cpu.registers.cr0 |= (seed & 4) === 0 ? CR0_WP : 0;
  m.gate(14, CODE0, HANDLER, 0x8e);
  memory.load(HANDLER, Uint8Array.from(fault(tables)));
  m.gate(0x30, CODE0, HANDLER + 0x100, 0xee);
  const handler = [1, 2, 3].flatMap(() => change(random, tables));
  memory.load(HANDLER + 0x100, Uint8Array.from([0x50, ...handler, 0x58, 0xcf]));
  const body = randomBody(random, () => (cpl === 0 ? [0x50, ...change(random, tables), 0x58] : [0xcd, 0x30]));
  // FNINIT, so that exceptions are masked.
  const code = [0xdb, 0xe3, ...body, 0xe9, ...dword(-(body.length + 5))];
  memory.load(at.code, Uint8Array.from(code));
  const copy = code.map((byte, index) => COPIED[(byte << 8) | (code[index + 1] ?? 0)] ?? byte);
  memory.load(CODE_COPY, Uint8Array.from(copy));
  memory.load(ROUTINE, Uint8Array.from([0xb8, ...dword(FRAMES | 7), 0xc3]));
  cpu.registers.esi = at.data;
  return m;
}

/** Adds entries that are invalid to the TLB's list, until there is room for `left` more. */
function crowd(m: TestMachine, left: number): void {
  const state = m.cpu.save();
  const missing = TLB_LIST_ENTRIES - left - state.tlb.length / 2;
  const tlb = [...state.tlb, ...Array.from({ length: missing * 2 }, (_, n) => (n % 2 === 0 ? 0x9_0000 + n : 0))];
  m.cpu.restore({ ...state, tlb });
}

function compare(
  seed: number,
  engine: Engine,
  before: (m: TestMachine, engine: Engine) => void,
  tables: Tables = [TABLE, OTHER_TABLE],
): number {
  const machines = [build(seed, INTERPRETER, tables), build(seed, engine, tables)] as const;
  before(machines[0], INTERPRETER);
  before(machines[1], engine);
  const random = new Random(seed);
  for (let part = 0; part < 120; part++) {
    const steps = 1 + random.below([3, 20, 60, 300][random.below(4)]);
    machines.forEach((m) => m.step(steps));
    expect(cpuState(machines[1]), `seed ${seed}, part ${part}`).toBe(cpuState(machines[0]));
    if (random.below(40) === 0) machines.forEach((m) => m.cpu.restore(m.cpu.save()));
  }
  expect(ramHash(machines[1]), `seed ${seed}`).toBe(ramHash(machines[0]));
  expect(machines[1].cpu.deliveryCount).toBe(machines[0].cpu.deliveryCount);
  return machines[1].cpu.threaded + (machines[1].cpu.translator?.executed ?? 0);
}

const nothing = (): void => undefined;

describe.each([
  ['regions', TRANSLATED],
  ['handlers', THREADED],
  ['both', MIXED],
])('random code over pages that come and go, %s', (_, engine) => {
  const seeds = engine === TRANSLATED ? 25 : 8;

  test.each([1, 2, 3, 4])('part %i', (part) => {
    let executed = 0;
    for (let seed = part * 1000; seed < part * 1000 + seeds; seed++) executed += compare(seed, engine, nothing);
    expect(executed).toBeGreaterThan(seeds * (engine === TRANSLATED ? 2000 : 400));
  });

  test('with a list that is full every so often', () => {
    for (let seed = 101; seed <= 100 + seeds; seed++) {
      compare(seed, engine, (m) => {
        m.step(200);
        crowd(m, 3 + (seed % 9));
      });
    }
  });

  test('with page tables in a page that holds code', () => {
    for (let seed = 201; seed <= 200 + seeds; seed++) compare(seed, engine, nothing, [at.handlers, OTHER_TABLE]);
  });

  test('with data probes that never match', () => {
    for (let seed = 301; seed <= 300 + seeds; seed++) {
      compare(seed, engine, (m, its) => {
        const linear = [TABLE, WINDOW + 0x1040, at.pageDirectory][seed % 3];
        if (its !== INTERPRETER) m.cpu.probes.addData({ linear, lengthBytes: 4, access: 'write', space: 0x7000 });
      });
    }
  });
});

test('random code over pages that come and go, without tail calls', () => {
  for (let seed = 1; seed <= 15; seed++) compare(seed, WITHOUT_TAIL_CALLS, nothing);
});

/** Both machines after `code` has become hot at `at.code`, with the window's table filled. */
function pair(code: readonly number[]): readonly [TestMachine, TestMachine] {
  const make = (engine: Engine): TestMachine => {
    const m = new TestMachine({ engine, eflags: 2 });
    for (let page = 0; page < PAGES; page++) {
      m.map({ linear: WINDOW + page * 0x1000, physical: FRAMES + page * 0x1000, flags: 'P W U' });
    }
    m.memory.load(at.code, Uint8Array.from([...code, 0xe9, ...dword(-(code.length + 5))]));
    m.memory.load(ROUTINE, Uint8Array.from([0xb8, ...dword(FRAMES | 7), 0xc3]));
    m.cpu.registers.edi = WINDOW;
    m.step(400);
    return m;
  };
  return [make(INTERPRETER), make(TRANSLATED)];
}

function expectSame([plain, translated]: readonly [TestMachine, TestMachine]): void {
  expect(cpuState(translated)).toBe(cpuState(plain));
  expect(ramHash(translated)).toBe(ramHash(plain));
}

test('a write that finds the page of its own code somewhere else is still the old page’s instruction', () => {
  // mov [edi], eax; inc eax; nop
  const code = [0x89, 0x07, 0x40, 0x90];
  const machines = pair(code);
  for (const m of machines) {
    m.memory.load(CODE_COPY, Uint8Array.from([0x88, 0x07, 0x48, 0x90, 0xe9, ...dword(-(code.length + 5))]));
    m.memory.writePhysical32(m.pte(at.code), CODE_COPY | 7);
    m.cpu.registers.edi = at.code + 0x900;
    m.cpu.registers.eax = 0x1234_5678;
  }
  for (const steps of [40, 1, 2, 3, 40, 7]) {
    machines.forEach((m) => m.step(steps));
    expectSame(machines);
  }
});

test('an accessed bit that is part of an instruction changes that instruction', () => {
  // call ROUTINE; add ebx, eax; mov edx, [WINDOW + 10000h]
  const call = [0xe8, ...dword(ROUTINE - at.code - 5)];
  const machines = pair([...call, 0x01, 0xc3, 0x8b, 0x15, ...dword(WINDOW + 0x1_0000)]);
  for (const m of machines) {
    m.memory.writePhysical32(at.pageDirectory + 4, at.handlers | 7);
    // It is hot with the bit clear: the TLB has had the page all the time.
    m.cpu.registers.eip = at.code;
    m.cpu.flushTlb();
  }
  for (const steps of [40, 1, 2, 3, 40, 7]) {
    machines.forEach((m) => m.step(steps));
    expectSame(machines);
  }
});

test.each([
  [{ linear: WINDOW + 0x3010 }, 'write'],
  [{ physical: FRAMES + 0x3010 }, 'write'],
  [{ linear: WINDOW + 0x3010 }, 'readWrite'],
  [{ physical: FRAMES + 0x3010 }, 'readWrite'],
] as const)('a data probe at %o, %s, is hit', (where, access) => {
  const moves = access === 'write' ? [0x89, 0x47, 16] : [0x8b, 0x57, 16];
  // mov [edi+16], eax, or mov edx, [edi+16]; add edi, 1000h; and edi, 407000h; inc eax; mov ecx, cr3; mov cr3, ecx
  const next = [
    0x81,
    0xc7,
    ...dword(0x1000),
    0x81,
    0xe7,
    ...dword(0x40_7000),
    0x40,
    0x0f,
    0x20,
    0xd9,
    0x0f,
    0x22,
    0xd9,
  ];
  const machines = pair([...moves, ...next]);
  const stops = machines.map((m) => {
    m.cpu.probes.addData({ ...where, lengthBytes: 1, access });
    return [1, 2, 3].map(() => [m.step(1000), m.cpu.instructionCount]);
  });
  expect(stops[1]).toEqual(stops[0]);
  expect(stops[0]![0]![0]).toMatchObject({ reason: 'data-probe' });
  expectSame(machines);
});

test('pages that are missing keep translated code where it is', () => {
  const [, translated] = pair([
    ...[0x89, 0x47, 16, 0x81, 0xc7, ...dword(0x1000), 0x81, 0xe7, ...dword(0x40_7000)],
    ...[0x0f, 0x20, 0xd9, 0x0f, 0x22, 0xd9, 0x0f, 0x01, 0x3d, ...dword(WINDOW)],
  ]);
  const { translator } = translated.cpu;
  translated.step(1000);
  const before = translator!.entries;
  translated.step(60_000);
  expect(translator!.entries - before).toBeLessThan(4);
});
