/**
 * What the other checks do not see: long files, loose ends, and words that do not belong in the project.
 * Run: `node scripts/tidy.mjs`. A row is an error.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const LINES_MAX = 600;
/** Files that may run longer: tables, as long as their facts. */
const TABLES = [/opcodes?(-[\w]+)?\.ts$/, /generated/, /fixtures\//];

//  what                            files                    pattern
const rules = [
  ['an open end', /\.(ts|rs|mjs|S)$/, /\b(TODO|FIXME|XXX)\b|\btodo!\(|\bunimplemented!\(/],
  ['a test that does not run', /\.test\.ts$/, /\b(test|it|describe)\.(only|todo)\(/],
  ['a sleep in a test', /test\/(unit|conformance|guest)\/.*\.ts$/, /setTimeout\(\s*resolve/],
  [
    'a host clock in the emulator',
    /^emulator\//,
    /\bDate\b(?!sheet)\s*[.(]|Math\.random|performance\.now|setTimeout|setImmediate/,
  ],
];

const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\0')
  .filter((file) => /\.(ts|rs|mjs|S|sh)$/.test(file));

let problems = 0;
const report = (where, what) => {
  problems++;
  console.error(`${where}: ${what}`);
};

for (const file of files) {
  let text;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    continue; // deleted in the work tree
  }
  const lines = text.split('\n');
  if (lines.length > LINES_MAX && !TABLES.some((table) => table.test(file))) {
    report(file, `${lines.length} lines: is there a second idea in it? (at most ${LINES_MAX})`);
  }
  if (file === 'scripts/tidy.mjs') continue;
  for (const [what, applies, pattern] of rules) {
    if (!applies.test(file)) continue;
    lines.forEach((line, index) => {
      if (pattern.test(line)) report(`${file}:${index + 1}`, `${what}: ${line.trim()}`);
    });
  }
}

if (problems > 0) process.exit(1);
