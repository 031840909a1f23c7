/** `ringside run --break`: stops printed beside the console, and the run goes on to its verdict. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../kit/repository.ts';

function run(...args: string[]): { status: number | null; out: string; error: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(REPOSITORY, 'dist/cli.js'), 'run', ...args], {
    encoding: 'utf8',
    input: '',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { status, out: stdout, error: stderr };
}

test('a stop shows stack across the trap, registers, heap and pages, and the program ends as without', () => {
  const { status, out, error } = run(
    'rustshim',
    '--break',
    'kernel!sys_page_alloc',
    '--show',
    'stack,registers,heap,pages',
  );
  expect(error).not.toMatch(/ringside: (?!stop)/);
  expect(status).toBe(0);
  const all = out + error;
  expect(all).toMatch(/rustshim: (\d+) of \1 checks passed/);
  const stops = all.split('stop at kernel!sys_page_alloc').slice(1);
  expect(stops.length).toBeGreaterThan(50);
  expect(stops[0]).toMatch(
    /#0 +0xf01[0-9a-f]{5} kernel::syscall::page::sys_page_alloc\(.*va=268435456, perm=7\) at kernel\/src\/syscall\/page\.rs:\d+/,
  );
  expect(stops[0]).toMatch(/--- sys_page_alloc\(envid=0, va=0x10000000, perm=7\) ---/);
  expect(stops[0]).toMatch(/rustshim::open_journal\(title="rustshim", free_at_start=\d+\)/);
  expect(stops[0]).toMatch(/eflags +0x[0-9a-f]{8}/);
  expect(stops[0]).toMatch(/heap of rustshim: 0 bytes allocated, 0 pages/);
  expect(stops[1]).toMatch(/64 bytes: 0x10000000 partial 1\/63/);
  expect(stops[1]).toMatch(/0x10000000-0x10000fff -> 0x[0-9a-f]{8} P W U A D +user heap/);
});

test('a line, and a place that no image knows', () => {
  const line = run('hello', '--break', 'hello.rs:10', '--show', 'stack');
  expect(line.out + line.error).toMatch(/stop at hello\.rs:10[\s\S]*#0 .* hello::main\(\)/);
  const unknown = run('hello', '--break', 'nowhere');
  expect(unknown.status).toBe(2);
  expect(unknown.error).toMatch(/"nowhere"[\s\S]*Write a function/);
});

test.each([
  ['a function', 'kernel!sys_cputz', /Did you mean "sys_cputs"\?/],
  ['an image', 'kernal!trap', /The images are kernel, hello\./],
  ['a line', 'page.rs:9999', /no code at or after line 9999 of page\.rs\.\s+Choose an earlier line/],
])('%s that is nearly right is refused with what is there', (_, where, message) => {
  const { status, error } = run('hello', '--break', where);
  expect(status).toBe(2);
  expect(error).toMatch(message);
});
