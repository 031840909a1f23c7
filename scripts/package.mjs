/**
 * One VSIX with everything inside: bundles, guest image, guest sources. `node scripts/package.mjs [OUT.vsix]`
 *
 * Invariant: no node_modules and no native code go in, and the whole stays under SIZE_BYTES_MAX.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createVSIX } from '@vscode/vsce';

const SIZE_BYTES_MAX = 10 * 1024 * 1024;
const out = process.argv[2] ?? 'dist/ringside.vsix';

mkdirSync('dist', { recursive: true });
execFileSync(process.execPath, ['scripts/build.mjs', '--minify'], { stdio: 'inherit' });
// The extension page shows no files of the package: no picture there, and links to files become their names.
const readme = readFileSync('README.md', 'utf8')
  .replace(/^!\[.*\]\(docs\/.*\)\n\n/m, '')
  .replace(/\[([^\]]+)\]\((?!https?:)[^)]+\)/g, '$1');
writeFileSync('dist/readme.md', readme);
await createVSIX({ packagePath: out, readmePath: 'dist/readme.md', dependencies: false, allowMissingRepository: true });
const { size } = statSync(out);
if (size > SIZE_BYTES_MAX) {
  console.error(
    `${out} has ${size} bytes; at most ${SIZE_BYTES_MAX} are allowed. Look at "npx vsce ls" for what went in.`,
  );
  process.exit(1);
}
console.log(`${out}: ${(size / 1024 / 1024).toFixed(2)} MiB`);
