/**
 * Lets iced-x86's Node build be bundled anywhere: its WebAssembly becomes part of the bundle, decoded on first use.
 * Its loader asks for `fs`, `path` and `util`; none of them is needed once the bytes are at hand.
 */
import { readFile } from 'node:fs/promises';

export const icedPlugin = {
  name: 'iced-x86',
  setup(build) {
    build.onLoad({ filter: /iced_x86\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const contents = text
        .replace('const { TextDecoder, TextEncoder } = require(`util`);', '')
        .replace(
          /const path = require\('path'\)\.join\(__dirname, 'iced_x86_bg\.wasm'\);\s*const bytes = require\('fs'\)\.readFileSync\(path\);/,
          "const bytes = require('./iced_x86_bg.wasm');",
        );
      if (contents.includes("require('fs')"))
        throw new Error(`${path} has changed: iced-plugin.mjs does not know its loader.`);
      return { contents, loader: 'js' };
    });
  },
};
