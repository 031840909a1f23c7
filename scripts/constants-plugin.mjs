/**
 * Computes modules of constants when a bundle is built: what a module of this list exports is then data in the bundle. To
 * assemble WebAssembly anew takes each short run a twentieth of its time.
 */
import { build } from 'esbuild';

const MODULES = /emulator[/\\](threaded[/\\]handlers|translator[/\\]support)-module\.ts$/;

export const constantsPlugin = {
  name: 'constants',
  setup({ onLoad, onResolve }) {
    const binaries = new Map();
    onLoad({ filter: MODULES }, async ({ path }) => {
      const { outputFiles } = await build({ entryPoints: [path], bundle: true, format: 'esm', write: false });
      const values = await import(
        `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
      );
      const lines = Object.entries(values).map(([name, value]) => {
        if (!(value instanceof Uint8Array)) return `export const ${name} = ${JSON.stringify(value)};`;
        const binary = `constant:${path}:${name}`;
        binaries.set(binary, value);
        return `export { default as ${name} } from ${JSON.stringify(binary)};`;
      });
      return { contents: lines.join('\n'), loader: 'js' };
    });
    onResolve({ filter: /^constant:/ }, ({ path }) => ({ path, namespace: 'constant' }));
    onLoad({ filter: /.*/, namespace: 'constant' }, ({ path }) => ({ contents: binaries.get(path), loader: 'binary' }));
  },
};
