/** Looking things up by name: types, statics, functions, files; layouts against gdb. */
import { describe, expect, test } from 'vitest';
import { resolved } from '../../../debug-adapter/debug-info/index.ts';
import type { StructType } from '../../../debug-adapter/debug-info/index.ts';
import { debugInfo, elfPath, guestNames, hasTool, run } from './kit.ts';

describe.runIf(hasTool('gdb'))('gdb sizeof and offsets', () => {
  test.each(['c4-O0', 'c5-O0', 'c4-types', 'c5-types-zlib', 'c5-dwarf64'])(
    '%s: structs are laid out the same',
    (name) => {
      const info = debugInfo(name);
      const structs = ['struct nested', 'struct list', 'struct point', 'Point', 'struct flags', 'union word'];
      const questions: { expression: string; expected: number }[] = [];
      for (const struct of structs) {
        const type = resolved(info.typeNamed(struct)) as StructType;
        expect(type.kind, struct).toBe('struct');
        questions.push({ expression: `sizeof(${struct})`, expected: type.sizeBytes });
        for (const member of type.members) {
          if (member.name === '' || member.bits !== undefined) continue;
          questions.push({ expression: `(unsigned)&((${struct} *)0)->${member.name}`, expected: member.offset });
          questions.push({
            expression: `sizeof(((${struct} *)0)->${member.name})`,
            expected: member.type?.sizeBytes ?? -1,
          });
        }
      }
      const answers = run(
        'gdb',
        '-nx',
        '-batch',
        ...questions.flatMap(({ expression }) => ['-ex', `output ${expression}`, '-ex', 'echo \\n']),
        elfPath(name),
      )
        .trim()
        .split('\n');
      expect(questions.map(({ expression, expected }) => `${expression} ${expected}`)).toEqual(
        questions.map(({ expression }, index) => `${expression} ${answers[index]!}`),
      );
      expect(questions.length).toBeGreaterThan(30);
    },
  );
});

test.each<[string, string, string | undefined, number]>([
  ['c4-O0', 'struct list *', 'struct list *', 4],
  ['c4-O0', 'Point[3]', 'Point [3]', 24],
  ['c4-O0', 'const char *', 'char *', 4],
  ['c4-O0', 'unsigned long long', 'unsigned long long', 8],
  ['c4-O0', 'uint8_t', 'uint8_t', 1],
  ['c4-O0', 'enum Color', 'enum Color', 4],
  ['c4-O0', 'struct nothing', undefined, 0],
  ['rust4', 'Point<i32>', 'shapes::kinds::Point<i32>', 8],
  ['rust4', 'kinds::Shape', 'shapes::kinds::Shape', 12],
  ['rust4', 'shapes::kinds::Shape', 'shapes::kinds::Shape', 12],
  ['rust4', 'Vec<u32>', 'alloc::vec::Vec<u32, alloc::alloc::Global>', 12],
  ['rust4', 'SysError', 'shapes::kinds::SysError', 1],
  ['rust4', '*const u32', '*const u32', 4],
  ['rust4', '&str', '&str', 8],
  ['rust4', '[u8; 16]', '[u8; 16]', 16],
  ['rust4', '*mut kinds::Shape', '*mut shapes::kinds::Shape', 4],
  ['rust4', 'other::Shape', undefined, 0],
])('%s: the type “%s” is %s', (name, query, expected, size) => {
  const type = debugInfo(name).typeNamed(query);
  expect(type?.name).toBe(expected);
  expect(type?.sizeBytes ?? 0).toBe(size);
});

test.each<[string, string, readonly string[]]>([
  ['rust4', 'double_it', ['shapes::double_it']],
  ['rust4', 'shapes::double_it', ['shapes::double_it']],
  ['rust4', 'other::double_it', []],
  ['rust4', 'generic', ['shapes::generic<u8>', 'shapes::generic<u32>']],
  ['rust4', 'generic<u8>', ['shapes::generic<u8>']],
  ['rust4', 'Point<u32>::moved', ['shapes::kinds::Point<u32>::moved']],
  ['rust4', 'Point::moved', ['shapes::kinds::Point<u32>::moved']],
  ['rust4', 'Dog::noise', ['<shapes::kinds::Dog as shapes::kinds::Animal>::noise']],
  ['rust4', '_start', ['shapes::_start']],
  ['c4-O2', 'work', ['work']],
  ['c4-O0', 'stub_leaf', []],
])('%s: the name “%s” means %s', (name, query, expected) => {
  expect(
    debugInfo(name)
      .functionsNamed(query)
      .map((found) => found.qualifiedName)
      .sort(),
  ).toEqual([...expected].sort());
});

test('a breakpoint on a function stands past its prologue, and wherever it was inlined', () => {
  const info = debugInfo('rust4');
  const [plain] = info.functionsNamed('double_it');
  expect(info.functionLocations('double_it')).toEqual([
    expect.objectContaining({ address: plain!.breakpointAddress, line: plain!.line + 1 }),
  ]);
  expect(plain!.breakpointAddress).toBeGreaterThan(plain!.entry);
  expect(info.functionsNamed('inlined_inner')).toEqual([]);
  const [inlined] = info.functionLocations('inlined_inner');
  expect(info.inlineFramesAt(inlined!.address).map((frame) => frame.name)).toEqual([
    'inlined_inner',
    'inlined_sum',
    '_start',
  ]);
});

test.each<[string, string | undefined]>([
  ['/src/fixture/shapes.c', '/src/fixture/shapes.c'],
  ['shapes.c', '/src/fixture/shapes.c'],
  ['fixture/shapes.h', '/src/fixture/shapes.h'],
  ['./shapes.c', '/src/fixture/shapes.c'],
  ['/src/fixture/../fixture/shapes.c', '/src/fixture/shapes.c'],
  ['/home/me/shapes.c', undefined],
  ['/home/me/src/fixture/shapes.c', '/src/fixture/shapes.c'],
  ['other.c', undefined],
])('the path %s means the file %s', (path, expected) => {
  expect(debugInfo('c4-O0').matchFile(path)).toBe(expected);
});

test('a path of another crate is not taken for this one', () => {
  const info = debugInfo('rust4');
  expect(info.sourceFiles()).toContain('src/main.rs');
  expect(info.matchFile('/anywhere/shapes/src/main.rs')).toBe('src/main.rs');
  expect(info.matchFile('/anywhere/shapes/src/other.rs')).toBeUndefined();
});

test.each(['rust4', 'rust5'])('%s: statics are found by path', (name) => {
  const info = debugInfo(name);
  const names = info.statics().map((variable) => variable.qualifiedName);
  expect(names).toEqual(
    expect.arrayContaining(['shapes::COUNTER', 'shapes::NAMES', 'shapes::heap::HEAP', 'shapes::ORIGIN']),
  );
  expect(names.filter((qualified) => qualified.includes('vtable'))).toEqual([]);
  expect(info.staticsNamed('heap::HEAP').map((variable) => variable.qualifiedName)).toEqual(['shapes::heap::HEAP']);
});

test('of two statics with one name, the one of the same unit comes first', () => {
  const info = debugInfo('c4-O0');
  const values = ['work', 'leave'].map((name) => {
    const [found] = info.staticsNamed('file_static', info.functionsNamed(name)[0]!.entry);
    const simple = found!.simpleLocation(0);
    return simple?.kind === 'address' ? info.elf.readLoaded(simple.address, 1)![0] : undefined;
  });
  expect(values).toEqual([249, 12]);
});

test.runIf(guestNames.includes('kernel.elf.gz'))(
  'the kernel: sys_page_alloc, its parameters and the types around it',
  () => {
    const info = debugInfo('kernel.elf.gz');
    const [found] = info.functionsNamed('sys_page_alloc');
    expect(found?.file).toMatch(/syscall/);
    expect(found?.parameters.length).toBeGreaterThan(0);
    const [location] = info.functionLocations('sys_page_alloc');
    expect(location!.address).toBeGreaterThan(found!.entry);
    expect(info.addressesOf(found!.file!, found!.line).map((place) => place.address)).toEqual([location!.address]);
    expect(info.warnings).toEqual([]);
  },
);
