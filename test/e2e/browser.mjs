/** Debian's chromium on a page of the workbench, driven by playwright-core. Nothing outside this machine is reached. */
import { chromium } from 'playwright-core';

const local = (url) => /^(127\.0\.0\.1|(.+\.)?localhost)$/.test(url.hostname);

export async function openBrowser({ width = 1600, height = 1250 } = {}) {
  // prettier-ignore
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  const context = await browser.newContext({
    viewport: { width, height },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  await context.route(
    (url) => /^https?:$/.test(url.protocol) && !local(url),
    (route) => route.abort('blockedbyclient'),
  );
  const page = await context.newPage();
  const consoleLines = [];
  page.on('console', (message) => consoleLines.push(`[${message.type()}] ${message.text().slice(0, 400)}`));
  page.on('pageerror', (error) => consoleLines.push(`[pageerror] ${error.message}`));
  return { browser, page, consoleLines };
}

/** Runs a command by its title in the palette. */
export async function runCommand(page, title) {
  await page.keyboard.press('F1');
  const input = page.locator('.quick-input-widget input').first();
  await input.waitFor({ state: 'visible' });
  await input.fill(`>${title}`);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().waitFor();
  await page.keyboard.press('Enter');
}
