/**
 * The main job in the real editor: install the VSIX, open the guest's folder, click a breakpoint into the gutter at
 * `sys_page_alloc`, start `run-rustshim`, and read call stack, variables, registers and the heap view from the page.
 *
 * node scenario.mjs VSIX [SHOTS-FOLDER]
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openBrowser, runCommand } from './browser.mjs';
import { Editor, REPOSITORY } from './editor.mjs';

const [vsix, shots = join(REPOSITORY, 'test/e2e/shots')] = process.argv.slice(2);
const WAIT_MS = 60_000;
const start = Date.now();
const log = (...what) => console.log(`${((Date.now() - start) / 1000).toFixed(1).padStart(6)} s `, ...what);

mkdirSync(shots, { recursive: true });
const editor = new Editor();
let opened;
try {
  editor.command('--install-extension', vsix);
  log('VSIX installed');
  const url = await editor.start();
  opened = await openBrowser();
  await scenario(opened.page, url);
  log('passed');
} catch (error) {
  process.exitCode = 1;
  console.error('FAILED', error.stack ?? error);
  await opened?.page.screenshot({ path: join(shots, 'failed.png') }).catch(() => {});
  console.error(
    (opened?.consoleLines ?? [])
      .filter((line) => /error/i.test(line))
      .slice(0, 20)
      .join('\n'),
  );
} finally {
  await opened?.browser.close();
  await editor.stop();
}

async function scenario(page, url) {
  page.setDefaultTimeout(WAIT_MS);
  const picture = (name) => page.screenshot({ path: join(shots, `${name}.png`) });
  await page.goto(`${url}/?folder=${encodeURIComponent(join(REPOSITORY, 'guest'))}`, { waitUntil: 'domcontentloaded' });
  await page.locator('.explorer-folders-view .monaco-list-row').first().waitFor();
  log('workbench');

  await openFile(page, 'kernel/src/syscall/page.rs', 'fn sys_page_alloc');
  await clickGutter(page, 'fn sys_page_alloc');
  await page.locator('.codicon-debug-breakpoint, .codicon-debug-breakpoint-unverified').first().waitFor();
  log('breakpoint in the gutter');

  await startDynamic(page, 'run-rustshim');
  await dragSideBar(page, 620);
  await page.locator('.debug-toolbar').waitFor();
  await page.locator('.debug-top-stack-frame-line').first().waitFor();
  log('stopped');

  const rows = (selector) => page.locator(`${selector} .monaco-list-row`).allTextContents();
  const stackRow = (text) => page.locator('.debug-call-stack .monaco-list-row', { hasText: text }).first();
  for (const title of ['Watch', 'Loaded Scripts', 'Breakpoints']) await togglePane(page, title, false);
  await stackRow('sys_page_alloc(envid=').waitFor();
  const stack = await rows('.debug-call-stack');
  log('call stack:', stack.length, 'rows shown');
  assert.ok(
    stack.some((row) => /syscall::page::sys_page_alloc/.test(row)),
    `no kernel frame in ${stack.join(' | ')}`,
  );
  assert.ok(
    stack.some((row) => /^sys_page_alloc\(envid=/.test(row.trim())),
    `no label of the system call in ${stack.join(' | ')}`,
  );

  await expand(page, 'Arguments');
  await page.locator('.debug-variables .monaco-list-row', { hasText: 'perm' }).first().waitFor();
  const variables = await rows('.debug-variables');
  log(
    'variables:',
    variables
      .filter((row) => /va|perm|envid|frame/.test(row))
      .slice(0, 4)
      .join(' | '),
  );

  await expand(page, 'Registers');
  await expand(page, 'General');
  const eflags = await reveal(page, '.debug-variables', 'eflags');
  assert.match(await eflags.textContent(), /0x[0-9a-f]{8}/);
  log('registers');

  await togglePane(page, 'Environments', true);
  const environments = pane(page, 'Environments');
  await environments.locator('.monaco-list-row', { hasText: 'rustshim' }).first().waitFor();
  log('environments');
  await togglePane(page, 'Slab Heap', true);
  const heap = pane(page, 'Slab Heap');
  await heap.locator('.monaco-list-row', { hasText: 'rustshim' }).first().waitFor();
  await picture('stopped');

  // On to the third allocation, in the middle of the program's heap: caches with objects, and a stack from main to here.
  await page.locator('.debug-toolbar').click({ position: { x: 2, y: 2 } });
  for (const pages of ['in 1 page', 'in 2 pages']) {
    await runCommand(page, 'Debug: Continue');
    await heap.locator('.monaco-list-row', { hasText: pages }).first().waitFor();
  }
  const twistie = (text) => heap.locator('.monaco-list-row', { hasText: text }).first().locator('.monaco-tl-twistie');
  await twistie('2 of 63 objects').click();
  await twistie('slab 0x').click();
  const object = heap.locator('.monaco-list-row', { hasText: /#1 allocated/ }).first();
  await object.waitFor();
  log('heap:', (await rows('.pane:has(.pane-header[aria-label*="Slab Heap"])')).slice(0, 6).join(' | '));

  // The picture in the README: what is read at such a stop, and nothing else.
  for (const title of ['Environments', 'Page Tables']) await togglePane(page, title, false);
  await page.setViewportSize({ width: 1440, height: 1080 });
  await arrange(page);
  await page.mouse.move(1000, 500);
  await page.waitForTimeout(1500);
  await picture('ringside');

  await object.click();
  await page.locator('.editor-instance .view-line', { hasText: '|' }).first().waitFor();
  await page.locator('.tab', { hasText: 'slab 0x' }).waitFor();
  log('memory of an object');
  await picture('memory');

  await page.keyboard.press('Shift+F5');
  await page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
  log('ended');

  // The serial console, both ways: `int3` leads into the kernel's monitor, which reads commands.
  await startDynamic(page, 'run-breakpoint');
  const says = (text) => page.locator('.xterm-rows', { hasText: text }).last().waitFor();
  await says('K>');
  await page.locator('.xterm-rows').last().click({ force: true });
  await page.keyboard.type('kerninfo\n', { delay: 20 });
  await says('memory footprint');
  log('serial console');
  await page.keyboard.press('Shift+F5');
  await page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
  await says('was stopped');
}

/** Gives the side bar this many pixels, so that names and values can be read. */
async function dragSideBar(page, width) {
  const bar = await page.locator('.part.sidebar').boundingBox();
  await drag(page, { x: bar.x + bar.width, y: bar.y + 500 }, { x: bar.x + width, y: bar.y + 500 });
}

/** Call stack and heap get the room; what is above them, as much as it needs. */
async function arrange(page) {
  const top = async (title) => (await page.locator(`.pane-header[aria-label*="${title}"]`).boundingBox()).y;
  const x = 400;
  // Twice: what one border may do depends on where the other is.
  for (const [title, y] of [
    ['Watch', 206],
    ['Loaded Scripts', 732],
    ['Watch', 206],
    ['Loaded Scripts', 732],
  ])
    await drag(page, { x, y: await top(title) }, { x, y });
  await page.mouse.move(x, 150);
  await page.mouse.wheel(0, -2000);
}

async function drag(page, from, to) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2);
  await page.mouse.move(to.x, to.y);
  await page.mouse.up();
}

/** Quick open, then the line that holds `text`. */
async function openFile(page, path, text) {
  await page.keyboard.press('Control+P');
  const input = page.locator('.quick-input-widget input').first();
  await input.waitFor({ state: 'visible' });
  await input.fill(path);
  await page
    .locator('.quick-input-list .monaco-list-row', { hasText: path.split('/').at(-1) })
    .first()
    .waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.editor-instance .view-line').first().waitFor();
  await page.keyboard.press('Control+F');
  const find = page.locator('.find-widget textarea, .find-widget .input').first();
  await find.waitFor({ state: 'visible' });
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await lineOf(page, text).waitFor();
}

/** The editor shows blanks as no-break spaces. */
function lineOf(page, text) {
  return page
    .locator('.editor-instance .view-line', { hasText: new RegExp(text.replaceAll(' ', '[\\s\\u00a0]')) })
    .first();
}

async function clickGutter(page, text) {
  // The lines are drawn anew while the editor colours them: a line may be gone for a moment.
  let line = null;
  while (!line) line = await lineOf(page, text).boundingBox();
  const gutter = await page.locator('.editor-instance .glyph-margin').first().boundingBox();
  const y = line.y + line.height / 2;
  // The breakpoint contribution loads when the mouse first comes near: nudge until its hint shows.
  for (let i = 0; i < 60 && !(await page.locator('.codicon-debug-hint').count()); i++) {
    await page.mouse.move(gutter.x + 7 + (i % 3), y);
    await page.waitForTimeout(150);
  }
  await page.mouse.click(gutter.x + 8, y);
}

/** "Select and Start Debugging", the extension's dynamic configurations, then the one by name. F5 starts it again. */
async function startDynamic(page, name) {
  await runCommand(page, 'Debug: Select and Start Debugging');
  const row = (text) => page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first();
  await row('Ringside').waitFor();
  await row('Ringside').click();
  await row('run-').waitFor();
  await page.locator('.quick-input-widget input').first().fill(name);
  await row(name).click();
}

async function expand(page, scope) {
  const row = page.locator('.debug-variables .monaco-list-row', { hasText: scope }).first();
  await row.waitFor();
  await page.waitForTimeout(300);
  if ((await row.getAttribute('aria-expanded')) === 'false') await row.locator('.monaco-tl-twistie').click();
}

function pane(page, title) {
  return page.locator(`.pane:has(.pane-header[aria-label*="${title}"])`);
}

/** Lists hold only the rows in sight: scrolls until one with the text is. */
async function reveal(page, list, text) {
  const row = page.locator(`${list} .monaco-list-row`, { hasText: text }).first();
  await page.locator(`${list} .monaco-list-row`).first().hover();
  for (let i = 0; i < 40 && !(await row.count()); i++) {
    await page.mouse.wheel(0, 60);
    await page.waitForTimeout(100);
  }
  await row.waitFor();
  return row;
}

async function togglePane(page, title, open) {
  const header = page.locator(`.pane-header[aria-label*="${title}"]`);
  await header.waitFor();
  if ((await header.getAttribute('aria-expanded')) === String(!open)) await header.click();
}
