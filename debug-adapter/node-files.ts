/** Files from Node's file system, and the guest image that lies beside the program or in the repository. */
import { existsSync, readFile as readFileBack } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import type { FileSource, GuestImageFiles } from './launch/files.ts';
import { failure, success, type Result } from './result.ts';

// `node:fs/promises` is twelve more modules at the start.
const readFile = promisify(readFileBack);

interface Manifest {
  readonly programs: Readonly<Record<string, { readonly file: string }>>;
}

/** @param startFolder where this program lies: the guest's folder is looked for there and in the folders above */
export function nodeFiles(startFolder: string): FileSource {
  return {
    read: readUserFile,
    guestImage: async (folder) => {
      const root = folder === undefined ? findGuest(startFolder) : guestIn(resolve(folder));
      if (root !== undefined) return openGuestImage(root);
      return failure('guest-image', {
        cause: `There is no guest image in ${folder ?? `any folder above ${startFolder}`}.`,
        remedy: 'It lies in guest/image and is built with "make guest"; the extension brings one of its own.',
      });
    },
  };
}

async function readUserFile(path: string): Promise<Result<Uint8Array>> {
  try {
    return success(new Uint8Array(await readFile(path)));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: 'does not exist',
      EISDIR: 'is a folder',
      EACCES: 'may not be read',
    };
    return failure('file-unreadable', {
      cause: `${resolve(path)} ${reasons[code ?? ''] ?? `cannot be read (${code ?? 'unknown error'})`}.`,
      remedy: 'Check the path; in launch.json, ${workspaceFolder} stands for the open folder.',
    });
  }
}

async function openGuestImage(root: string): Promise<Result<GuestImageFiles>> {
  const folder = join(root, 'image');
  let manifest: Manifest;
  try {
    manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Manifest;
  } catch (error) {
    return failure('guest-image', {
      cause: `${join(folder, 'manifest.json')} cannot be read: ${(error as Error).message}.`,
      remedy: 'Restore it from the repository, or build it with "make guest".',
    });
  }
  return success({
    programs: Object.keys(manifest.programs)
      .filter((name) => name !== 'kernel')
      .sort(),
    sourceRoot: root,
    load: async (name) => {
      const entry = manifest.programs[name];
      if (!entry)
        return failure('guest-image', {
          cause: `The guest image has no "${name}".`,
          remedy: 'Build it with "make guest".',
        });
      const path = join(folder, entry.file);
      try {
        return success(new Uint8Array(gunzipSync(await readFile(path))));
      } catch (error) {
        return failure('guest-image', {
          cause: `${path} is damaged: ${(error as Error).message}.`,
          remedy: 'Restore it from the repository, or build it with "make guest".',
        });
      }
    },
  });
}

function findGuest(startFolder: string): string | undefined {
  for (let folder = resolve(startFolder); ; folder = dirname(folder)) {
    const guest = guestIn(join(folder, 'guest'));
    if (guest !== undefined || folder === dirname(folder)) return guest;
  }
}

function guestIn(folder: string): string | undefined {
  return existsSync(join(folder, 'image', 'manifest.json')) ? folder : undefined;
}
