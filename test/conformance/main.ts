/**
 * `npm run conformance -- FILE…`: runs vector files of any known format, prints each mismatch and ends with
 * `N passed, M failed`. Exit status 1 when something failed, 2 when a file could not be read.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { HwVector } from './hwvec.ts';
import { HwVectorMachine } from './hwvec.ts';
import { readVectors } from './vector-file.ts';

const OWN_BASE = join('test', 'conformance', 'vectors', 'hwvec', 'base.bin');

function baseFor(file: string): Uint8Array {
  const beside = join(dirname(file), 'base.bin');
  return readFileSync(existsSync(beside) ? beside : OWN_BASE);
}

function runFile(file: string): { passed: number; failed: number } {
  let passed = 0;
  let failed = 0;
  const machine = new HwVectorMachine(baseFor(file));
  readVectors(file).forEach((record, index) => {
    const vector = record as HwVector;
    const differences = machine.run(vector);
    if (differences.length === 0) passed++;
    else {
      failed++;
      console.log(`${file}:${String(index + 1)} ${vector.n} ${vector.c}\n  ${differences.slice(0, 8).join('\n  ')}`);
    }
  });
  return { passed, failed };
}

let passed = 0;
let failed = 0;
for (const file of process.argv.slice(2)) {
  const result = runFile(file);
  passed += result.passed;
  failed += result.failed;
}
console.log(`${String(passed)} passed, ${String(failed)} failed`);
process.exitCode = failed === 0 ? 0 : 1;
