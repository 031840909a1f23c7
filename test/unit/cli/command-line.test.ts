/** The command as a user runs it: bundled, in a process of its own. Bad input has a cause, a remedy and status 2. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guestElf } from '../../kit/guest.ts';
import { REPOSITORY } from '../../kit/repository.ts';
import { kernelFile } from '../machine/elf-file.ts';
import { CLI, exit, HLT, jump, lidt, outb, STI } from '../machine/code.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringside-cli-'));
const bundle = join(REPOSITORY, 'dist/cli-test.mjs');
const file = (name: string, bytes: Uint8Array | string): string => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};
const kernel = (name: string, ...code: readonly number[][]): string => file(name, kernelFile(code.flat()));

beforeAll(async () => {
  await build({
    entryPoints: [join(REPOSITORY, 'cli/main.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // What is loaded when asked for is not asked for here.
    external: ['../debug-adapter/server.ts', './break.ts'],
    banner: { js: "import { createRequire as c } from 'node:module'; const require = c(import.meta.url);" },
    logLevel: 'error',
  });
});

afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(bundle, { force: true });
});

function ringside(args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bundle, ...args], {
    input,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

describe('ringside run', () => {
  test('prints the console and exits with the verdict', () => {
    const hi = kernel('hi', outb(0x3f8, 0x48), outb(0x3f8, 0x69), outb(0x3f8, 0x0a), exit(0));
    expect(ringside(['run', '--kernel', hi])).toEqual({ status: 0, stdout: 'Hi\n', stderr: '' });
    expect(ringside(['run', '--kernel', kernel('seven', exit(7))]).status).toBe(7);
  });

  test('runs a program of the guest by name, with statistics', () => {
    const { status, stdout, stderr } = ringside(['run', 'hello', '--stats']);
    expect(status).toBe(0);
    expect(stdout).toContain('hello, world\n');
    expect(stderr).toMatch(/instructions {2}[\d,]+\n/);
    expect(stderr).toMatch(/boot {2}[\d,]+ to the first in ring 3/);
  });

  test('gives modules and words to the kernel', () => {
    const [guest, program] = [file('kernel.elf', guestElf('kernel')), file('hello.elf', guestElf('hello'))];
    const { status, stdout } = ringside(['run', '--kernel', guest, '--module', program, '--append', 'hello']);
    expect([status, stdout.includes('hello, world\n')]).toEqual([0, true]);
  });

  test.each([
    [
      'a guest that never ends',
      () => kernel('loop', jump(0)),
      124,
      /budget is used up: the guest has run 100,000 inst/,
    ],
    ['a guest that halts for ever', () => kernel('dead', CLI, HLT), 122, /halted with interrupts disabled after 2 /],
    ['a guest that waits for input', () => kernel('idle', STI, HLT), 121, /waits for input .* and there is no more/],
    [
      'a triple fault',
      () => kernel('triple', lidt(0x1ff000), [0x0f, 0x0b]),
      125,
      /first to last:\s+#UD invalid opcode/,
    ],
    ['a reset', () => kernel('reset', outb(0x64, 0xfe)), 123, /asked for a reset through the keyboard controller/],
  ])('tells of %s', (_, path, status, message) => {
    const result = ringside(['run', '--budget', '100k', '--kernel', path()]);
    expect(result.status).toBe(status);
    expect(result.stderr).toMatch(message);
  });

  test('stdin goes to the serial port', () => {
    const echo = kernel('echo', [0x66, 0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xf7, 0xb2, 0xf8, 0xec, 0xee, 0x3c, 0x71, 0x75, 0xef], exit(0)); // prettier-ignore
    expect(ringside(['run', '--kernel', echo], 'echo this, q')).toEqual({
      status: 0,
      stdout: 'echo this, q',
      stderr: '',
    });
  });

  test.each<[string, () => string[], RegExp]>([
    ['no program', () => ['run'], /Neither a program nor a kernel[^]*ringside run rustshim/],
    ['an unknown program', () => ['run', 'rustshin'], /no program "rustshin"[^]*The guest has .*rustshim/],
    [
      'a missing kernel',
      () => ['run', '--kernel', join(folder, 'none')],
      /Cannot read the kernel .*none: there is no such file/,
    ],
    ['a folder as kernel', () => ['run', '--kernel', folder], /it is a folder/],
    ['a missing module', () => ['run', 'hello', '--module', 'nowhere.elf'], /Cannot read the module nowhere\.elf/],
    [
      'a module that is nearly a program',
      () => ['run', 'hello', '--module', 'rustshin'],
      /no such file[^]*Did you mean "rustshim"\? The guest has/,
    ],
    ['an empty kernel', () => ['run', '--kernel', file('empty', '')], /empty is empty/],
    ['random bytes', () => ['run', '--kernel', file('random', 'not a kernel at all')], /neither an ELF file nor/],
    [
      'a truncated kernel',
      () => ['run', '--kernel', file('half', guestElf('kernel').subarray(0, 20_000))],
      /half is truncated/,
    ],
    [
      'a user program as kernel',
      () => ['run', '--kernel', file('user', guestElf('hello'))],
      /no Multiboot header in its first 8192/,
    ],
    [
      'too little memory',
      () => ['run', 'hello', '--memory', '2', '--module', file('big', new Uint8Array(2 ** 21))],
      /Give the machine more memory than/,
    ],
    ['a budget of nothing', () => ['run', 'hello', '--budget', 'lots'], /such as 5000000, 5M or 2G/],
    ['an unknown command', () => ['walk'], /unknown command 'walk'/],
    ['an unknown case', () => ['grade', 'nosuch'], /no grading case "nosuch"[^]*There are/],
    ['an unknown part', () => ['grade', '--part', 'Q'], /no part "Q"/],
    ['a case of another part', () => ['grade', 'hello', '--part', '4A'], /no case to run[^]*Leave out/],
    ['a file without cases', () => ['grade', '--cases', file('none.json', '{"cases":[]}')], /has no cases/],
    ['bad cases', () => ['grade', '--cases', file('cases.json', '{"cases":[{"name":1}]}')], /cases\.json, cases\.0\./],
  ])('%s is refused with a cause and a remedy', (_, args, message) => {
    const { status, stdout, stderr } = ringside(args());
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/at .*\(.*:\d+:\d+\)/);
  });
});

describe('ringside grade', () => {
  const cases = (expect: string): string =>
    file('own.json', JSON.stringify({ cases: [{ name: 'greeting', program: 'hello', part: 'A', points: 5, budget: 5e7, expect: [expect], verdict: 0 }] })); // prettier-ignore

  test('prints verdict and score, and writes JUnit XML', () => {
    const junit = join(folder, 'junit.xml');
    const { status, stdout } = ringside(['grade', '--cases', cases('hello, world'), '--junit', junit]);
    expect(status).toBe(0);
    expect(stdout.replace(/\d+\.\ds/, '0.1s')).toBe('greeting: OK (0.1s)\nPart A score: 5/5\n\nScore: 5/5\n');
    expect(readFileSync(junit, 'utf8')).toContain('<testsuite name="ringside" tests="1" failures="0"');
  });

  test('marks a failure in the transcript and has status 1', () => {
    const { status, stdout } = ringside(['grade', '--cases', cases('good bye')]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/greeting: FAIL[^]*No runnable environments in the system!\n {4}MISSING 'good bye'/);
    expect(stdout).toMatch(/Score: 0\/5\n$/);
  });
});

test.each([[['--help']], [['run', '--help']], [['grade', '--help']], [['dap', '--help']]])('%j has help', (args) => {
  const { status, stdout } = ringside(args);
  expect([status, stdout.startsWith('Usage: ringside')]).toEqual([0, true]);
});
