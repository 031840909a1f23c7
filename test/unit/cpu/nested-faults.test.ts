/** Intel SDM Vol. 3A, "Interrupt 8—Double Fault Exception (#DF)" and the shutdown after it. */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { CODE0, DATA3, at, machine, type TestMachine } from './test-machine.ts';

const DB = 1;
const DF = 8;
const TS = 10;
const NP = 11;
const GP = 13;
const PF = 14;
const PAGE = 0x40_0000;

test('#GP while #GP is delivered becomes #DF with error code 0', () => {
  const m = machine({ cpl: 3 });
  m.gate(GP, DATA3, 0, 0x8e);
  m.code('hlt');
  m.step();
  expect(m.handler).toBe(DF);
  expect(m.stack(2)).toEqual([0, at.code]);
});

test('#PF while #GP is delivered is served instead', () => {
  const m = machine({ cpl: 3, pages: [{ linear: PAGE, physical: at.gdt, flags: 'P W' }] });
  m.cpu.registers.gdtrBase = PAGE;
  m.cpu.registers.gdtrLimit = 0x1fff;
  // The handler's code segment stands in a missing page of the GDT.
  m.gate(GP, 0x1008, 0, 0x8e);
  m.code('hlt');
  m.step();
  expect(m.handler).toBe(PF);
  expect(m.stack(2)).toEqual([0, at.code]);
  expect(m.cpu.registers.cr2).toBe(PAGE + 0x1008);
});

test('a fault while #DF is delivered shuts the processor down, and the chain tells how', () => {
  const m = machine({ cpl: 3 });
  m.gate(PF, DATA3, 0, 0x8e);
  m.gate(DF, CODE0, 0, 0x0e);
  const stop = (m.code('mov eax, [0x400000]'), m.step());
  const where = { eip: at.code, cs: 0x1b, cr2: undefined };
  expect(stop).toEqual({
    reason: 'triple-fault',
    chain: [
      { ...where, vector: PF, errorCode: 4, cr2: PAGE },
      { ...where, vector: GP, errorCode: (DATA3 & ~3) | 1 },
      { ...where, vector: DF, errorCode: 0 },
      { ...where, vector: NP, errorCode: DF * 8 + 2 + 1 },
    ],
  });
  expect(m.step()).toEqual(stop);
});

test('a bad ring-0 stack turns a fault into #DF, and then into a triple fault', () => {
  const m = machine({ cpl: 3 });
  m.memory.writePhysical32(at.tss + 8, DATA3);
  m.code('hlt');
  const stop = m.step();
  expect(stop.reason).toBe('triple-fault');
  expect(stop.reason === 'triple-fault' && stop.chain.map(({ vector }) => vector)).toEqual([GP, TS, DF, TS]);
});

test('exceptionStops reports an exception before it is delivered; running on delivers it', () => {
  const m = machine({ cpl: 3 });
  m.cpu.exceptionStops = 1 << GP;
  m.code('hlt');
  expect(m.step()).toEqual({ reason: 'exception', vector: GP, errorCode: 0 });
  expect([m.cpu.registers.eip, m.cpu.instructionCount]).toEqual([at.code, 0]);
  expect(m.step()).toEqual({ reason: 'limit' });
  expect(m.handler).toBe(GP);
});

test('INT3 stops before delivery with EIP at the instruction', () => {
  const m = machine();
  m.cpu.exceptionStops = 1 << 3;
  m.code('int3');
  expect(m.step()).toEqual({ reason: 'exception', vector: 3, errorCode: undefined });
  expect(m.cpu.registers.eip).toBe(at.code);
  m.step();
  expect(m.handler).toBe(3);
  expect(m.stack(1)).toEqual([at.code + 1]);
});

test.each([
  { vector: 8, name: '#DF' },
  { vector: 13, name: '#GP' },
  { vector: 14, name: '#PF' },
])('an interrupt from outside is benign, though its vector is that of $name', ({ vector }) => {
  const m = machine({ eflags: 0x202, ports: { acknowledgeInterrupt: () => vector } });
  m.gate(vector, CODE0, at.handlers + vector, 0x0e);
  m.code('nop');
  m.cpu.interruptLine = true;
  m.step();
  // The error code of Bochs 2.7: EXT is set.
  expect([m.handler, m.stack(2)]).toEqual([NP, [vector * 8 + 3, at.code]]);
});

test('EXT is set for what INT1 raises, and not for INT3', () => {
  for (const [code, vector, errorCode] of [
    ['int1', 1, 11],
    ['int3', 3, 3 * 8 + 2],
  ] as const) {
    const m = machine();
    m.gate(vector, CODE0, at.handlers + vector, 0x0e);
    m.code(code);
    m.step();
    expect([m.handler, m.stack(1)]).toEqual([NP, [errorCode]]);
  }
});

describe('exceptionStops reports each exception of a delivery once, in their order', () => {
  /** All stops to the end of the instruction, and the state that is left; how it ends with no stops is beside it. */
  function stops(build: () => TestMachine): { seen: unknown[]; same: boolean } {
    const m = build();
    const plain = build();
    m.cpu.exceptionStops = -1;
    const seen: unknown[] = [];
    for (let count = 0; count < 8; count++) {
      const stop = m.step();
      if (stop.reason !== 'exception') {
        seen.push(stop.reason);
        break;
      }
      expect(m.cpu.instructionCount).toBe(0);
      seen.push(stop.before === undefined ? stop.vector : [stop.vector, ...stop.before.map(({ vector }) => vector)]);
    }
    m.cpu.exceptionStops = 0;
    plain.step();
    return { seen, same: isDeepStrictEqual(m.cpu.save(), plain.cpu.save()) };
  }

  test('#GP, and #DF for the one in its delivery', () => {
    const build = (): TestMachine => {
      const m = machine({ cpl: 3 });
      m.gate(GP, DATA3, 0, 0x8e);
      m.code('hlt');
      return m;
    };
    expect(stops(build)).toEqual({ seen: [GP, [DF, GP, GP], 'limit'], same: true });
  });

  test('#PF, #DF, shutdown', () => {
    const build = (): TestMachine => {
      const m = machine({ cpl: 3 });
      m.gate(PF, DATA3, 0, 0x8e);
      m.gate(DF, CODE0, 0, 0x0e);
      m.code('mov eax, [0x400000]');
      return m;
    };
    expect(stops(build)).toEqual({ seen: [PF, [DF, PF, GP], 'triple-fault'], same: true });
  });

  test('INT3 and the #NP of its gate', () => {
    const build = (): TestMachine => {
      const m = machine();
      m.gate(3, CODE0, at.handlers + 3, 0x0e);
      m.code('int3');
      return m;
    };
    expect(stops(build)).toEqual({ seen: [3, NP, 'limit'], same: true });
  });

  test('a debug trap and the #NP of its gate: the trap is still due', () => {
    const build = (): TestMachine => {
      const m = machine({ eflags: 0x102 });
      m.gate(DB, CODE0, at.handlers + 1, 0x0e);
      m.code('nop', 'nop');
      m.step();
      m.cpu.instructionCount = 0;
      return m;
    };
    expect(stops(build)).toEqual({ seen: [DB, [NP, DB], 'limit'], same: true });
  });

  test('a breakpoint of the guest', () => {
    const build = (): TestMachine => {
      const m = machine();
      m.cpu.registers.dr0 = at.code;
      m.cpu.registers.dr7 = 0x402;
      m.gate(DB, CODE0, at.handlers + 1, 0x0e);
      m.code('nop');
      return m;
    };
    expect(stops(build)).toEqual({ seen: [DB, [NP, DB], 'limit'], same: true });
    const m = build();
    m.gate(DB, CODE0, at.handlers + 1, 0x8e);
    m.cpu.exceptionStops = 1 << DB;
    expect([m.step().reason, m.step().reason, m.handler]).toEqual(['exception', 'limit', DB]);
  });

  test('a hardware interrupt is acknowledged once, whatever its delivery raises, also across a snapshot', () => {
    let acknowledged = 0;
    const build = (): TestMachine => {
      const m: TestMachine = machine({
        eflags: 0x202,
        ports: {
          acknowledgeInterrupt: () => {
            m.cpu.interruptLine = false;
            acknowledged++;
            return 0x21;
          },
        },
      });
      m.gate(0x21, CODE0, at.handlers + 0x21, 0x0e);
      m.code('nop');
      m.cpu.interruptLine = true;
      return m;
    };
    expect(stops(build)).toEqual({ seen: [[NP, 0x21], 'limit'], same: true });
    expect(acknowledged).toBe(2);
    const m = build();
    m.cpu.exceptionStops = -1;
    m.step();
    const other = build();
    other.cpu.exceptionStops = -1;
    other.cpu.restore(m.cpu.save());
    expect(other.step()).toEqual({
      reason: 'exception',
      vector: NP,
      errorCode: 0x21 * 8 + 3,
      before: expect.anything() as unknown,
    });
    other.step();
    expect([other.handler, acknowledged]).toEqual([NP, 3]);
  });
});
