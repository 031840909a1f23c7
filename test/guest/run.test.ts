/**
 * The guest on the embedded PC: its console as golden files (UPDATE=1 rewrites them), and the promise of determinism on
 * something larger than the kernels of test/unit/machine.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { replay } from '../../emulator/replay/replay.ts';
import { bootGuest } from '../kit/guest.ts';

const GOLDEN = join(import.meta.dirname, 'golden');

function expectGolden(name: string, actual: string): void {
  const path = join(GOLDEN, `${name}.txt`);
  if (process.env['UPDATE'] !== undefined || !existsSync(path)) {
    mkdirSync(GOLDEN, { recursive: true });
    writeFileSync(path, actual);
  }
  expect(actual).toBe(readFileSync(path, 'utf8'));
}

describe.each(['hello', 'rustshim'])('%s', (program) => {
  test('prints its golden console and exits with verdict 0', () => {
    const machine = bootGuest(program);
    expect(machine.run(200_000_000)).toEqual({ reason: 'exit', code: 0 });
    expectGolden(program, machine.serial.output.text());
  });

  test('touches no device that the board does not have', () => {
    const machine = bootGuest(program);
    machine.run(200_000_000);
    expect(machine.board.unimplemented.report()).toEqual([]);
  });
});

test('two runs of forktree, one of them in odd slices, reach the same state', () => {
  const [whole, cut] = [bootGuest('forktree'), bootGuest('forktree')];
  const end = 12_345_678;
  whole.run(end);
  for (let at = 0; at < end; at += 77_777) cut.run(at);
  cut.run(end);
  expect(cut.stateHash()).toBe(whole.stateHash());
});

test('a snapshot in the middle of forktree goes on like the run it was taken from', () => {
  const machine = bootGuest('forktree');
  machine.run(9_876_543);
  const snapshot = machine.save();
  machine.run(12_345_678);
  const hash = machine.stateHash();
  const other = bootGuest('hello');
  other.restore(snapshot);
  other.run(12_345_678);
  expect(other.stateHash()).toBe(hash);
});

test('a run with typed input replays from its journal', () => {
  const first = bootGuest('hello');
  first.run(1_000_000);
  first.serial.write(Buffer.from('typed while it boots'));
  first.keyboard.type('Keys too');
  first.run(1_400_000);
  first.poke(0x1f00000, Uint8Array.from([1, 2, 3]));
  first.run(1_700_000);
  const again = bootGuest('hello');
  replay(again, first.journal.entries, 1_700_000);
  expect(again.stateHash()).toBe(first.stateHash());
});
