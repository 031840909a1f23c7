// Bundles the conformance runner and runs it with the given files.
import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';

await build({
  entryPoints: ['test/conformance/main.ts'],
  outfile: 'dist/conformance.mjs',
  bundle: true,
  platform: 'node',
  format: 'esm',
  minifySyntax: true,
  logLevel: 'warning',
});
const { status } = spawnSync(process.execPath, ['dist/conformance.mjs', ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 2;
