import { describe, expect, test } from 'vitest';
import { parseInstructions, parseMemory, parseShow } from '../../../cli/options.ts';
import { conclude } from '../../../cli/report.ts';
import { KeyFilter } from '../../../cli/terminal.ts';

describe('values', () => {
  test.each([
    ['5000000', 5_000_000],
    ['5_000_000', 5_000_000],
    ['5M', 5_000_000],
    ['2.5g', 2_500_000_000],
    ['10k', 10_000],
  ])('%s instructions', (text, value) => expect(parseInstructions(text)).toBe(value));

  test.each(['', '0', '-1', '5MB', 'many', '1e9', '99999999999G'])('"%s" is no number of instructions', (text) =>
    expect(() => parseInstructions(text)).toThrow(/such as 5000000/),
  );

  test('memory is in MiB, and within what the machine can have', () => {
    expect([parseMemory('32'), parseMemory('64M')]).toEqual([32, 64]);
    for (const bad of ['1', '2048', '32G', '0x20', '']) expect(() => parseMemory(bad)).toThrow(/2 to 1024/);
  });

  test('what cannot be shown is named with what can', () => {
    expect(parseShow('stack,pages')).toEqual(['stack', 'pages']);
    expect(() => parseShow('stack,moon')).toThrow(/"moon" cannot be shown. Known are stack, registers, heap, pages/);
  });
});

describe('keys on a terminal', () => {
  const keys = (text: string) => new KeyFilter().feed(Buffer.from(text));

  test.each([
    ['ls\r', { bytes: [0x6c, 0x73, 0x0d], quit: false }],
    ['a\x01x', { bytes: [0x61], quit: true }],
    ['a\x03b', { bytes: [0x61], quit: true }],
    ['\x01c\x01\x01', { bytes: [3, 1], quit: false }],
    ['\x01z.', { bytes: [0x2e], quit: false }],
  ])('%j', (text, result) => expect(keys(text)).toEqual(result));

  test('the escape holds from one read to the next', () => {
    const filter = new KeyFilter();
    expect([filter.feed([1]), filter.feed([0x78])]).toEqual([
      { bytes: [], quit: false },
      { bytes: [], quit: true },
    ]);
  });
});

describe('how a run ends', () => {
  test.each([
    [{ reason: 'exit', code: 0 }, 0, undefined],
    [{ reason: 'exit', code: 1 }, 1, undefined],
    [{ reason: 'exit', code: 0xdead }, 99, undefined],
    [{ reason: 'limit' }, 124, /budget is used up: the guest has run 1,234 instructions/],
    [{ reason: 'idle' }, 121, /waits for input/],
    [{ reason: 'dead' }, 122, /interrupts disabled/],
    [{ reason: 'reset', by: 'port 92h' }, 123, /through the port 92h/],
  ] as const)('%j has status %i', (stop, status, message) => {
    const end = conclude(stop, 1234);
    expect(end.status).toBe(status);
    if (message) expect(end.message).toMatch(message);
    else expect(end.message).toBeUndefined();
  });

  test('a triple fault tells its chain', () => {
    const chain = [
      { vector: 14, errorCode: 2, eip: 0xf0100000, cs: 8, cr2: 0xdeadbeef },
      { vector: 13, errorCode: 0x72, eip: 0xf0100000, cs: 8, cr2: undefined },
    ];
    const { status, message } = conclude({ reason: 'triple-fault', chain }, 10);
    expect(status).toBe(125);
    expect(
      message
        ?.split('\n')
        .slice(1)
        .map((line) => line.trim()),
    ).toEqual([
      '#PF page fault error code 0x2 at address 0xdeadbeef, cs:eip 0x8:0xf0100000',
      '#GP general protection error code 0x72, cs:eip 0x8:0xf0100000',
    ]);
  });
});
