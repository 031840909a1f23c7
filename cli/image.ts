/** The guest that comes with Ringside, as the debug adapter finds it too: beside the bundle, or in the repository. */
import { fileURLToPath } from 'node:url';
import type { GuestImageFiles } from '../debug-adapter/launch/files.ts';
import { nearestName } from '../debug-adapter/launch/nearest-name.ts';
import { nodeFiles } from '../debug-adapter/node-files.ts';
import { failure, type Result } from '../emulator/result.ts';

/** Where this program lies: `cli/` in the repository, `dist/` when bundled. */
export const PROGRAM_FOLDER = fileURLToPath(new URL('.', import.meta.url));

export function openGuestImage(): Promise<Result<GuestImageFiles>> {
  return nodeFiles(PROGRAM_FOLDER).guestImage();
}

export async function loadProgram(image: GuestImageFiles, name: string): Promise<Result<Uint8Array>> {
  if (image.programs.includes(name)) return image.load(name);
  const isFile = /[\\/.]/.test(name);
  return failure('unknown-program', {
    cause: `The guest has no program "${name}".`,
    remedy: isFile
      ? `To run a file of your own, give it as --module ${name}, with --append to tell the kernel its name.`
      : programsOf(image.programs, name),
  });
}

/** Which programs there are, and which of them was perhaps meant. */
export function programsOf(programs: readonly string[], name: string): string {
  const near = nearestName(name, programs);
  return `${near === undefined ? '' : `Did you mean "${near}"? `}The guest has ${programs.join(', ')}.`;
}
