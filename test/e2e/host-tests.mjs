/**
 * Runs the suite in test/e2e/host inside an extension host, by @vscode/test-electron.
 * With DESKTOP=1 it downloads a desktop VS Code; otherwise code-launcher.mjs stands in for one.
 */
import { build } from 'esbuild';
import { runTests } from '@vscode/test-electron';
import { join } from 'node:path';
import { REPOSITORY } from './editor.mjs';

const suite = join(REPOSITORY, 'dist/e2e/host-suite.cjs');
await build({
  entryPoints: [join(REPOSITORY, 'test/e2e/host/suite.ts')],
  outfile: suite,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  external: ['vscode'],
  logLevel: 'warning',
});

try {
  await runTests({
    ...(process.env.DESKTOP ? {} : { vscodeExecutablePath: join(REPOSITORY, 'test/e2e/code-launcher.mjs') }),
    extensionDevelopmentPath: REPOSITORY,
    extensionTestsPath: suite,
    launchArgs: [join(REPOSITORY, 'guest')],
  });
} catch (error) {
  console.error(String(error));
  process.exit(1);
}
