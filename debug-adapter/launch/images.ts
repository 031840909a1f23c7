/**
 * The ELF files of a session: the kernel and the programs it may run, each with its debug information.
 *
 * Invariant: an image never changes while the session lives; a restart uses the same ones.
 */
import { loadDebugInfo, parseElf, type DebugInfo, type ElfFile } from '../debug-info/index.ts';
import { success, type Result } from '../result.ts';
import type { LinearAddress, PhysicalAddress } from '../target/target.ts';

export interface Image {
  /** `kernel`, or the program's name as the guest knows it. Unique in the session. */
  readonly name: string;
  readonly kind: 'kernel' | 'program';
  /** Where it was read from, for people. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly elf: ElfFile;
  readonly debug: DebugInfo;
}

export function loadImage(name: string, kind: Image['kind'], path: string, bytes: Uint8Array): Result<Image> {
  const elf = parseElf(bytes);
  if (!elf.ok) return { ok: false, failure: { ...elf.failure, cause: `${path}: ${elf.failure.cause}` } };
  const debug = loadDebugInfo(elf.value);
  if (!debug.ok) return { ok: false, failure: { ...debug.failure, cause: `${path}: ${debug.failure.cause}` } };
  return success({ name, kind, path, bytes, elf: elf.value, debug: debug.value });
}

const PT_LOAD = 1;

/** Whether one of the image's loaded segments covers a linear address as linked. */
export function coversLinear(image: Image, address: LinearAddress): boolean {
  // A plain loop: this is asked at each hit of a breakpoint.
  for (const s of image.elf.segments) {
    if (address >= s.virtualAddress && address - s.virtualAddress < s.memorySizeBytes && s.type === PT_LOAD)
      return true;
  }
  return false;
}

/**
 * Where an image's code is linked when it runs at its load address, as a kernel does before it turns paging on.
 * @returns the linear address as linked, or undefined when no segment is loaded at `address`
 */
export function linkedAddressOf(image: Image, address: PhysicalAddress): LinearAddress | undefined {
  const segment = image.elf.segments.find(
    (s) => s.type === PT_LOAD && address >= s.physicalAddress && address - s.physicalAddress < s.memorySizeBytes,
  );
  return segment && address - segment.physicalAddress + segment.virtualAddress;
}

export class ImageSet {
  readonly kernel: Image;
  readonly programs: ReadonlyMap<string, Image>;

  constructor(kernel: Image, programs: readonly Image[]) {
    this.kernel = kernel;
    this.programs = new Map(programs.map((image) => [image.name, image]));
  }

  all(): Image[] {
    return [this.kernel, ...this.programs.values()];
  }
}
