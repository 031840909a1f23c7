/** `make grade` as a test: every case on the embedded PC, and the same verdicts under QEMU where there is one. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCases } from '../../cli/grade/cases.ts';
import { gradeCase } from '../../cli/grade/grader.ts';
import { nodeFiles } from '../../debug-adapter/node-files.ts';
import { qemuMissing } from '../kit/qemu.ts';
import { REPOSITORY } from '../kit/repository.ts';

const cases = readCases(join(REPOSITORY, 'guest/grade/cases.json'));
if (!cases.ok) throw new Error(cases.failure.cause);
const names = cases.value.map((each) => each.name);
const TIMEOUT_MS = 300_000;

async function problemOf(name: string, qemu: boolean): Promise<string | undefined> {
  const image = await nodeFiles(REPOSITORY).guestImage();
  if (!image.ok) throw new Error(image.failure.cause);
  const each = cases.ok ? cases.value.find((one) => one.name === name)! : undefined!;
  return (await gradeCase(each, image.value, { memoryBytes: 32 << 20, qemu })).problem;
}

test('names are unique, and every case gives points', () => {
  expect(new Set(names).size).toBe(names.length);
  expect(cases.ok && cases.value.every(({ points }) => points > 0)).toBe(true);
});

describe('on the embedded PC', () => {
  test.each(names)('%s', async (name) => expect(await problemOf(name, false)).toBeUndefined(), TIMEOUT_MS);
});

describe.skipIf(qemuMissing)(`under QEMU${qemuMissing ? ' (qemu-system-i386 is not installed)' : ''}`, () => {
  test.each(names)('%s', async (name) => expect(await problemOf(name, true)).toBeUndefined(), TIMEOUT_MS);
});
