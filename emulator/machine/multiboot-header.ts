/**
 * Finds a kernel's Multiboot header. Multiboot Specification 0.6.96, "OS image format": 12 bytes with a zero sum,
 * 32-bit aligned, within the first 8192 bytes of the file; load addresses follow when flag 16 is set.
 */
import { failure, success, type Result } from '../result.ts';
import { describeFormat, isElf, readElfImage } from './elf-image.ts';

export const HEADER_MAGIC = 0x1badb002;
const MULTIBOOT2_MAGIC = 0xe85250d6;
export const SEARCH_BYTES = 8192;

/** "MULTIBOOT_*" flags: bits 0–15 are requirements, of which page alignment and memory information are met. */
const UNDERSTOOD = 0x0003;
const VIDEO_MODE = 0x0004;
const HAS_ADDRESSES = 0x10000;

export interface MultibootHeader {
  /** Offset in the file. */
  readonly offset: number;
  readonly flags: number;
  /** With flag 16, "the a.out kludge". */
  readonly addresses?: LoadAddresses;
}

export interface LoadAddresses {
  readonly header: number;
  readonly load: number;
  readonly loadEnd: number;
  readonly bssEnd: number;
  readonly entry: number;
}

/** @param name how messages call the file */
export function findMultibootHeader(file: Uint8Array, name: string): Result<MultibootHeader> {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const searched = Math.min(file.length, SEARCH_BYTES);
  let badChecksum: number | undefined;
  let multiboot2: number | undefined;
  for (let offset = 0; offset + 12 <= searched; offset += 4) {
    const magic = view.getUint32(offset, true);
    if (magic === MULTIBOOT2_MAGIC) multiboot2 ??= offset;
    if (magic !== HEADER_MAGIC) continue;
    const flags = view.getUint32(offset + 4, true);
    if (((magic + flags + view.getUint32(offset + 8, true)) & 0xffffffff) !== 0) badChecksum ??= offset;
    else return readHeader(view, offset, flags, name);
  }
  return noHeader(file, name, searched, badChecksum, multiboot2);
}

function readHeader(view: DataView, offset: number, flags: number, name: string): Result<MultibootHeader> {
  const unknown = flags & 0xffff & ~UNDERSTOOD;
  if (unknown & ~VIDEO_MODE) {
    const cause = `${name} requires the boot loader feature 0x${unknown.toString(16)} in its Multiboot header, which does not exist.`;
    return failure('multiboot-unknown-requirement', { cause, remedy: 'Clear bits 3–15 of the header flags.' });
  }
  // As QEMU, a wish for a video mode is passed over: the display stays in text mode.
  if (!(flags & HAS_ADDRESSES)) return success({ offset, flags });
  if (offset + 32 > view.byteLength) {
    const cause = `${name} is truncated: its Multiboot header at byte ${offset} has no room for the load addresses that flag 16 announces.`;
    return failure('kernel-truncated', { cause, remedy: 'Build or copy the file again.' });
  }
  const [header, load, loadEnd, bssEnd, entry] = [12, 16, 20, 24, 28].map((at) => view.getUint32(offset + at, true)) as [
    number, number, number, number, number,
  ]; // prettier-ignore
  return success({ offset, flags, addresses: { header, load, loadEnd, bssEnd, entry } });
}

function noHeader(
  file: Uint8Array,
  name: string,
  searched: number,
  badChecksum: number | undefined,
  multiboot2: number | undefined,
): Result<never> {
  if (file.length === 0) {
    return failure('file-empty', { cause: `${name} is empty.`, remedy: 'Build or copy the file again.' });
  }
  if (badChecksum !== undefined) {
    return failure('multiboot-bad-checksum', {
      cause: `${name} has a Multiboot header at byte ${badChecksum}, but magic, flags and checksum do not add up to zero.`,
      remedy: 'Set the checksum to -(magic + flags).',
    });
  }
  if (multiboot2 !== undefined) {
    return failure('multiboot-2', {
      cause: `${name} has a Multiboot 2 header (at byte ${multiboot2}); only Multiboot 1 is loaded.`,
      remedy: `Add a Multiboot 1 header (magic 0x${HEADER_MAGIC.toString(16)}); a kernel may carry both.`,
    });
  }
  if (!isElf(file)) {
    return failure('not-elf', {
      cause: `${name} is neither an ELF file nor has a Multiboot header in its first ${searched} bytes. ${describeFormat(file)}.`,
      remedy: 'Give a 32-bit i386 ELF kernel with a Multiboot header.',
    });
  }
  // A file for another machine is told so, rather than that it lacks a header.
  const elf = readElfImage(file, name);
  if (!elf.ok) return elf;
  return failure('no-multiboot-header', {
    cause: `${name} has no Multiboot header in its first ${searched} bytes.`,
    remedy: `Put the header (0x${HEADER_MAGIC.toString(16)}, flags, checksum) first in .text, so that it lies below byte ${SEARCH_BYTES}; user programs go in as modules.`,
  });
}
