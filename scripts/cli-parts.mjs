/**
 * The command line as parts beside `dist/cli.js`, which loads them (cli/start.ts): what an import() asks for is a part of
 * its own, read only then. Each becomes a CommonJS function, since Node 20 takes bytecode for scripts only. Decision 0045.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { build, transform } from 'esbuild';

const OUT = 'dist';

/** esbuild's options for cli/main.ts. @param common those of every bundle */
export function cliOptions(common) {
  return {
    ...common,
    entryPoints: { main: 'cli/main.ts' },
    outdir: OUT,
    splitting: true,
    entryNames: 'part-[name]-[hash]',
    chunkNames: 'part-[name]-[hash]',
    format: 'esm',
    sourcemap: common.sourcemap && 'inline',
    write: false,
    plugins: [
      ...common.plugins,
      commanderPlugin,
      {
        name: 'cli-parts',
        setup: ({ onEnd }) => onEnd(({ outputFiles, errors }) => errors.length > 0 || writeParts(outputFiles, common)),
      },
    ],
  };
}

/** Child processes are for subcommands that are programs, which we have none of: at the start they cost eight modules. */
const commanderPlugin = {
  name: 'commander',
  setup({ onLoad }) {
    onLoad({ filter: /commander\/lib\/command\.js$/ }, async ({ path }) => {
      const line = "const childProcess = require('node:child_process');\n";
      const text = await readFile(path, 'utf8');
      if (!text.includes(line)) throw new Error(`${path} has changed: cli-parts.mjs does not know its imports.`);
      return { contents: text.replace(line, ''), loader: 'js' };
    });
  },
};

async function writeParts(files, common) {
  for (const name of readdirSync(OUT)) if (name.startsWith('part-')) rmSync(`${OUT}/${name}`);
  const shared = { platform: common.platform, target: common.target, logLevel: common.logLevel, minify: common.minify };
  for (const { path, text } of files) {
    const name = basename(path);
    const { code, map } = await transform(text, {
      ...shared,
      format: 'cjs',
      banner: '(function (module, exports, require, partUrl) {',
      footer: '})',
      define: { 'import.meta.url': 'partUrl' },
      supported: { 'dynamic-import': false },
      sourcefile: name,
      sourcemap: common.sourcemap ? 'external' : false,
    });
    writeFileSync(`${OUT}/${name}`, map === '' ? code : `${code}//# sourceMappingURL=${name}.map\n`);
    if (map !== '') writeFileSync(`${OUT}/${name}.map`, map);
  }
  const main = files.map(({ path }) => basename(path)).find((name) => name.startsWith('part-main-'));
  await build({
    ...shared,
    entryPoints: ['cli/start.ts'],
    outfile: `${OUT}/cli.js`,
    bundle: true,
    format: 'cjs',
    banner: { js: '#!/usr/bin/env node' },
    define: { MAIN_PART: JSON.stringify(main) },
  });
  // The package's own files are ES modules.
  writeFileSync(`${OUT}/package.json`, '{ "type": "commonjs" }\n');
}

/** Runs a program once and keeps the bytecode of what that took. */
export function writeBytecode() {
  for (const use of ['write', 'check']) {
    const { status, stderr } = spawnSync(process.execPath, [`${OUT}/cli.js`, 'run', 'rustshim'], {
      env: { ...process.env, RINGSIDE_BYTECODE: use },
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`RINGSIDE_BYTECODE=${use} ended with status ${status}.\n${stderr}`);
  }
}
