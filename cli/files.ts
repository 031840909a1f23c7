/** Reads and writes files the user named: a `Result` with a cause, never an exception. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { failure, success, type Result } from '../emulator/result.ts';

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
};

/** @param role what the file is to be, such as `kernel` */
export function readUserFile(path: string, role: string): Result<Uint8Array> {
  try {
    if (statSync(path).isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    return success(new Uint8Array(readFileSync(path)));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    return failure('file-unreadable', {
      cause: `Cannot read the ${role} ${path}: ${WHY[code] ?? code}.`,
      remedy: 'Check the path; it is taken from the current folder.',
    });
  }
}

export function writeUserFile(path: string, text: string): Result<undefined> {
  try {
    writeFileSync(path, text);
    return success(undefined);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const why = code === 'ENOENT' ? 'its folder does not exist' : (WHY[code] ?? code);
    return failure('file-unwritable', { cause: `Cannot write ${path}: ${why}.`, remedy: 'Choose another place.' });
  }
}
