// Bundles the comparison of instruction sequences with this machine's own processor and runs it with the given arguments.
import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';

await build({
  entryPoints: ['test/conformance/host/sequences-main.ts'],
  outfile: 'dist/conformance-sequences.mjs',
  bundle: true,
  platform: 'node',
  format: 'esm',
  minifySyntax: true,
  external: ['iced-x86'],
  define: { 'import.meta.dirname': JSON.stringify(new URL('../test/conformance/host', import.meta.url).pathname) },
  logLevel: 'warning',
});
const { status } = spawnSync(process.execPath, ['dist/conformance-sequences.mjs', ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 2;
