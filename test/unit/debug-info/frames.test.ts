/** Call frame information against readelf, and unwinding where there is none. */
import { describe, expect, test } from 'vitest';
import type { FrameContext } from '../../../debug-adapter/debug-info/index.ts';
import { debugInfo, elfPath, fixtureNames, guestNames, hasTool, run } from './kit.ts';

const registers = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi', 'ra', 'eflags'];

describe.runIf(hasTool('readelf'))('readelf --debug-dump=frames-interp', () => {
  test.each([...fixtureNames, ...guestNames])('%s: every row has the same rules', (name) => {
    const info = debugInfo(name);
    const output = run('readelf', '--debug-dump=frames-interp', '--wide', elfPath(name));
    let columns: string[] = [];
    let compared = 0;
    const wrong: string[] = [];
    for (const text of output.split('\n')) {
      if (/^\s+LOC\s+CFA/.test(text)) columns = text.trim().split(/\s+/).slice(2);
      const row = /^([0-9a-f]{8}) (\S+)\s+(.*)$/.exec(text);
      if (row === null || columns.length === 0 || / (CIE|FDE) /.test(text)) continue;
      const address = parseInt(row[1]!, 16);
      // What the linker dropped was left at address 0.
      if (info.elf.symbolAt(address) === undefined) continue;
      const found = info.unwindRowAt(address);
      const cfa =
        found?.cfa.kind === 'register-offset' ? `${registers[found.cfa.register]!}+${found.cfa.offset}` : 'exp';
      if (found === undefined || cfa !== row[2]) {
        wrong.push(`${row[1]!}: ${cfa}, not ${row[2]!}`);
        continue;
      }
      const cells = row[3]!.trim().split(/\s+/);
      columns.forEach((register, index) => {
        const rule = found.registers.get(registers.indexOf(register));
        const text =
          rule?.kind === 'offset'
            ? `c${rule.offset >= 0 ? '+' : ''}${rule.offset}`
            : rule === undefined || rule.kind === 'undefined'
              ? 'u'
              : rule.kind === 'same'
                ? 's'
                : 'exp';
        if (text !== cells[index]!.replace(/^vexp$/, 'exp'))
          wrong.push(`${row[1]!} ${register}: ${text}, not ${cells[index]!}`);
      });
      compared++;
    }
    expect(wrong.slice(0, 10)).toEqual([]);
    expect(compared).toBeGreaterThan(5);
  });
});

/** A stack of words from `esp` up. */
function stackFrame(name: string, pc: number, esp: number, ebp: number, words: readonly number[]): FrameContext {
  const info = debugInfo(name);
  const values = new Map([
    [4, esp],
    [5, ebp],
    [8, pc],
  ]);
  return {
    pc,
    register: (number) => values.get(number),
    readMemory(address, size) {
      if (address >= esp && address + size <= esp + words.length * 4) {
        return new Uint8Array(Uint32Array.from(words).buffer, address - esp, size).slice();
      }
      return info.elf.readLoaded(address, size);
    },
  };
}

describe('assembly without call frame information', () => {
  const info = debugInfo('c4-O0');
  const entry = info.elf.symbolNamed('stub_entry')!.address;
  const leaf = info.elf.symbolNamed('stub_leaf')!.address;
  const afterCall = entry + 8;
  const back = 0x0804_9100;

  test.each<[string, number, number[], string]>([
    ['at the entry', entry, [back, 1], 'prologue'],
    ['after push %ebp', entry + 1, [0x2000, back, 1], 'prologue'],
    ['in the body', entry + 3, [0x2000, back, 1], 'frame-pointer'],
    ['at ret', leaf - 1, [back, 1], 'prologue'],
  ])('%s the caller is found', (_, pc, words, how) => {
    const esp = 0x1000;
    const inBody = how === 'frame-pointer';
    const caller = info.unwind(stackFrame('c4-O0', pc, esp, inBody ? esp : 0x3000, words));
    if (!caller.ok) throw new Error(caller.failure.cause);
    expect(caller.value).toMatchObject({ how, pc: back - 1, cfa: esp + 4 * words.indexOf(1) });
    expect(caller.value.register(8)).toBe(back);
    expect(caller.value.register(5)).toBe(words.length === 3 ? 0x2000 : 0x3000);
  });

  test('a leaf that sets up no frame is left by the return address on top of the stack', () => {
    const caller = info.unwind(stackFrame('c4-O0', leaf + 5, 0x1000, 0x1008, [afterCall, 7, 0x2000, back]));
    if (!caller.ok) throw new Error(caller.failure.cause);
    expect(caller.value.register(8)).toBe(afterCall);
    expect(caller.value.register(5)).toBe(0x1008);
  });

  test.each<[string, number, number[]]>([
    ['ebp is 0', 0, [1, 2]],
    ['ebp points below the stack pointer', 0x0800, [1, 2]],
    ['ebp is garbage', 0xdead_beef, [1, 2]],
    ['the return address is 0', 0x1000, [0x2000, 0]],
  ])('where %s the stack ends', (_, ebp, words) => {
    const caller = info.unwind(stackFrame('c4-O0', entry + 3, 0x1000, ebp, words));
    expect(caller.ok ? '' : caller.failure.id).toBe('stack-end');
  });
});
