/**
 * Bundles the products into dist/: the command line, the debug adapter and the extension.
 * Run: `node scripts/build.mjs [--watch] [--minify]`. One row per bundle.
 */
import { build, context } from 'esbuild';
import { existsSync, mkdirSync } from 'node:fs';
import { cliOptions, writeBytecode } from './cli-parts.mjs';
import { constantsPlugin } from './constants-plugin.mjs';
import { icedPlugin } from './iced-plugin.mjs';

const flags = new Set(process.argv.slice(2));

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  sourcemap: flags.has('--minify') ? false : 'linked',
  minify: flags.has('--minify'),
  // Puts the values of exported constants where they are used: a tenth of the interpreter's speed.
  minifySyntax: true,
  loader: { '.wasm': 'binary' },
  plugins: [constantsPlugin, icedPlugin],
  logLevel: 'warning',
};

//  entry                         output                external
const bundles = [
  ['debug-adapter/main.ts', 'dist/adapter.cjs', []],
  ['extension/extension.ts', 'dist/extension.cjs', ['vscode']],
];

mkdirSync('dist', { recursive: true });
const all = [
  cliOptions(common),
  ...bundles
    .filter(([entry]) => existsSync(entry))
    .map(([entry, outfile, external]) => ({ ...common, entryPoints: [entry], outfile, format: 'cjs', external })),
];
for (const options of all) {
  if (flags.has('--watch')) await (await context(options)).watch();
  else await build(options);
}
if (!flags.has('--watch')) writeBytecode();
