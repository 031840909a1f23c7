/**
 * From launch arguments to a machine at its first instruction, with the images it runs.
 */
import { failure, success, type Result } from '../result.ts';
import type { Target } from '../target/target.ts';
import type { FileSource, GuestImageFiles } from './files.ts';
import { ImageSet, loadImage, type Image } from './images.ts';
import type { LaunchArguments } from './launch-arguments.ts';
import { nearestName } from './nearest-name.ts';
import { SourceMap } from './source-map.ts';

const MEMORY_MIB_DEFAULT = 32;
const MIB = 1024 * 1024;

/** What a machine is made of; the same for every restart. */
export interface MachineRecipe {
  readonly memoryBytes: number;
  readonly kernel: Uint8Array;
  readonly commandLine: string;
  readonly modules: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** SIMD units beyond MMX. */
  readonly simd?: 'sse' | 'sse2';
}

export interface Launch {
  readonly arguments: LaunchArguments;
  readonly recipe: MachineRecipe;
  readonly images: ImageSet;
  readonly sources: SourceMap;
}

export type CreateTarget = (recipe: MachineRecipe) => Result<Target>;

/** Reads and checks everything a launch needs. Fails with a cause and a remedy; nothing has started then. */
export async function prepareLaunch(args: LaunchArguments, files: FileSource): Promise<Result<Launch>> {
  if (args.program === undefined && args.kernel === undefined && args.append === undefined) {
    return failure('nothing-to-run', {
      cause: 'The launch names neither a program nor a kernel.',
      remedy: 'Set "program" to a user program such as "rustshim", or "kernel" to a multiboot ELF file.',
    });
  }
  const guest =
    args.kernel === undefined || args.program !== undefined ? await files.guestImage(args.guest) : undefined;
  if (guest && !guest.ok && args.kernel === undefined) return guest;
  const guestFiles = guest?.ok ? guest.value : undefined;

  const kernel = await loadKernel(args, files, guestFiles);
  if (!kernel.ok) return kernel;

  const names = [...(args.program === undefined ? [] : [args.program]), ...(args.modules ?? [])];
  const programs: Image[] = [];
  for (const name of names) {
    const program = await loadProgram(name, files, guestFiles);
    if (!program.ok) return program;
    if (programs.some((other) => other.name === program.value.name)) continue;
    programs.push(program.value);
  }

  const words = [...(programs[0] && args.program !== undefined ? [programs[0].name] : []), args.append ?? ''];
  const rules = Object.entries(args.sourceFileMap ?? {}).map(([from, to]) => ({ from, to }));
  return success({
    arguments: args,
    recipe: {
      memoryBytes: (args.memory ?? MEMORY_MIB_DEFAULT) * MIB,
      kernel: kernel.value.bytes,
      commandLine: words.filter((word) => word !== '').join(' '),
      modules: programs.map(({ name, bytes }) => ({ name, bytes })),
      ...(args.simd && { simd: args.simd }),
    },
    images: new ImageSet(kernel.value, programs),
    sources: new SourceMap(rules, guestFiles?.sourceRoot),
  });
}

async function loadKernel(
  args: LaunchArguments,
  files: FileSource,
  guest: GuestImageFiles | undefined,
): Promise<Result<Image>> {
  const path = args.kernel ?? 'kernel';
  const bytes = args.kernel === undefined ? await guest!.load('kernel') : await files.read(args.kernel);
  return bytes.ok ? loadImage('kernel', 'kernel', path, bytes.value) : bytes;
}

/** A name of the guest image's, or a path: anything with a separator or an extension is a path. */
async function loadProgram(
  program: string,
  files: FileSource,
  guest: GuestImageFiles | undefined,
): Promise<Result<Image>> {
  if (guest?.programs.includes(program)) {
    const bytes = await guest.load(program);
    return bytes.ok ? loadImage(program, 'program', program, bytes.value) : bytes;
  }
  if (!/[\\/.]/.test(program)) {
    const near = guest ? nearestName(program, guest.programs) : undefined;
    return failure('unknown-program', {
      cause: `The guest image has no program "${program}".`,
      remedy: near
        ? `Did you mean "${near}"? Known are ${guest!.programs.join(', ')}.`
        : guest
          ? `Known are ${guest.programs.join(', ')}; a path names an ELF file of your own.`
          : 'Give the path of an ELF file.',
    });
  }
  const bytes = await files.read(program);
  if (!bytes.ok) return bytes;
  const name = program
    .split(/[\\/]/)
    .at(-1)!
    .replace(/\.(elf|out)$/i, '');
  return loadImage(name, 'program', program, bytes.value);
}
