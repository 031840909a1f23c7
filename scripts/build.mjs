/**
 * Bundles the products into dist/: the command line, the debug adapter and the extension.
 * Run: `node scripts/build.mjs [--watch] [--minify]`. One row per bundle.
 */
import { build, context } from 'esbuild';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { icedPlugin } from './iced-plugin.mjs';

const flags = new Set(process.argv.slice(2));

//  entry                         output               format  external
const bundles = [
  ['cli/main.ts', 'dist/cli.js', 'esm', []],
  ['debug-adapter/main.ts', 'dist/adapter.cjs', 'cjs', []],
  ['extension/extension.ts', 'dist/extension.cjs', 'cjs', ['vscode']],
];

// CommonJS packages inside an ES module bundle still ask for `require`.
const requireForEsm =
  "import { createRequire as createRequireForBundle } from 'node:module'; const require = createRequireForBundle(import.meta.url);";

// What an ES module imports only when asked for is a file of its own beside it, read only then.
if (existsSync('dist')) for (const name of readdirSync('dist')) if (name.startsWith('part-')) rmSync(`dist/${name}`);

for (const [entry, outfile, format, external] of bundles) {
  if (!existsSync(entry)) continue;
  const options = {
    entryPoints: { [basename(outfile, '.js')]: entry },
    ...(format === 'esm'
      ? { outdir: dirname(outfile), splitting: true, chunkNames: 'part-[name]-[hash]' }
      : { outfile }),
    format,
    external,
    bundle: true,
    platform: 'node',
    target: 'node20',
    sourcemap: flags.has('--minify') ? false : 'linked',
    minify: flags.has('--minify'),
    // Puts the values of exported constants where they are used: a tenth of the interpreter's speed.
    minifySyntax: true,
    loader: { '.wasm': 'binary' },
    plugins: [icedPlugin],
    logLevel: 'warning',
    ...(format === 'esm' ? { banner: { js: requireForEsm } } : {}),
  };
  if (flags.has('--watch')) await (await context(options)).watch();
  else await build(options);
}
