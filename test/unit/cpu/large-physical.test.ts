/** Intel SDM Vol. 3A, "PAE Paging", PSE-36 in "32-Bit Paging", INVLPG on large pages; and the A20 mask of the PC. */
import { describe, expect, test } from 'vitest';
import { at, machine } from './test-machine.ts';

type M = ReturnType<typeof machine>;
const PSE = 0x10;
const PAE = 0x20;
const GP = 13;
const PF = 14;

/** Tables of PAE paging: the first 2 MiB mapped to themselves, and what a test adds. */
const PDPT = 0x50000;
const DIRECTORY = 0x51000;
const TABLE = 0x52000;

function write64(m: M, address: number, low: number, high = 0): void {
  m.memory.writePhysical32(address, low >>> 0);
  m.memory.writePhysical32(address + 4, high >>> 0);
}

function pae(cpl: 0 | 3 = 0): M {
  const m = machine({ cpl });
  write64(m, PDPT, DIRECTORY | 1);
  write64(m, DIRECTORY, 0x87);
  write64(m, DIRECTORY + 16, TABLE | 7);
  m.cpu.registers.cr4 = PAE;
  m.cpu.registers.cr3 = PDPT;
  const { eip } = m.cpu.registers;
  // Writing CR3 by instruction loads the PDPTE registers.
  const ring3 = m.cpu.registers.cpl;
  m.cpu.registers.cpl = 0;
  m.cpu.registers.ecx = PDPT;
  m.cpu.registers.cr0 = 0x11;
  m.codeAt(eip, 'mov cr3, ecx', 'mov cr0, ecx');
  m.cpu.registers.ecx = PDPT;
  m.step();
  m.cpu.registers.ecx = 0x8001_0011;
  m.step();
  m.cpu.registers.cpl = ring3;
  m.codeAt(m.cpu.registers.eip);
  return m;
}

describe('PAE paging', () => {
  test('walks three levels of 64-bit entries and sets accessed and dirty bits', () => {
    const m = pae();
    write64(m, TABLE, 0x60003);
    m.cpu.registers.eax = 0x1234_5678;
    expect(m.run('mov [0x400000], eax')).toBe('no fault');
    expect(m.memory.readPhysical32(0x60000)).toBe(0x1234_5678);
    expect([m.memory.readPhysical32(TABLE), m.memory.readPhysical32(DIRECTORY + 16)]).toEqual([0x60063, TABLE | 0x27]);
  });

  test('maps 2 MiB with PS in the directory, whatever CR4.PSE', () => {
    const m = pae();
    write64(m, DIRECTORY + 16, 0x0000_0083);
    m.memory.writePhysical32(0x60000 & 0x1f_ffff, 0x5566);
    expect(m.run('mov eax, [0x400000]')).toBe('no fault');
    expect(m.cpu.registers.eax).toBe(m.memory.readPhysical32(0));
  });

  test.each([
    { what: 'bit 63 of a PTE: there is no NX', entry: [0x60003, 0x8000_0000] },
    { what: 'an address bit above 35', entry: [0x60003, 0x10] },
  ])('a reserved bit raises #PF with RSVD: $what', ({ entry: [low, high] }) => {
    const m = pae();
    write64(m, TABLE, low, high);
    expect(m.run('mov eax, [0x400000]')).toEqual({ vector: PF, errorCode: 9, cr2: 0x40_0000 });
  });

  test('bits 20:13 of a 2-MiB entry are reserved', () => {
    const m = pae();
    write64(m, DIRECTORY + 16, 0x2083);
    expect(m.run('mov [0x400000], eax')).toEqual({ vector: PF, errorCode: 0xb, cr2: 0x40_0000 });
  });

  test('the PDPTEs are registers: changes in memory show with the next load of CR3', () => {
    const m = pae();
    write64(m, PDPT, 0);
    expect(m.run('nop')).toBe('no fault');
    m.cpu.flushTlb();
    expect(m.run('nop')).toBe('no fault');
    m.cpu.registers.ecx = PDPT;
    expect(m.run('mov cr3, ecx')).toBe('no fault');
    expect(m.run('nop')).toMatchObject({ vector: PF, errorCode: 0 });
  });

  test('a load of CR3 with a reserved bit in a present PDPTE is #GP(0) and changes nothing', () => {
    const m = pae();
    write64(m, PDPT + 0x40, DIRECTORY | 3);
    m.cpu.registers.ecx = PDPT + 0x40;
    expect(m.run('mov cr3, ecx')).toEqual({ vector: GP, errorCode: 0 });
    expect(m.cpu.registers.cr3).toBe(PDPT);
  });

  test('a ring-3 write to a page of the supervisor raises error code 7', () => {
    const m = pae(3);
    write64(m, TABLE, 0x60003);
    expect(m.run('mov [0x400000], eax')).toEqual({ vector: PF, errorCode: 7, cr2: 0x40_0000 });
  });

  test('the PDPTE registers are part of a snapshot', () => {
    const m = pae();
    write64(m, PDPT, 0);
    const other = machine();
    other.memory.ram.set(m.memory.ram);
    other.cpu.restore(m.cpu.save());
    other.cpu.flushTlb();
    expect(other.run('nop')).toBe('no fault');
  });
});

describe('PSE-36', () => {
  function large(pde: number): M {
    const m = machine();
    m.cpu.registers.cr4 = PSE;
    m.memory.writePhysical32(at.pageDirectory + 4, pde);
    return m;
  }

  test('bits 16:13 are address bits 35:32; nothing answers there', () => {
    const m = large(0x2083);
    expect(m.run('mov eax, [0x400000]')).toBe('no fault');
    expect(m.cpu.registers.eax).toBe(0xff);
    expect(m.run('mov [0x400000], eax')).toBe('no fault');
    expect(m.memory.readPhysical32(at.pageDirectory + 4)).toBe(0x20e3);
  });

  test.each([17, 18, 19, 20, 21])('bit %i of a 4-MiB entry is reserved', (bit) => {
    const m = large(0x83 | (1 << bit));
    expect(m.run('mov eax, [0x400000]')).toEqual({ vector: PF, errorCode: 9, cr2: 0x40_0000 });
  });

  test('INVLPG of one address drops all of a large page', () => {
    const m = large(0x83);
    expect(m.run('mov eax, [0x400000]')).toBe('no fault');
    expect(m.run('mov [0x410000], eax')).toBe('no fault');
    m.memory.writePhysical32(at.pageDirectory + 4, 0);
    expect(m.run('mov [0x410000], eax')).toBe('no fault');
    expect(m.run('invlpg [0x400000]')).toBe('no fault');
    expect(m.run('mov [0x410000], eax')).toMatchObject({ vector: PF });
  });

  test('INVLPG drops all of a large page that came with a snapshot', () => {
    const m = large(0x83);
    expect(m.run('mov [0x410000], eax')).toBe('no fault');
    m.memory.writePhysical32(at.pageDirectory + 4, 0);
    const saved = m.cpu.save();
    m.cpu.flushTlb();
    m.cpu.restore(saved);
    expect(m.run('mov [0x410000], eax')).toBe('no fault');
    expect(m.run('invlpg [0x400000]')).toBe('no fault');
    expect(m.run('mov [0x410000], eax')).toMatchObject({ vector: PF });
  });
});

describe('A20', () => {
  test('while it is low, bit 20 of every physical address is 0, for data, code and page tables', () => {
    const m = machine({ pages: [{ linear: 0x40_0000, physical: 0x16_0000, flags: 'P W' }] });
    m.memory.writePhysical32(0x60000, 0x1122_3344);
    m.cpu.a20 = false;
    expect(m.run('mov eax, [0x400000]')).toBe('no fault');
    expect(m.cpu.registers.eax).toBe(0x1122_3344);
    m.cpu.a20 = true;
    expect(m.run('mov eax, [0x400000]')).toBe('no fault');
    expect(m.cpu.registers.eax).toBe(0xff);
  });

  test('is part of a snapshot', () => {
    const m = machine();
    m.cpu.a20 = false;
    const other = machine();
    other.cpu.restore(m.cpu.save());
    expect(other.cpu.a20).toBe(false);
  });
});
