import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { qemuConsole } from '../../../cli/grade/qemu-console.ts';

it('takes a long console output byte by byte while nobody reads', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringside-console-'));
  const { readable, writeEnd, started } = qemuConsole(folder);
  // dd ends with an error where a write that must not wait would have to: QEMU would lose the character.
  const dd = spawnSync('dd', ['if=/dev/zero', 'bs=1', 'count=20000', 'oflag=nonblock', 'status=none'], {
    stdio: ['ignore', writeEnd, 'pipe'],
    encoding: 'utf8',
  });
  started();
  expect([dd.status, dd.stderr]).toEqual([0, '']);
  let bytes = 0;
  for await (const chunk of readable) bytes += (chunk as Buffer).length;
  expect(bytes).toBe(20000);
  rmSync(folder, { recursive: true });
});
