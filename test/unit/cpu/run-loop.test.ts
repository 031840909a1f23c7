/** Interrupts, halting, budgets, probes, self-modifying code, snapshots: what cpu.ts promises. */
import { describe, expect, test } from 'vitest';
import { CODE0, DATA0, at, machine } from './test-machine.ts';

const IF = 0x200;

describe('hardware interrupts', () => {
  test('are taken at the first boundary with IF set, and count one', () => {
    const m = machine({ eflags: IF | 2 });
    m.code('nop', 'nop');
    m.step();
    m.cpu.interruptLine = true;
    m.step();
    expect([m.handler, m.cpu.instructionCount]).toEqual([0x20, 2]);
    expect(m.stack(1)).toEqual([at.code + 1]);
  });

  test('wait while IF is clear, and one more instruction after STI', () => {
    const m = machine();
    m.code('nop', 'sti', 'nop', 'nop');
    m.cpu.interruptLine = true;
    m.step(4);
    expect(m.handler).toBe(0x20);
    expect(m.stack(1)).toEqual([at.code + 3]);
  });

  test('are not taken between MOV SS and the instruction after it', () => {
    const m = machine({ eflags: IF | 2 });
    m.code('mov ss, ax', 'nop', 'nop');
    m.cpu.registers.eax = DATA0;
    m.step();
    m.cpu.interruptLine = true;
    m.step(2);
    expect(m.stack(1)).toEqual([at.code + 3]);
  });

  test('an interrupt that rises in a port access is taken after that instruction', () => {
    const m = machine({
      eflags: IF | 2,
      ports: {
        readPort: () => {
          m.cpu.interruptLine = true;
          return 0;
        },
      },
    });
    m.code('in al, dx', 'nop', 'nop');
    m.step(2);
    expect(m.stack(1)).toEqual([at.code + 1]);
  });

  test('a window access that raises one ends the block there too', () => {
    const m = machine({
      eflags: IF | 2,
      pages: [{ linear: 0x40_0000, physical: 0xa0000, flags: 'P W' }],
      ports: {
        writeMmio: () => {
          m.cpu.interruptLine = true;
        },
      },
    });
    m.code('mov [0x400000], eax', 'nop', 'nop');
    m.step(2);
    expect(m.stack(1)).toEqual([at.code + 5]);
  });

  test('HLT stops the run until one comes', () => {
    const m = machine({ eflags: IF | 2 });
    m.code('hlt', 'nop');
    expect(m.step(5)).toEqual({ reason: 'halted' });
    expect([m.cpu.instructionCount, m.cpu.halted]).toEqual([1, true]);
    expect(m.step()).toEqual({ reason: 'halted' });
    m.cpu.interruptLine = true;
    expect(m.step()).toEqual({ reason: 'limit' });
    expect([m.handler, m.cpu.halted]).toEqual([0x20, false]);
    expect(m.stack(1)).toEqual([at.code + 1]);
  });

  test('STI HLT does not lose an interrupt that was waiting', () => {
    const m = machine();
    m.code('sti', 'hlt');
    m.cpu.interruptLine = true;
    m.step(3);
    expect(m.stack(1)).toEqual([at.code + 2]);
  });
});

describe('self-modifying code', () => {
  test('a write to the next instruction of the running block is seen by it', () => {
    const m = machine();
    m.cpu.registers.ebx = at.code + 3;
    m.cpu.registers.eax = 0x40;
    m.code('mov [ebx], al', 'nop', 'nop', 'nop');
    m.step(2);
    expect(m.cpu.registers.eax).toBe(0x40);
    m.step();
    expect(m.cpu.registers.eax).toBe(0x41);
  });

  test('a write through another mapping of the page is seen too', () => {
    const m = machine({ pages: [{ linear: 0x40_0000, physical: at.code, flags: 'P W' }] });
    const loop = m.code('nop', 'jmp eax');
    m.cpu.registers.eax = loop;
    m.step(4);
    m.cpu.registers.ebx = 0x40_0000;
    m.cpu.registers.ecx = 0x43;
    m.codeAt(at.code + 0x800, 'mov [ebx], cl', 'jmp eax');
    m.cpu.registers.eip = at.code + 0x800;
    m.step(3);
    expect(m.cpu.registers.ebx).toBe(0x40_0001);
  });

  test('a write from outside (DMA, a debugger) drops decoded code', () => {
    const m = machine();
    m.code('nop', 'nop');
    m.step();
    m.memory.writePhysical8(at.code + 1, 0x40);
    m.step();
    expect(m.cpu.registers.eax).toBe(1);
  });

  test('data beside code does not drop it', () => {
    const m = machine();
    m.cpu.registers.ebx = at.code + 0x800;
    m.code('mov [ebx], al', 'jmp ecx');
    m.cpu.registers.ecx = at.code;
    // What runs once is decoded and not kept.
    m.step(4);
    const decoded = m.cpu.blocksDecoded;
    m.step(100);
    expect(m.cpu.blocksDecoded).toBe(decoded);
  });
});

describe('code probes', () => {
  test('stop before the instruction, and let a new run leave it', () => {
    const m = machine();
    m.code('nop', 'nop', 'nop');
    m.step(3);
    m.cpu.registers.eip = at.code;
    const id = m.cpu.probes.addCode({ linear: at.code + 1 });
    expect(m.step(3)).toEqual({ reason: 'probe', probes: [id] });
    expect(m.cpu.registers.eip).toBe(at.code + 1);
    expect(m.step(1)).toEqual({ reason: 'limit' });
    m.cpu.probes.remove(id);
    m.cpu.registers.eip = at.code;
    expect(m.step(2)).toEqual({ reason: 'limit' });
  });

  test('match one address space, or a physical address in all', () => {
    const m = machine({ pages: [{ linear: 0x40_0000, physical: at.code, flags: 'P W' }] });
    m.cpu.probes.addCode({ linear: at.code + 1, space: 0x5000 });
    const here = m.cpu.probes.addCode({ linear: at.code + 1, space: at.pageDirectory });
    const physical = m.cpu.probes.addCode({ physical: at.code + 1 });
    m.code('nop', 'nop');
    expect(m.step(2)).toEqual({ reason: 'probe', probes: [here, physical] });
    m.cpu.registers.eip = 0x40_0000;
    expect(m.step(2)).toEqual({ reason: 'probe', probes: [physical] });
  });

  test('are judged in the state before their instruction, and passed at the same count as without them', () => {
    const m = machine();
    m.code('nop', 'inc edx', 'jmp ecx');
    m.cpu.registers.ecx = at.code + 1;
    m.cpu.registers.edx = 0;
    const id = m.cpu.probes.addCode({ linear: at.code + 1 });
    const seen: unknown[] = [];
    m.cpu.probeJudge = {
      stopsAt: (probes) => {
        const { eip, edx } = m.cpu.registers;
        seen.push([probes, eip, edx, m.cpu.instructionCount]);
        return edx === 3;
      },
      diverted: () => seen.push('diverted'),
    };
    expect(m.step(50)).toEqual({ reason: 'probe', probes: [id] });
    expect(seen).toEqual([0, 1, 2, 3].map((edx) => [[id], at.code + 1, edx, 1 + 2 * edx]));
    expect([m.cpu.registers.eip, m.cpu.instructionCount]).toEqual([at.code + 1, 7]);
  });

  test('a judge is told when a fault or an interrupt comes before the instruction it let pass', () => {
    const m = machine({ eflags: IF | 2 });
    m.code('nop', 'mov eax, [0x400000]', 'nop');
    m.cpu.probes.addCode({ linear: at.code + 1 });
    const seen: unknown[] = [];
    m.cpu.probeJudge = {
      stopsAt: () => seen.push('judged') === 0,
      diverted: () => seen.push(['diverted', m.cpu.registers.eip, m.cpu.instructionCount]),
    };
    m.step(2);
    expect([m.handler, seen]).toEqual([14, ['judged', ['diverted', at.code + 1, 1]]]);
    m.cpu.registers.eip = at.code + 1;
    m.cpu.registers.eflags = IF | 2;
    seen.length = 0;
    m.cpu.probeJudge.stopsAt = () => {
      m.cpu.interruptLine = true;
      return seen.push('judged') === 0;
    };
    m.cpu.run(m.cpu.instructionCount + 1, false);
    expect([m.handler, seen]).toEqual([0x20, ['judged', ['diverted', at.code + 1, 2]]]);
  });

  test('what a judge writes is what runs', () => {
    const m = machine();
    m.code('nop', 'nop', 'nop');
    m.step(3);
    m.cpu.registers.eip = at.code;
    m.cpu.probes.addCode({ linear: at.code + 1 });
    m.cpu.probeJudge = {
      stopsAt: () => {
        m.memory.load(at.code + 1, Uint8Array.of(0x40)); // inc eax
        return false;
      },
      diverted: () => undefined,
    };
    m.step(3);
    expect(m.cpu.registers.eax).toBe(1);
  });
});

test('requestStop from a port access stops after that instruction', () => {
  const m = machine({ ports: { writePort: () => m.cpu.requestStop() } });
  m.code('out dx, al', 'nop');
  expect(m.step(2)).toEqual({ reason: 'requested' });
  expect([m.cpu.registers.eip, m.cpu.instructionCount]).toEqual([at.code + 1, 1]);
});

test('RDTSC is the instruction count plus what WRMSR added', () => {
  const m = machine();
  m.code('nop', 'nop', 'rdtsc', 'wrmsr', 'rdtsc');
  m.step(3);
  expect(m.cpu.registers.eax).toBe(2);
  m.cpu.registers.eax = 0xffff_ffff;
  m.cpu.registers.edx = 5;
  m.cpu.registers.ecx = 0x10;
  m.step(2);
  expect([m.cpu.registers.eax, m.cpu.registers.edx]).toEqual([0, 6]);
});

test('a repeated string instruction resumes where a page fault stopped it', () => {
  const m = machine({ pages: [{ linear: 0x40_0000, physical: 0x60000, flags: 'P W U' }] });
  m.cpu.registers.edi = 0x40_0ff0;
  m.cpu.registers.ecx = 8;
  m.cpu.registers.eax = 0x5a5a_5a5a;
  expect(m.run('rep stosd [edi]')).toEqual({ vector: 14, errorCode: 2, cr2: 0x40_1000 });
  expect([m.cpu.registers.edi, m.cpu.registers.ecx, m.cpu.registers.eip]).toEqual([0x40_1000, 4, at.code]);
  m.map({ linear: 0x40_1000, physical: 0x61000, flags: 'P W U' });
  expect(m.run('rep stosd [edi]')).toBe('no fault');
  expect([m.memory.readPhysical32(0x60ffc), m.memory.readPhysical32(0x6100c)]).toEqual([0x5a5a_5a5a, 0x5a5a_5a5a]);
  expect(m.cpu.registers.ecx).toBe(0);
});

test('a repeat with many iterations counts one for every 4096', () => {
  const m = machine({ real: true });
  m.cpu.registers.ecx = 10_000;
  m.memory.load(0x7c00, Uint8Array.of(0xf3, 0x26, 0xac));
  m.step();
  expect([m.cpu.registers.ecx, m.cpu.registers.eip]).toEqual([10_000 - 4096, 0x7c00]);
  m.step(2);
  expect([m.cpu.registers.ecx, m.cpu.registers.eip]).toEqual([0, 0x7c03]);
  expect(CODE0).toBe(8);
});
