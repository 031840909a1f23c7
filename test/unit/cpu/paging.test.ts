/** Intel SDM Vol. 3A, "Paging", "Page-Fault Exceptions", "Accessed and Dirty Flags", "Caching Translation Information". */
import { describe, expect, test } from 'vitest';
import { at, machine, pteFlags } from './test-machine.ts';

const PF = 14;
const PAGE = 0x40_0000;
const NEXT = PAGE + 0x1000;
const FRAME = 0x70000;
const ACCESSED = 0x20;

describe('error codes', () => {
  test.each([
    ['a ring-3 read of a missing page', 3, '', 'mov eax, [0x400000]', 0b100],
    ['a ring-3 write to a missing page', 3, '', 'mov [0x400000], eax', 0b110],
    ['a ring-0 read of a missing page', 0, '', 'mov eax, [0x400000]', 0b000],
    ['a ring-0 write to a missing page', 0, '', 'mov [0x400000], eax', 0b010],
    ['a ring-3 read of a supervisor page', 3, 'P W', 'mov eax, [0x400000]', 0b101],
    ['a ring-3 write to a supervisor page', 3, 'P W', 'mov [0x400000], eax', 0b111],
    ['a ring-3 write to a read-only page', 3, 'P U', 'mov [0x400000], eax', 0b111],
    ['a ring-0 write to a read-only page with CR0.WP', 0, 'P U', 'mov [0x400000], eax', 0b011],
    ['an addition to a missing page', 3, '', 'add [0x400000], eax', 0b110],
    ['a comparison with a missing page', 3, '', 'cmp [0x400000], eax', 0b100],
  ] as const)('%s', (_, cpl, flags, text, errorCode) => {
    const fault = machine({ cpl, pages: [{ linear: PAGE, physical: FRAME, flags }] }).run(text);
    expect(fault).toEqual({ vector: PF, errorCode, cr2: PAGE });
  });

  test('without CR0.WP ring 0 writes to read-only pages', () => {
    const m = machine({ pages: [{ linear: PAGE, physical: FRAME, flags: 'P U' }] });
    m.cpu.registers.cr0 = 0x8000_0011;
    m.cpu.registers.eax = 0x1234;
    expect(m.run('mov [0x400000], eax')).toBe('no fault');
    expect(m.memory.readPhysical32(FRAME)).toBe(0x1234);
  });

  test('setting CR0.WP takes effect on pages that were written before', () => {
    const m = machine({ pages: [{ linear: PAGE, physical: FRAME, flags: 'P U' }] });
    m.cpu.registers.cr0 = 0x8000_0011;
    m.cpu.registers.ecx = 0x8001_0011;
    expect(m.run('mov [0x400000], eax', 'mov cr0, ecx', 'mov [0x400000], eax')).toEqual({
      vector: PF,
      errorCode: 3,
      cr2: PAGE,
    });
  });

  test('an access across two pages reports the first byte that is missing, and writes nothing', () => {
    const m = machine({ cpl: 3, pages: [{ linear: PAGE, physical: FRAME, flags: 'P W U' }] });
    m.cpu.registers.eax = 0xffff_ffff;
    expect(m.run('mov [0x400ffe], eax')).toEqual({ vector: PF, errorCode: 6, cr2: NEXT });
    expect(m.memory.readPhysical16(FRAME + 0xffe)).toBe(0);
  });

  test('an instruction that crosses into a missing page faults with the address of that page', () => {
    const m = machine({ cpl: 3, pages: [{ linear: PAGE, physical: FRAME, flags: 'P W U' }] });
    m.cpu.registers.eip = NEXT - 2;
    m.memory.load(FRAME + 0xffe, Uint8Array.of(0xb8, 0x01));
    m.cpu.exceptionStops = -1;
    expect(m.step()).toEqual({ reason: 'exception', vector: PF, errorCode: 4 });
    expect(m.cpu.registers.cr2).toBe(NEXT);
    expect(m.cpu.registers.eip).toBe(NEXT - 2);
  });

  test('the right of both levels counts', () => {
    const m = machine({ cpl: 3, pages: [{ linear: PAGE, physical: FRAME, flags: 'P W U' }] });
    const pde = at.pageDirectory + (PAGE >>> 22) * 4;
    m.memory.writePhysical32(pde, m.memory.readPhysical32(pde) & ~2);
    expect(m.run('mov [0x400000], eax')).toEqual({ vector: PF, errorCode: 7, cr2: PAGE });
  });
});

describe('accessed and dirty flags', () => {
  const flagsOf = (m: ReturnType<typeof machine>): number => m.memory.readPhysical32(m.pte(PAGE)) & 0xfff;

  test('a read sets A in both levels and D in none', () => {
    const m = machine({ cpl: 3, pages: [{ linear: PAGE, physical: FRAME, flags: 'P W U' }] });
    m.run('mov eax, [0x400000]');
    expect(flagsOf(m)).toBe(pteFlags('P W U A'));
    expect(m.memory.readPhysical32(at.pageDirectory + (PAGE >>> 22) * 4) & 0xff).toBe(7 | ACCESSED);
  });

  test('the first write through a clean TLB entry sets D', () => {
    const m = machine({ cpl: 3, pages: [{ linear: PAGE, physical: FRAME, flags: 'P W U' }] });
    m.run('mov eax, [0x400000]', 'mov [0x400000], eax');
    expect(flagsOf(m)).toBe(pteFlags('P W U A D'));
  });

  test('a write that faults sets neither', () => {
    const m = machine({ cpl: 3, pages: [{ linear: PAGE, physical: FRAME, flags: 'P U' }] });
    m.run('mov [0x400000], eax');
    expect(flagsOf(m)).toBe(pteFlags('P U'));
  });
});

describe('4-MByte pages', () => {
  const large = (cr4: number, pde: number): ReturnType<typeof machine> => {
    const m = machine({ cpl: 3 });
    m.cpu.registers.cr4 = cr4;
    m.memory.writePhysical32(at.pageDirectory + 4, pde);
    return m;
  };

  test('with CR4.PSE a PDE maps 4 MBytes and takes A and D', () => {
    const m = large(0x10, pteFlags('P W U S'));
    m.cpu.registers.eax = 0x55;
    expect(m.run('mov [0x470000], eax')).toBe('no fault');
    expect(m.memory.readPhysical32(0x70000)).toBe(0x55);
    expect(m.memory.readPhysical32(at.pageDirectory + 4)).toBe(pteFlags('P W U S A D'));
  });

  test('a reserved bit of the PDE is error code bit 3', () => {
    const m = large(0x10, pteFlags('P W U S') | 0x2_0000);
    expect(m.run('mov eax, [0x400000]')).toEqual({ vector: PF, errorCode: 0b1101, cr2: PAGE });
  });

  test('without CR4.PSE bit 7 of a PDE means nothing', () => {
    const m = large(0, 0x7000 | pteFlags('P W U S'));
    m.memory.writePhysical32(0x7000, FRAME | 7);
    m.memory.writePhysical32(FRAME, 0x77);
    m.run('mov eax, [0x400000]');
    expect(m.cpu.registers.eax).toBe(0x77);
  });
});

describe('the TLB', () => {
  const remapped = (): ReturnType<typeof machine> => {
    const m = machine({ pages: [{ linear: PAGE, physical: FRAME, flags: 'P W U G' }] });
    m.memory.writePhysical32(FRAME, 1);
    m.memory.writePhysical32(FRAME + 0x1000, 2);
    m.run('mov eax, [0x400000]');
    m.map({ linear: PAGE, physical: FRAME + 0x1000, flags: 'P W U G' });
    return m;
  };

  test('INVLPG drops the translation of its page', () => {
    const m = remapped();
    m.run('invlpg [0x400000]', 'mov eax, [0x400000]');
    expect(m.cpu.registers.eax).toBe(2);
  });

  test('loading CR3 drops all translations', () => {
    const m = remapped();
    m.cpu.registers.ecx = at.pageDirectory;
    m.run('mov cr3, ecx', 'mov eax, [0x400000]');
    expect(m.cpu.registers.eax).toBe(2);
  });

  test('with CR4.PGE global pages outlive a load of CR3, and not INVLPG', () => {
    const m = machine({ pages: [{ linear: PAGE, physical: FRAME, flags: 'P W U G' }] });
    m.cpu.registers.cr4 = 0x80;
    m.memory.writePhysical32(FRAME, 1);
    m.memory.writePhysical32(FRAME + 0x1000, 2);
    m.cpu.registers.ecx = at.pageDirectory;
    m.run('mov eax, [0x400000]');
    m.map({ linear: PAGE, physical: FRAME + 0x1000, flags: 'P W U G' });
    m.run('mov cr3, ecx', 'mov eax, [0x400000]');
    expect(m.cpu.registers.eax).toBe(1);
    m.run('invlpg [0x400000]', 'mov eax, [0x400000]');
    expect(m.cpu.registers.eax).toBe(2);
  });

  test('a translation that lost its rights in memory only is looked up again before it faults', () => {
    const m = machine({ cpl: 3, pages: [{ linear: PAGE, physical: FRAME, flags: 'P U' }] });
    m.run('mov eax, [0x400000]');
    m.map({ linear: PAGE, physical: FRAME, flags: 'P W U' });
    expect(m.run('mov [0x400000], eax')).toBe('no fault');
  });
});
