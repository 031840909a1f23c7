/** ELF files with debug sections made by hand, byte by byte: for what no compiler writes. gABI, "Object Files". */
export type Bytes = readonly number[];

export const word = (value: number): number[] => [0, 8, 16, 24].map((shift) => Math.floor(value / 2 ** shift) & 255);
export const half = (value: number): number[] => [value & 255, (value >> 8) & 255];
export const text = (value: string): number[] => [...Buffer.from(value, 'latin1'), 0];
export const times = (count: number, make: (index: number) => Bytes): number[] =>
  Array.from({ length: count }, (_, index) => make(index)).flat();

export function uleb(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 128);
  }
}

export interface SectionContent {
  readonly bytes: Bytes | Uint8Array;
  readonly flags?: number;
  readonly type?: number;
  readonly link?: number;
  readonly address?: number;
}

export const TEXT_ADDRESS = 0x100000;

/** A .text of 4 KiB at `TEXT_ADDRESS`, and the given sections. */
export function elfWith(sections: Readonly<Record<string, Bytes | Uint8Array | SectionContent>>): Uint8Array {
  const all: [string, SectionContent][] = [
    ['', { bytes: [], type: 0 }],
    ['.text', { bytes: new Uint8Array(4096).fill(0x90), flags: 6, address: TEXT_ADDRESS }],
    ...Object.entries(sections).map(([name, content]): [string, SectionContent] => [
      name,
      'bytes' in content ? content : { bytes: content },
    ]),
  ];
  const names = text(all.map(([name]) => name).join('\0'));
  all.push(['.shstrtab', { bytes: [...names, ...text('.shstrtab')], type: 3 }]);
  const size = all.reduce((sum, [, { bytes }]) => sum + bytes.length, 52) + all.length * 40;
  const file = new Uint8Array(size);
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  const headers = size - all.length * 40;
  file.set([...half(2), ...half(3), ...word(1), ...word(TEXT_ADDRESS), ...word(0), ...word(headers), ...word(0)], 16);
  file.set([...half(52), ...half(32), ...half(0), ...half(40), ...half(all.length), ...half(all.length - 1)], 40);
  let offset = 52;
  let nameOffset = 0;
  all.forEach(([name, { bytes, flags = 0, type = 1, link = 0, address = 0 }], index) => {
    file.set(bytes, offset);
    const at = name === '.shstrtab' ? names.length : nameOffset;
    const row = [at, type, flags, address, offset, bytes.length, link, 0, 1, 0];
    file.set(row.flatMap(word), headers + index * 40);
    offset += bytes.length;
    nameOffset += name.length + 1;
  });
  return file;
}

/** A unit of DWARF 4 with 4-byte offsets. */
export function unit(entries: Bytes, abbrevOffset = 0): number[] {
  return [...word(7 + entries.length), ...half(4), ...word(abbrevOffset), 4, ...entries];
}

/** A unit's first entry is at this offset in it. */
export const FIRST_ENTRY = 11;

/** code, tag, whether it has children, attribute and form in turn */
export function abbrev(code: number, tag: number, hasChildren: boolean, ...attributes: readonly number[]): number[] {
  return [...uleb(code), ...uleb(tag), hasChildren ? 1 : 0, ...attributes.flatMap((value) => uleb(value)), 0, 0];
}
