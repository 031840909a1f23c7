/** Faults in words. Intel SDM Vol. 3A, "Exception and Interrupt Reference", "Error Code". */
import { expect, test } from 'vitest';
import { faultHeadline, faultStory } from '../../../debug-adapter/events/explain-fault.ts';
import { tripleFaultHeadline } from '../../../debug-adapter/events/explain-triple-fault.ts';
import type { FaultFacts, FaultSource } from '../../../debug-adapter/events/fault-facts.ts';
import { REGIONS } from '../../../debug-adapter/kernel/jos-tables.ts';
import { walkPageTables } from '../../../debug-adapter/target/page-tables.ts';
import type { Target } from '../../../debug-adapter/target/target.ts';

const DIRECTORY = 0x1000;
const GDT = 0x8000;
const IDT = 0x9000;
const [P, W, U] = [1, 2, 4];

/** A CPU at ring 3 with the pages, descriptors and gates given; linear addresses of tables are physical ones. */
function source(options: {
  pages?: readonly (readonly [linear: number, flags: number])[];
  gdt?: readonly (readonly [low: number, high: number])[];
  idt?: Readonly<Record<number, readonly [low: number, high: number]>>;
  registers?: Readonly<Record<string, number>>;
  code?: readonly number[];
}): FaultSource {
  const words = new Map<number, number>();
  let nextTable = 0x2000;
  for (const [linear, flags] of options.pages ?? []) {
    const pde = DIRECTORY + (linear >>> 22) * 4;
    if (!words.has(pde)) {
      words.set(pde, nextTable | P | W | U);
      nextTable += 0x1000;
    }
    words.set((words.get(pde)! & ~0xfff) + ((linear >>> 12) & 0x3ff) * 4, 0x40000 | flags);
  }
  const table = (base: number, index: number, [low, high]: readonly [number, number]): void => {
    words.set(base + index * 8, low).set(base + index * 8 + 4, high);
  };
  options.gdt?.forEach((entry, i) => table(GDT, i, entry));
  for (const [vector, gate] of Object.entries(options.idt ?? {})) table(IDT, Number(vector), gate);
  const registers: Record<string, number> = {
    cr0: 0x80010011,
    gdtrBase: GDT,
    gdtrLimit: 0x2f,
    idtrBase: IDT,
    idtrLimit: 0x7ff,
    ...options.registers,
  };
  const word = (address: number): number => words.get(address) ?? 0;
  const target: Partial<Target> = {
    cpl: 3,
    space: DIRECTORY,
    readRegister: (name) => registers[name] ?? 0,
    read: (_space, address, length) => {
      if (address === 0x800020) return Uint8Array.from(options.code ?? []);
      const bytes = new Uint8Array(length);
      for (let i = 0; i < length; i++) bytes[i] = word((address + i) & ~3) >>> (((address + i) & 3) * 8);
      return bytes;
    },
    walk: (_space, linear) => walkPageTables({ word, largePages: true, pae: false }, DIRECTORY, linear),
  };
  return {
    target: target as Target,
    os: {
      imageAt: () => undefined,
      regionAt: (_space, address) => REGIONS.findLast(([start]) => address >= start)?.[1],
    },
  };
}

const facts = (fault: Partial<FaultFacts>, registers: Readonly<Record<string, number>> = {}): FaultFacts => ({
  vector: 14,
  errorCode: 0,
  address: undefined,
  eip: 0x800020,
  cpl: 3,
  space: DIRECTORY,
  register: (name) => registers[name],
  ...fault,
});

const USER_WRITE = 0b110;
const STACK = [0xeebfd000, P | W | U] as const;

test.each([
  [0xeebfcffc, 'user write to 0xeebfcffc, page not present, 4 bytes below the user stack'],
  [0xeebfcfff, 'user write to 0xeebfcfff, page not present, 1 byte below the user stack'],
  [0xeebfe010, 'user write to 0xeebfe010, page not present, in the guard page'],
  [0, 'user write to 0x00000000, page not present, null pointer'],
  [8, 'user write to 0x00000008, page not present, null pointer + 8'],
  [0x10001020, 'user write to 0x10001020, page not present, 32 bytes above the end of the user heap'],
  [0x20000000, 'user write to 0x20000000, page not present, in the user heap, where nothing is mapped nearby'],
])('#PF at 0x%s says how far it is from what is mapped', (address, text) => {
  const at = source({ pages: [STACK, [0x10000000, P | W | U]] });
  expect(faultHeadline(at, facts({ errorCode: USER_WRITE, address }))).toBe(`#PF page fault: ${text}`);
});

test.each([
  [P | U, 0b111, 'PTE', 'W is clear, the page is read-only'],
  [P | W, 0b101, 'PTE', "U is clear, the page is the kernel's alone"],
  [0, 0b100, 'PTE', 'P is clear, the page is not present'],
])('a page with flags %i refuses error code %i at the %s: %s', (flags, errorCode, level, why) => {
  const at = source({ pages: [[0x800000, flags]] });
  const { lines } = faultStory(at, facts({ errorCode, address: 0x800123 }), () => undefined);
  expect(lines.at(-1)).toMatch(new RegExp(`^${level} at physical 0x[0-9a-f]{8}: .* – this level fails: ${why}\\.$`));
});

test('#PF tells the size of the access from the instruction', () => {
  const decode = () => ({ text: 'mov [eax], cx', memoryBytes: 2, bytes: Uint8Array.of(0x66, 0x89, 0x08) });
  const { lines } = faultStory(source({ code: [0x66, 0x89, 0x08] }), facts({ errorCode: 6, address: 4 }), decode);
  expect(lines.slice(0, 3)).toEqual([
    'Instruction at 0x00800020, ring 3: mov [eax], cx (66 89 08).',
    'Access: write of 2 bytes at 0x00000004 with user rights.',
    'Error code 0x6: P=0 page not present, W/R=1 write, U/S=1 user mode.',
  ]);
});

//                     low          high
const NULL = [0, 0] as const;
const CODE0 = [0x0000ffff, 0x00cf9a00] as const;
const DATA0 = [0x0000ffff, 0x00cf9200] as const;
const CODE3 = [0x0000ffff, 0x00cffa00] as const;
const DATA3_ABSENT = [0x0000ffff, 0x00cf7200] as const;
const SEGMENTS = { gdt: [NULL, CODE0, DATA0, CODE3, DATA3_ABSENT] };
const GATE0 = [0x00081000, 0xf0008e00] as const;
const GATE_ABSENT = [0x00081000, 0xf0000e00] as const;

test.each([
  [13, 0x10, 'mov ds, ax', 'ring 3 cannot use a segment of DPL 0'],
  [13, 0x08, 'mov ss, ax', 'SS takes writable data only, not code32 readable'],
  [13, 0x10, 'mov ss, ax', 'SS at ring 3 takes a segment of DPL 3; this one has DPL 0'],
  [13, 0x10, 'jmp 0x13:0', 'CS takes code only, not data32 writable'],
  [13, 0x28, 'mov ds, ax', 'selector 0x28 names an empty entry of the GDT'],
  [13, 0x90, 'mov ds, ax', 'selector 0x90 lies beyond the GDT’s limit 0x2f'],
  [11, 0x20, 'mov ds, ax', 'the segment of selector 0x20 is not present'],
  [13, 0x6a, 'int 0xd', 'INT 13 from ring 3 needs a gate of DPL 3; this one has DPL 0'],
  [11, 0x3a, 'int 0x7', 'the gate of vector 7 is not present'],
  [13, 0x0a, 'int 0x1', 'entry 1 of the IDT is empty'],
  [13, 0x802, 'int 0x100', 'vector 256 lies beyond the IDT’s limit 0x7ff'],
  [13, 0, 'hlt', 'the instruction is for ring 0 only, and this is ring 3'],
  [13, 0, 'mov cr3, eax', 'control and debug registers are for ring 0 only, and this is ring 3'],
  [13, 0, 'cli', 'changing IF needs a ring no outer than IOPL, and this is ring 3'],
  [13, 0, 'out dx, al', 'the port needs IOPL or a bit in the TSS’s I/O map, and this is ring 3'],
])('vector %i with error code %i at "%s": %s', (vector, errorCode, text, rule) => {
  const at = source({ ...SEGMENTS, idt: { 13: GATE0, 7: GATE_ABSENT } });
  const decode = () => ({ text, memoryBytes: undefined, bytes: Uint8Array.of(0) });
  const { lines } = faultStory(at, facts({ vector, errorCode }), decode);
  expect(lines.at(-1)).toBe(`Rule: ${rule}.`);
});

test('a load through the null selector is told from one beyond the limit', () => {
  const decode = () => ({ text: 'mov eax, [ebx]', memoryBytes: 4, bytes: Uint8Array.of(0) });
  const rule = (ds: number) => faultStory(source({}), facts({ vector: 13, errorCode: 0 }, { ds }), decode).lines.at(-1);
  expect(rule(0)).toBe('Rule: DS holds the null selector.');
  expect(rule(0x23)).toBe('Rule: the access is beyond the limit or against the type of DS.');
});

test('#DE tells a zero divisor from a quotient that does not fit', () => {
  const decode = () => ({ text: 'idiv ecx', memoryBytes: undefined, bytes: Uint8Array.of(0xf7, 0xf9) });
  const story = (ecx: number) =>
    faultStory(source({}), facts({ vector: 0, errorCode: undefined }, { edx: 1, eax: 2, ecx }), decode).lines.at(-1);
  expect(story(0)).toBe('Operands: edx = 0x1, eax = 0x2, ecx = 0x0. The divisor is zero.');
  expect(story(1)).toBe('Operands: edx = 0x1, eax = 0x2, ecx = 0x1. The quotient does not fit the register.');
});

test('#UD shows the bytes that are no instruction', () => {
  const { lines } = faultStory(
    source({ code: [0x0f, 0xff, 0x90] }),
    facts({ vector: 6, errorCode: undefined }),
    () => undefined,
  );
  expect(lines).toEqual(['Instruction at 0x00800020, ring 3: (bad) (0f ff 90).', 'These bytes are no instruction.']);
});

test('#DF names the pair, and the story inside it is the second fault, and inside that the first', () => {
  const before = [
    { vector: 14, errorCode: 6, eip: 0x800020, cr2: 4 },
    { vector: 13, errorCode: 0x73, eip: 0x800020, cr2: undefined },
  ];
  const at = source({ ...SEGMENTS, idt: { 14: GATE_ABSENT } });
  const story = faultStory(at, facts({ vector: 8, errorCode: 0 }), () => undefined, before);
  expect(story.lines.at(-1)).toBe(
    'Double fault: #GP general protection arose while #PF page fault was delivered, and the two cannot be handled one after the other.',
  );
  expect([story.inner?.id, story.inner?.inner?.id]).toEqual(['#GP general protection', '#PF page fault']);
});

test('a triple fault says of each delivery what it stumbled over: IDT, GDT, kernel stack', () => {
  const pf = (cr2: number) => ({ vector: 14, errorCode: 2, eip: 0x800020, cr2 });
  const df = { vector: 8, errorCode: 0, eip: 0x800020, cr2: undefined };
  const at = source({ registers: { esp: 0xefc00000 } });
  expect(tripleFaultHeadline(at, [pf(8), pf(0xefbffffc), df, pf(IDT + 64)])).toBe(
    'Triple fault: #PF page fault: kernel write to 0x00000008, page not present, null pointer + 8 at 0x00800020, ' +
      'then #PF page fault (delivering #PF page fault failed: the kernel stack at 0xefbffffc is not accessible), ' +
      'then #DF double fault (because the two together are a double fault), ' +
      'then #PF page fault (delivering #DF double fault failed: the IDT at 0x00009040 is not accessible). ' +
      'The machine is held before the reset.',
  );
  expect(tripleFaultHeadline(at, [pf(8), pf(GDT + 8), df, df])).toMatch(/the GDT at 0x00008008 is not accessible/);
});
