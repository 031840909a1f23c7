/**
 * Starts the command line: loads its parts, which scripts/cli-parts.mjs made, with the bytecode that V8 made of them then.
 * To compile them anew takes a tenth of a short run. Decision 0045.
 * Node.js API, "vm.Script", `cachedData`: V8 refuses what another version of it or other flags have made, and compiles.
 *
 * Invariant: a part's name holds a hash of its text, so bytecode never meets another text (V8 compares only lengths).
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import './engine-flags.ts';

/** The name of the part that cli/main.ts became; the build writes it here. */
declare const MAIN_PART: string;
const BYTECODE = '.bytecode';
/** For the build: `write` keeps what V8 has compiled until the end, `check` fails where V8 refuses it. */
const use = process.env.RINGSIDE_BYTECODE;

interface Module {
  exports: object;
}
type Part = (module: Module, exports: object, require: (id: string) => unknown, url: string) => void;

const requireOther = createRequire(__filename);
const modules = new Map<string, Module>();
const scripts = new Map<string, Script>();

function load(name: string): object {
  const known = modules.get(name);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  modules.set(name, module);
  const filename = join(__dirname, name);
  const bytecode = existsSync(filename + BYTECODE) ? readFileSync(filename + BYTECODE) : undefined;
  const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData: bytecode });
  scripts.set(filename, script);
  if (script.cachedDataRejected === true && use === 'check') throw new Error(`V8 refuses the bytecode of ${name}.`);
  const part = script.runInThisContext() as Part;
  const requireAny = (id: string): unknown => (id.startsWith('./') ? load(id.slice(2)) : requireOther(id));
  part(module, module.exports, requireAny, pathToFileURL(filename).href);
  return module.exports;
}

if (use === 'write') {
  process.on('exit', () => {
    for (const [filename, script] of scripts) writeFileSync(filename + BYTECODE, script.createCachedData());
  });
}

load(MAIN_PART);
