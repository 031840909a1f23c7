/**
 * Runs the named workloads in test/bench and appends one JSON line to test/bench/history.jsonl.
 * Run: `node scripts/bench.mjs [--no-history] [NAME…]`. Times are this machine's; compare within one run only.
 * `--table` writes the last line of history into docs/benchmarks.md, and measures nothing.
 */
import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';
import { constantsPlugin } from './constants-plugin.mjs';
import { icedPlugin } from './iced-plugin.mjs';

// Some workloads speak to the adapter as a program.
await import('./build.mjs');
//  entry                       output               external
const bundles = [
  ['test/bench/main.ts', 'dist/bench.mjs', []],
  ['test/bench/cpu/v86-main.ts', 'dist/bench-v86.mjs', ['v86']],
];
for (const [entry, outfile, external] of bundles) {
  await build({
    entryPoints: [entry],
    outfile,
    external,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: {
      js: "import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);",
    },
    target: 'node20',
    // As in build.mjs, so that what is measured is what ships.
    minifySyntax: true,
    loader: { '.wasm': 'binary' },
    plugins: [constantsPlugin, icedPlugin],
    logLevel: 'warning',
  });
}
process.exit(
  spawnSync(process.execPath, ['dist/bench.mjs', ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1,
);
