/** Small ELF files made by hand, for loaders. System V ABI, "Object Files". */
export interface Segment {
  readonly physical: number;
  readonly virtual?: number;
  readonly bytes: Uint8Array;
  readonly memoryBytes?: number;
}

export interface ElfOptions {
  readonly segments: readonly Segment[];
  readonly entry: number;
  readonly type?: number;
  readonly machine?: number;
}

/** Segment i's bytes stand at file offset 0x200 × (i + 1), or right after each other when longer. */
export function elfFile({ segments, entry, type = 2, machine = 3 }: ElfOptions): Uint8Array {
  const offsets: number[] = [];
  let end = 0x200;
  for (const { bytes } of segments) {
    offsets.push(end);
    end += Math.ceil(bytes.length / 0x200) * 0x200;
  }
  const file = new Uint8Array(end);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, machine, true);
  view.setUint32(20, 1, true);
  view.setUint32(24, entry, true);
  view.setUint32(28, 52, true);
  view.setUint16(40, 52, true);
  view.setUint16(42, 32, true);
  view.setUint16(44, segments.length, true);
  for (const [i, { physical, virtual = physical, bytes, memoryBytes = bytes.length }] of segments.entries()) {
    const row = [1, offsets[i], virtual, physical, bytes.length, memoryBytes, 7, 0x1000];
    row.forEach((word, column) => view.setUint32(52 + i * 32 + column * 4, word, true));
    file.set(bytes, offsets[i]);
  }
  return file;
}

/** Code with a Multiboot header before it; the code starts at offset 12 (or 32 with addresses). */
export function multibootCode(code: readonly number[], flags = 0, addresses: readonly number[] = []): Uint8Array {
  const bytes = new Uint8Array(12 + addresses.length * 4 + code.length);
  const view = new DataView(bytes.buffer);
  const header = [0x1badb002, flags, -(0x1badb002 + flags), ...addresses];
  header.forEach((word, i) => view.setUint32(i * 4, word, true));
  bytes.set(code, header.length * 4);
  return bytes;
}

/** A kernel of one segment at 1 MiB that begins with `code`. */
export function kernelFile(code: readonly number[], segment: Partial<Segment> = {}): Uint8Array {
  return elfFile({ segments: [{ physical: 0x100000, bytes: multibootCode(code), ...segment }], entry: 0x10000c });
}
