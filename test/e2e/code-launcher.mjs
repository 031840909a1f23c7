#!/usr/bin/env node
/**
 * Stands in for VS Code's executable where no desktop build can be had: takes the options that @vscode/test-electron
 * passes, runs the suite in code-server's extension host, prints its output and exits with its verdict.
 */
import { resolve } from 'node:path';
import { format } from 'node:util';
import { openBrowser } from './browser.mjs';
import { Editor } from './editor.mjs';

const options = new Map();
const positional = [];
for (const argument of process.argv.slice(2)) {
  const [, name, value] = /^--([\w-]+)(?:=(.*))?$/s.exec(argument) ?? [];
  if (name) options.set(name, value ?? 'true');
  else positional.push(argument);
}

const editor = new Editor({ user: options.get('user-data-dir'), extensions: options.get('extensions-dir') });
let browser;

async function end(code) {
  await browser?.close().catch(() => {});
  await editor.stop();
  process.exit(code);
}
process.on('SIGTERM', () => void end(143));

if (options.has('version')) {
  process.stdout.write(editor.command('--version'));
  await end(0);
}

const url = await editor.start({ driver: true });
const remote = (path) => `vscode-remote://${new URL(url).host}${resolve(path)}`;
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^_$/.test(name)));
const payload = [
  ['extensionDevelopmentPath', remote(options.get('extensionDevelopmentPath'))],
  ['extensionTestsPath', remote(options.get('extensionTestsPath'))],
  ['extensionEnvironment', JSON.stringify(environment)],
];
const opened = await openBrowser();
browser = opened.browser;
await opened.page.exposeFunction('codeAutomationLog', (type, args) => {
  const [text, ...rest] = args;
  const line = format(
    String(text).replace(/%c/g, () => (rest.shift(), '')),
    ...rest,
  );
  // The suite marks its own lines; the rest is the workbench talking to itself.
  if (/^\s*(ok|not ok|#|\d+ passed)/.test(line)) console.log(line);
});
await opened.page.exposeFunction('codeAutomationExit', (code) => void end(code));
opened.page.on('crash', () => void end(1));
const folder = positional[0] ? `folder=${encodeURIComponent(resolve(positional[0]))}` : 'ew=true';
await opened.page.goto(`${url}/?${folder}&payload=${encodeURIComponent(JSON.stringify(payload))}`, {
  waitUntil: 'domcontentloaded',
});

setTimeout(() => {
  console.error('The suite did not end within three minutes.');
  void end(1);
}, 180_000).unref();
