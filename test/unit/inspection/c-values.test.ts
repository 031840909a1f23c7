/** Values of C against the text gdb recorded for them, and statics against gdb on the file itself. */
import { describe, expect, test } from 'vitest';
import { childrenOf, renderValue, valueOfVariable } from '../../../debug-adapter/inspection/index.ts';
import { callerOf, debugInfo, elfPath, frameOf, hasTool, recordedStops, run } from '../debug-info/kit.ts';
import { stage, variable } from './kit.ts';

/** gdb's spelling made ours: eight hexadecimal digits, no octal characters, no inner symbol offsets in angle brackets. */
function normalised(text: string): string {
  return text
    .replace(/0x([0-9a-f]{1,8})\b/g, (_, digits: string) => `0x${digits.padStart(8, '0')}`)
    .replace(/ '(?:\\[0-7]{3}|\\[a-z"'\\])'/g, '')
    .replace(/\(int \(\*\)\([^)]*\)\) /g, '')
    .replace(/^\([^()]*\*\) /, '');
}

function gdbTypeName(name: string): string {
  return name
    .replace('{…}', '{...}')
    .replace('volatile const', 'const volatile')
    .replace('long long unsigned int', 'unsigned long long')
    .replace('long long int', 'long long');
}

test.each(['c4-O0', 'c5-O2'])('%s: locals read as in gdb', (name) => {
  const info = debugInfo(name);
  let compared = 0;
  for (const stop of recordedStops(name)) {
    let frame = frameOf(stop, info.elf);
    let inlines = [...info.inlineFramesAt(frame.pc)];
    for (const recorded of stop.frames) {
      if (inlines.length === 0) {
        frame = callerOf(info, frame)!;
        inlines = [...info.inlineFramesAt(frame.pc)];
      }
      const inline = inlines.shift()!;
      const context = {
        ...frame,
        symbolAt: (address: number) => {
          const symbol = info.elf.symbolAt(address);
          return symbol?.address === address ? symbol.name : undefined;
        },
      };
      for (const expected of recorded.variables) {
        const found = inline.variablesAt(frame.pc).find((candidate) => candidate.name === expected.name)!;
        const text = renderValue(valueOfVariable(found, context)).text;
        const where = `${stop.name} ${inline.name} ${expected.name}`;
        if (expected.type.startsWith('unsigned char [')) continue;
        else {
          expect(text, where).toBe(normalised(expected.text));
          compared++;
        }
      }
    }
  }
  expect(compared).toBeGreaterThan(20);
});

describe.runIf(hasTool('gdb'))('gdb on the file', () => {
  test.each(['c4-O0', 'c5-O0', 'c4-types', 'c5-types-zlib', 'c5-dwarf64'])(
    '%s: statics have the same text and type',
    (name) => {
      const info = debugInfo(name);
      const names = [
        'global_counter',
        'greeting',
        'letters',
        'origin',
        'page',
        'favourite',
        'negative',
        'ratio',
        'small_ratio',
        'huge',
        'huge_unsigned',
        'truth',
        'function_pointer',
        'third',
        'second',
        'hardware',
        'pointer_to_counter',
        'array_of_pointers',
        'big.corners',
        'big.matrix',
        'big.word.whole',
        'big.anonymous_member',
        'big.wide',
      ];
      const output = run(
        'gdb',
        '-nx',
        '-batch',
        '-ex',
        'set print repeats unlimited',
        '-ex',
        'set print null-stop on',
        ...names.flatMap((expression) => [
          '-ex',
          `output ${expression}`,
          '-ex',
          'echo \\n',
          '-ex',
          `whatis ${expression}`,
        ]),
        elfPath(name),
      )
        .trimEnd()
        .split('\n');
      const at = stage('c4-O0', 'start');
      const context = {
        ...at.context,
        readMemory: (address: number, size: number) => info.elf.readLoaded(address, size),
        symbolAt: (address: number) => info.elf.symbolAt(address)?.name,
      };
      names.forEach((expression, index) => {
        const [first, ...rest] = expression.split('.');
        let value = valueOfVariable(info.staticsNamed(first!)[0]!, context);
        for (const field of rest) value = childrenOf(value).find((child) => child.name === field)!.value;
        const rendered = renderValue(value);
        expect(rendered.text, expression).toBe(normalised(output[index * 2]!));
        expect(gdbTypeName(rendered.typeName), expression).toBe(output[index * 2 + 1]!.replace('type = ', ''));
      });
    },
  );
});

test('a pointer to a struct has the struct’s fields as children, by `->`', () => {
  const cursor = variable(stage('c4-O0', 'work'), 'cursor');
  expect(childrenOf(cursor).map((child) => [child.name, child.value.evaluateName])).toEqual([
    ['next', 'cursor->next'],
    ['name', 'cursor->name'],
    ['id', 'cursor->id'],
  ]);
});
