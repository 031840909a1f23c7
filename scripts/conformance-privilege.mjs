// Bundles the runner of the privilege kernels and runs it with the given arguments: an oracle, and kernels.
import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';

await build({
  entryPoints: ['test/conformance/privilege/main.ts'],
  outfile: 'dist/conformance-privilege.mjs',
  bundle: true,
  platform: 'node',
  format: 'esm',
  minifySyntax: true,
  define: { 'import.meta.dirname': JSON.stringify(new URL('../test/conformance/privilege', import.meta.url).pathname) },
  logLevel: 'warning',
});
const { status } = spawnSync(process.execPath, ['dist/conformance-privilege.mjs', ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 2;
