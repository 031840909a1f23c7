/**
 * Damage to ELF files: random bytes, and fields that mean something set to what they should never be. Everything is drawn
 * from one seed.
 */
import { deflateSync } from 'node:zlib';
import type { ElfSection } from '../../../debug-adapter/debug-info/index.ts';
import type { Random } from '../../kit/random.ts';

export interface Victim {
  readonly bytes: Uint8Array;
  readonly sections: readonly ElfSection[];
}

type Damage = (file: File, random: Random) => void;

class File {
  bytes: Uint8Array;
  readonly sections: readonly ElfSection[];
  /** Sections with something in the file, debug sections several times. */
  readonly targets: readonly ElfSection[];

  constructor({ bytes, sections }: Victim) {
    this.bytes = bytes.slice();
    this.sections = sections;
    const full = sections.filter(({ type, sizeBytes }) => type !== 0 && type !== 8 && sizeBytes > 0);
    const debug = full.filter(({ name }) => /^\.(z?debug|eh_frame|symtab|strtab)/.test(name));
    this.targets = [...full, ...debug, ...debug, ...debug];
  }

  named(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name && section.sizeBytes > 0);
  }

  put(at: number, ...bytes: readonly number[]): void {
    bytes.forEach((byte, index) => {
      if (at + index < this.bytes.length) this.bytes[at + index] = byte;
    });
  }

  word(at: number, value: number, sizeBytes = 4): void {
    for (let index = 0; index < sizeBytes; index++) this.put(at + index, Math.floor(value / 2 ** (8 * index)) & 255);
  }
}

/** A place in a section: near its beginning half of the time, where headers are. */
function placeIn(random: Random, { offset, sizeBytes }: ElfSection): number {
  return offset + random.below(random.chance(50) ? Math.min(sizeBytes, 64) : sizeBytes);
}

function odd(random: Random, file: File): number {
  const size = file.bytes.length;
  const section = random.pick(file.sections);
  return random.pick([
    ...[0, 1, 2, 4, 0x7f, 0xff, 0x100, 0xffff, 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffe, 0xffffffff],
    ...[size, size - 1, size >> 1, section.offset, section.sizeBytes, section.sizeBytes + 1, section.address],
    random.below(size),
  ]);
}

const damages: Readonly<Record<string, Damage>> = {
  bytes: (file, random) => {
    for (let count = 1 + random.below(12); count > 0; count--)
      file.put(placeIn(random, random.pick(file.targets)), random.pick([0, 0xff, 0x80, random.below(256)]));
  },
  'a bit': (file, random) => {
    const at = placeIn(random, random.pick(file.targets));
    file.put(at, file.bytes[at]! ^ (1 << random.below(8)));
  },
  'a word': (file, random) => {
    file.word(placeIn(random, random.pick(file.targets)), odd(random, file), random.pick([1, 2, 4, 8]));
  },
  'a number that does not end': (file, random) => {
    const length = random.pick([5, 10, 19, 21, 64]);
    file.put(
      placeIn(random, random.pick(file.targets)),
      ...Array<number>(length).fill(random.pick([0x80, 0xff])),
      random.pick([0, 1, 0x7f]),
    );
  },
  'the file cut off': (file, random) => {
    file.bytes = file.bytes.slice(0, random.below(file.bytes.length));
  },
  'a piece of one section in another': (file, random) => {
    const from = placeIn(random, random.pick(file.targets));
    const to = placeIn(random, random.pick(file.targets));
    file.put(to, ...file.bytes.slice(from, from + 1 + random.below(200)));
  },
  'a piece many times': (file, random) => {
    const section = random.pick(file.targets);
    const at = placeIn(random, section);
    const piece = file.bytes.slice(at, at + 1 + random.below(24));
    const end = Math.min(section.offset + section.sizeBytes, at + 20_000, file.bytes.length);
    for (let to = at; to < end; to++) file.bytes[to] = piece[(to - at) % piece.length]!;
  },
  'noise in a section': (file, random) => {
    const section = random.pick(file.targets);
    const from = placeIn(random, section);
    const end = Math.min(section.offset + section.sizeBytes, from + random.below(400));
    for (let at = from; at < end; at++) file.put(at, random.below(256));
  },
  'a field of a section header': (file, random) => {
    const view = new DataView(file.bytes.buffer);
    if (file.bytes.length < 52) return;
    const header = view.getUint32(32, true) + random.below(file.sections.length) * 40;
    //                      name type flags address offset size link info align entsize
    const field = random.pick([0, 4, 8, 12, 16, 16, 16, 20, 20, 20, 24, 28, 32, 36]);
    file.word(header + field, field === 8 ? random.pick([0x800, 0x802, 2, 0]) : odd(random, file));
  },
  'a field of the ELF header': (file, random) => {
    const [at, size] = random.pick([
      [24, 4],
      [28, 4],
      [32, 4],
      [42, 2],
      [44, 2],
      [46, 2],
      [48, 2],
      [50, 2],
    ] as const);
    file.word(at, odd(random, file), size);
  },
  'a section that swells': (file, random) => {
    const index = random.below(file.sections.length);
    const section = file.sections[index]!;
    if (!/debug/.test(section.name) || section.sizeBytes < 64) return;
    const data = deflateSync(new Uint8Array(random.pick([100, 1 << 20, 1 << 24])), { level: 9 });
    const claimed = random.pick([100, 1 << 20, 1 << 24, 1 << 28, 0xffffffff]);
    file.word(section.offset, 1);
    file.word(section.offset + 4, claimed);
    file.put(section.offset + 12, ...data.subarray(0, section.sizeBytes - 12));
    if (file.bytes.length < 52) return;
    file.word(new DataView(file.bytes.buffer).getUint32(32, true) + index * 40 + 8, 0x800);
  },
  'an abbreviation': (file, random) => {
    const section = file.named('.debug_abbrev');
    if (section === undefined) return;
    // Indirect, implicit, references of every kind, blocks, strings, lists.
    const forms = [0x16, 0x21, 0x10, 0x11, 0x13, 0x14, 0x15, 0x20, 0x18, 0x0a, 0x03, 0x08, 0x17, 0x22, 0x23, 0x1b];
    for (let count = 1 + random.below(4); count > 0; count--)
      file.put(placeIn(random, section), random.pick([...forms, 0, 1, random.below(0x40)]));
  },
  'a reference': (file, random) => {
    const section = file.named('.debug_info');
    if (section === undefined) return;
    // Small offsets lead to the entries at a unit's beginning, where types refer to each other.
    for (let count = 1 + random.below(8); count > 0; count--) {
      const target = random.below(random.chance(50) ? 400 : section.sizeBytes);
      file.word(placeIn(random, section), target);
    }
  },
  'code of a program': (file, random) => {
    const names = ['.debug_line', '.eh_frame', '.debug_frame', '.debug_loc', '.debug_loclists', '.debug_rnglists'];
    const section = file.named(random.pick(names));
    if (section === undefined) return;
    const byte = random.pick([0x00, 0x01, 0x02, 0x03, 0x08, 0x0a, 0x0b, 0x0f, 0x40, 0x91, 0xff]);
    const from = placeIn(random, section);
    const end = Math.min(section.offset + section.sizeBytes, from + random.pick([4, 40, 4000]));
    for (let at = from; at < end; at++) file.put(at, random.chance(20) ? random.below(256) : byte);
  },
};
const kinds = Object.keys(damages);

/** A damaged copy, and what was done to it. */
export function mutate(victim: Victim, random: Random): { bytes: Uint8Array; what: string } {
  const file = new File(victim);
  const what: string[] = [];
  for (let count = 1 + random.below(random.pick([1, 3, 8])); count > 0 && file.bytes.length > 0; count--) {
    const kind = random.pick(kinds);
    what.push(kind);
    damages[kind]!(file, random);
  }
  return { bytes: file.bytes, what: what.join(', ') };
}
