/**
 * The long fuzz runs: DAP sessions, the adapter as a process, damaged ELF files. Ends at the first finding, with its seed.
 * Run: `node scripts/fuzz.mjs [SEED] [--messages=100000] [--processes=100] [--files=20000] [--kernels=20000]`. 0 leaves one
 * out.
 */
import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';
import { constantsPlugin } from './constants-plugin.mjs';
import { icedPlugin } from './iced-plugin.mjs';
import './build.mjs';

const options = { messages: 100_000, processes: 100, files: 20_000, kernels: 20_000 };
let seed = 1;
for (const argument of process.argv.slice(2)) {
  const [, name, value] = /^--(\w+)=(\d+)$/.exec(argument) ?? [];
  if (name in options) options[name] = Number(value);
  else if (/^\d+$/.test(argument)) seed = Number(argument);
  else throw new Error(`What is ${argument}? Known are a seed, ${Object.keys(options).join(', ')}.`);
}

function run(command, args, environment = {}) {
  const { status } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...environment } });
  if (status !== 0) process.exit(status ?? 1);
}
const vitest = (file, environment) =>
  run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', file], { RINGSIDE_FUZZ_SEED: seed, ...environment });

// Bundled as it ships: the emulator is several times faster than in the test runner.
await build({
  entryPoints: ['test/dap/fuzz-main.ts'],
  outfile: 'dist/fuzz.mjs',
  bundle: true,
  platform: 'node',
  format: 'esm',
  banner: {
    js: "import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);",
  },
  target: 'node20',
  minifySyntax: true,
  loader: { '.wasm': 'binary' },
  plugins: [constantsPlugin, icedPlugin],
  logLevel: 'warning',
});
if (options.messages > 0) run(process.execPath, ['dist/fuzz.mjs', options.messages, seed].map(String));
if (options.processes > 0) vitest('test/dap/fuzz-stdio.test.ts', { RINGSIDE_FUZZ_SESSIONS: options.processes });
if (options.files > 0) vitest('test/unit/debug-info/mutations.test.ts', { RINGSIDE_FUZZ_FILES: options.files });
if (options.kernels > 0)
  vitest('test/unit/machine/damaged-kernels.test.ts', { RINGSIDE_FUZZ_KERNELS: options.kernels });
