/** QEMU as an oracle: runs a guest to a line of its console, and reads its memory. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { qemuConsole } from '../../cli/grade/qemu-console.ts';

export const qemuMissing = spawnSync('qemu-system-i386', ['--version']).status !== 0;

/** Runs a kernel with modules until `until` appears on COM1. @returns its console, and its RAM from address 0 */
export async function qemuMemoryAt(
  files: { kernel: Uint8Array; program: string; module: Uint8Array },
  until: string,
  memoryBytes: number,
): Promise<{ console: string; memory: Uint8Array }> {
  const folder = mkdtempSync(join(tmpdir(), 'ringside-qemu-'));
  const { kernel, program, module } = files;
  writeFileSync(join(folder, 'kernel.elf'), kernel);
  writeFileSync(join(folder, program), module);
  const size = String(memoryBytes / 2 ** 20);
  const options = ['-kernel', 'kernel.elf', '-initrd', program, '-append', program, '-m', size, '-display', 'none'];
  const { readable, writeEnd, started } = qemuConsole(folder);
  const child = spawn(
    'qemu-system-i386',
    [...options, '-no-reboot', '-serial', 'stdio', '-qmp', 'unix:qmp,server,nowait'],
    { cwd: folder, stdio: ['pipe', writeEnd, 'inherit'] },
  );
  started();
  const timer = setTimeout(() => child.kill('SIGKILL'), 50_000);
  try {
    let output = '';
    await new Promise<void>((resolve, reject) => {
      readable.setEncoding('latin1').on('data', (text: string) => {
        output += text;
        if (output.includes(until)) resolve();
      });
      child.on('exit', () => reject(new Error(`QEMU ended before "${until}":\n${output}`)));
    });
    const socket = connect(join(folder, 'qmp'));
    let answers = '';
    let heard = (): void => undefined;
    socket.setEncoding('utf8').on('data', (text: string) => {
      answers += text;
      heard();
    });
    const execute = (command: object): Promise<void> => {
      const before = answers.split('"return"').length;
      socket.write(JSON.stringify(command));
      return new Promise((resolve) => {
        heard = () => {
          if (answers.split('"return"').length > before) resolve();
        };
      });
    };
    await execute({ execute: 'qmp_capabilities' });
    await execute({ execute: 'stop' });
    const filename = join(folder, 'memory');
    await execute({ execute: 'pmemsave', arguments: { val: 0, size: memoryBytes, filename } });
    socket.destroy();
    return { console: output, memory: new Uint8Array(readFileSync(filename)) };
  } finally {
    clearTimeout(timer);
    child.removeAllListeners('exit').kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}
