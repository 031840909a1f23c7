/**
 * Bochs as an oracle: runs one of the kernels beside it and gives what it wrote to COM1.
 * Bochs 2.7 as Debian packages it (bochs, bochs-term, bochsbios, vgabios). The processor is its `p3_katmai`: the one of
 * its list without x86-64 and NX that still has what an i686 has.
 *
 * Invariant: Bochs never ends by itself; the kernel's last line ends the run.
 */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { readElfImage } from '../../../emulator/machine/elf-image.ts';

const SECTOR_BYTES = 512;
/** Where bochs-boot.S keeps its table. */
const TABLE = { loadAddress: 0x1ec, entry: 0x1f0, dwords: 0x1f4, sectors: 0x1f8 } as const;
const GEOMETRY = { cylinders: 20, heads: 16, sectors: 63 } as const;
const POLL_MS = 200;

export const bochsMissing = spawnSync('bochs', ['--help']).status === null;

/** A raw hard disk: boot sector, then the kernel's one segment as it stands in memory, BSS included. */
export function bootDisk(kernel: Uint8Array, name: string): Uint8Array {
  const image = readElfImage(kernel, name);
  if (!image.ok) throw new Error(image.failure.cause);
  const [{ physical, bytes, memoryBytes }] = image.value.segments;
  const disk = new Uint8Array(GEOMETRY.cylinders * GEOMETRY.heads * GEOMETRY.sectors * SECTOR_BYTES);
  disk.set(readFileSync(join(import.meta.dirname, 'bochs-boot.bin')));
  disk.set(bytes, SECTOR_BYTES);
  const view = new DataView(disk.buffer);
  view.setUint32(TABLE.loadAddress, physical, true);
  view.setUint32(TABLE.entry, image.value.entry, true);
  view.setUint32(TABLE.dwords, Math.ceil(memoryBytes / 4), true);
  view.setUint16(TABLE.sectors, Math.ceil(memoryBytes / SECTOR_BYTES), true);
  return disk;
}

const configuration = (): string =>
  [
    'display_library: term',
    'romimage: file=/usr/share/bochs/BIOS-bochs-latest',
    'vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest',
    'cpu: model=p3_katmai, count=1, ips=1000000, reset_on_triple_fault=0, ignore_bad_msrs=0',
    'megs: 16',
    'clock: sync=none',
    'boot: disk',
    'ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14',
    `ata0-master: type=disk, path=disk.img, mode=flat, cylinders=${GEOMETRY.cylinders}, heads=${GEOMETRY.heads}, spt=${GEOMETRY.sectors}`,
    'com1: enabled=1, mode=file, dev=com1.txt',
    'log: bochs.log',
    'panic: action=fatal',
    'error: action=ignore',
    'info: action=ignore',
  ].join('\n');

/** Runs a kernel until it has written the line `D`. @returns its console */
export async function bochsConsole(kernel: Uint8Array, name: string, timeoutMs: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'ringside-bochs-'));
  const console = join(folder, 'com1.txt');
  writeFileSync(join(folder, 'disk.img'), bootDisk(kernel, name));
  writeFileSync(join(folder, 'bochsrc'), `${configuration()}\n`);
  // Debian's build has the debugger, which begins by asking for a command.
  writeFileSync(join(folder, 'debugger'), 'continue\n');
  writeFileSync(console, '');
  const screen = openSync(join(folder, 'screen.txt'), 'w');
  const child = spawn('bochs', ['-q', '-f', 'bochsrc', '-rc', 'debugger'], {
    cwd: folder,
    env: { ...process.env, TERM: 'vt100' },
    stdio: ['ignore', screen, screen],
  });
  let ended = false;
  child.on('exit', () => {
    ended = true;
  });
  const deadline = Date.now() + timeoutMs;
  try {
    for (;;) {
      const text = readFileSync(console, 'latin1');
      if (text.endsWith('\nD\n')) return text;
      if (ended || Date.now() > deadline) {
        const log = readFileSync(join(folder, 'bochs.log'), 'latin1').slice(-2000);
        throw new Error(`Bochs ${ended ? 'ended' : 'was too slow'} after "${text.slice(-200)}".\n${log}`);
      }
      await setTimeout(POLL_MS);
    }
  } finally {
    child.kill('SIGKILL');
    closeSync(screen);
    rmSync(folder, { recursive: true });
  }
}
