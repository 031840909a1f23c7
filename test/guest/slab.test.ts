/** The slab allocator's own tests: Rust, on the host, without the guest. `cd guest/slab && cargo test` is the same. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../kit/repository.ts';

const candidates = ['/usr/bin/cargo', 'cargo'].filter((path) => path === 'cargo' || existsSync(path));
const answers = (command: string): boolean => spawnSync(command, ['--version']).status === 0;
const cargo = answers('rustc') ? candidates.find(answers) : undefined;

test.skipIf(cargo === undefined)(
  `the allocator keeps its promises and agrees with a model of live blocks${cargo === undefined ? ' (no Rust toolchain here)' : ''}`,
  () => {
    const run = spawnSync(cargo!, ['test', '--quiet', '--offline', '--tests'], {
      cwd: join(REPOSITORY, 'guest/slab'),
      encoding: 'utf8',
    });
    expect(run.status, `${run.stdout}\n${run.stderr}`).toBe(0);
    expect(run.stdout).toContain('test result: ok');
  },
  300_000,
);
