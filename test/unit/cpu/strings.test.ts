/**
 * Repeated string instructions against a model that does one iteration after another, byte by byte: registers, flags, memory
 * and faults at every count. Intel SDM Vol. 2, REP, MOVS, STOS, LODS, CMPS, SCAS; docs/decisions/0010.
 */
import { expect, test } from 'vitest';
import { Random } from './random.ts';
import { INTERPRETER } from './engines.ts';
import { TestMachine, at } from './test-machine.ts';

const ITERATIONS_MAX = 4096;
const MEMORY = 0x40_0000;
const PAGES = 8;
const BYTES = PAGES * 0x1000;
const PHYSICAL = 0x50000;
/** A page beyond what is mapped, before and after; one that is read only; and one that is another's alias. */
const READ_ONLY = 5;
const ALIAS = 6;
const ALIASED = 2;

type Name = 'MOVS' | 'STOS' | 'LODS' | 'CMPS' | 'SCAS';
const OPCODES: Readonly<Record<Name, number>> = { MOVS: 0xa4, STOS: 0xaa, LODS: 0xac, CMPS: 0xa6, SCAS: 0xae };
const NAMES = Object.keys(OPCODES) as readonly Name[];

interface Outcome {
  esi: number;
  edi: number;
  ecx: number;
  eax: number;
  /** Of the arithmetic flags, as the last comparison left them. */
  compared: readonly [a: number, b: number] | undefined;
  /** The first address that faults, and whether it was written; then nothing was done by that iteration. */
  fault: { readonly address: number; readonly write: boolean } | undefined;
  ended: boolean;
}

function physicalOf(linear: number): number {
  const page = (linear - MEMORY) >>> 12;
  return (page === ALIAS ? ALIASED : page) * 0x1000 + (linear & 0xfff);
}

/** Up to 4096 iterations on `memory`, which stands at MEMORY. */
function model(name: Name, size: number, repeat: number, down: boolean, start: Outcome, memory: Uint8Array): Outcome {
  const o = { ...start };
  const mapped = (address: number): boolean => address >= MEMORY && address < MEMORY + BYTES;
  const check = (address: number, write: boolean): boolean => {
    for (const byte of [address, address + size - 1]) {
      const readOnly = (byte - MEMORY) >>> 12 === READ_ONLY;
      if (mapped(byte) && !(write && readOnly)) continue;
      // The page where the access leaves what it may touch.
      o.fault = { address: byte === address ? address : byte & ~0xfff, write };
      return false;
    }
    return true;
  };
  const read = (address: number): number => {
    let value = 0;
    for (let n = size - 1; n >= 0; n--) value = value * 256 + memory[physicalOf(address + n)];
    return value;
  };
  const write = (address: number, value: number): void => {
    for (let n = 0; n < size; n++) memory[physicalOf(address + n)] = Math.floor(value / 256 ** n) & 0xff;
  };
  const step = down ? -size : size;
  const low = (value: number): number => value % 256 ** size;
  for (let n = 0; n < ITERATIONS_MAX && o.ecx > 0; n++) {
    const reads = name === 'MOVS' || name === 'LODS' || name === 'CMPS';
    // The first operand that faults is ES:EDI of CMPS, DS:ESI of MOVS.
    if (name === 'CMPS' && !check(o.edi, false)) return o;
    if (reads && !check(o.esi, false)) return o;
    if (name === 'SCAS' && !check(o.edi, false)) return o;
    if ((name === 'MOVS' || name === 'STOS') && !check(o.edi, true)) return o;
    if (name === 'MOVS') write(o.edi, read(o.esi));
    else if (name === 'STOS') write(o.edi, low(o.eax));
    else if (name === 'LODS') o.eax = o.eax - low(o.eax) + read(o.esi);
    else if (name === 'CMPS') o.compared = [read(o.esi), read(o.edi)];
    else o.compared = [low(o.eax), read(o.edi)];
    if (reads) o.esi += step;
    if (name !== 'LODS') o.edi += step;
    o.ecx--;
    if (o.compared !== undefined && (o.compared[0] === o.compared[1]) !== (repeat === 0xf3)) {
      o.ended = true;
      return o;
    }
  }
  o.ended = o.ecx === 0;
  return o;
}

/** CF and ZF of a comparison. */
function flagsOf([a, b]: readonly [number, number]): number {
  return (a < b ? 1 : 0) | (a === b ? 0x40 : 0);
}

function newMachine(): TestMachine {
  const m = new TestMachine({ engine: INTERPRETER });
  for (let page = 0; page < PAGES; page++) {
    const physical = PHYSICAL + (page === ALIAS ? ALIASED : page) * 0x1000;
    m.map({ linear: MEMORY + page * 0x1000, physical, flags: page === READ_ONLY ? 'P' : 'P W' });
  }
  return m;
}

function address(random: Random, size: number): number {
  const page = random.below(PAGES);
  const offset = random.below(3) === 0 ? random.below(0x1000) : [0, 4, 0xffc, 0xfff, 0x800, 0xff0][random.below(6)];
  return MEMORY + page * 0x1000 + (random.below(3) === 0 ? offset : offset & ~(size - 1));
}

test('repeated string instructions do what single iterations do, up to the one that faults', () => {
  const m = newMachine();
  const { registers } = m.cpu;
  const seen = { faults: 0, parts: 0, ends: 0 };
  for (let seed = 1; seed <= 4000; seed++) {
    const random = new Random(seed * 7919);
    const name = NAMES[random.below(NAMES.length)];
    const size = [1, 2, 4][random.below(3)];
    const down = random.below(2) === 0;
    const repeat = random.below(2) === 0 ? 0xf2 : 0xf3;
    // Memory of few values, so that comparisons go on for a while.
    const memory = new Uint8Array(BYTES).fill(random.byte());
    for (let n = random.below(12); n > 0; n--) memory[random.below(BYTES)] = random.byte();
    if (random.below(2) === 0) for (let n = 0; n < BYTES; n++) memory[n] = random.byte();
    m.memory.load(PHYSICAL, memory);
    const edi = address(random, size);
    // Often close to each other, so that one overlaps the other.
    const esi = random.below(2) === 0 ? edi + random.below(40) - 20 : address(random, size);
    const ecx = [0, 1, 2, 3, 17, 100, 1500, 9000][random.below(8)];
    let expected: Outcome = {
      esi,
      edi,
      ecx,
      eax: random.int32() >>> 0,
      compared: undefined,
      fault: undefined,
      ended: false,
    };
    if (random.below(2) === 0) expected.eax = memory[0] * 0x0101_0101;
    m.memory.load(at.code, Uint8Array.of(repeat, ...(size === 2 ? [0x66] : []), OPCODES[name] + (size === 1 ? 0 : 1)));
    registers.esi = esi;
    registers.edi = edi;
    registers.ecx = ecx;
    registers.eax = expected.eax;
    registers.eflags = down ? 0x402 : 2;
    registers.eip = at.code;
    m.cpu.exceptionStops = -1;
    for (let part = 0; !expected.ended && expected.fault === undefined; part++) {
      const text = `seed ${seed}: ${repeat === 0xf3 ? 'rep' : 'repne'} ${name} ${size} ${down ? 'down' : 'up'}, part ${part}`;
      expected = model(name, size, repeat, down, expected, memory);
      const stop = m.step();
      const { esi: si, edi: di, ecx: cx, eax, eip, eflags, cr2 } = registers;
      const { fault, compared, ended } = expected;
      expect({ si, di, cx, eax, stop: stop.reason }, text).toEqual({
        si: expected.esi >>> 0,
        di: expected.edi >>> 0,
        cx: expected.ecx,
        eax: expected.eax,
        stop: fault === undefined ? 'limit' : 'exception',
      });
      expect(eip === at.code, text).toBe(!ended);
      if (compared !== undefined) expect(eflags & 0x41, text).toBe(flagsOf(compared));
      if (fault !== undefined) expect(cr2, text).toBe(fault.address >>> 0);
      seen[fault !== undefined ? 'faults' : ended ? 'ends' : 'parts']++;
    }
    const ram = m.memory.ram.subarray(PHYSICAL, PHYSICAL + BYTES);
    // What stands at the alias stands at its page.
    memory.set(ram.subarray(ALIAS * 0x1000, (ALIAS + 1) * 0x1000), ALIAS * 0x1000);
    expect(Buffer.compare(ram, memory), `seed ${seed}`).toBe(0);
    m.cpu.exceptionStops = 0;
  }
  expect(Math.min(seen.faults, seen.parts, seen.ends)).toBeGreaterThan(100);
});
