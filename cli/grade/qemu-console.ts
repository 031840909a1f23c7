/**
 * QEMU's console output through a named pipe. What Node hands a child as a pipe is a socket pair, which takes only some
 * 280 one-byte writes before it is full; QEMU's UART is then busy for so long that a kernel overwrites its characters.
 * A pipe takes 64 KiB. pipe(7), "Pipe capacity"; unix(7), "Sockets API".
 */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';

/** Makes the pipe in `folder`. Its write end is the child's stdout, to be let go of once the child is started. */
export function qemuConsole(folder: string): { readable: Socket; writeEnd: number; started: () => void } {
  const path = join(folder, 'console');
  const made = spawnSync('mkfifo', [path], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`mkfifo ${path}: ${made.error?.message ?? made.stderr}`);
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeEnd = openSync(path, constants.O_WRONLY);
  return {
    readable: new Socket({ fd: readEnd, readable: true, writable: false }),
    writeEnd,
    started: () => closeSync(writeEnd),
  };
}
