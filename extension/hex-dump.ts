/** Bytes as text: address, sixteen bytes, their ASCII; and where in that text a byte stands. */

const BYTES_PER_LINE = 16;
const HEX_COLUMN = 10;
const ASCII_COLUMN = HEX_COLUMN + BYTES_PER_LINE * 3 + 3;

export function hexDump(address: number, bytes: Uint8Array, sizeBytes: number): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += BYTES_PER_LINE) {
    const row = [...bytes.subarray(at, at + BYTES_PER_LINE)];
    const hex = row.map((b, i) => (i === 8 ? ' ' : '') + b.toString(16).padStart(2, '0')).join(' ');
    const text = row.map((b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '.')).join('');
    lines.push(`${addressText(address + at)}  ${hex.padEnd(BYTES_PER_LINE * 3)}  |${text}|`);
  }
  if (bytes.length < sizeBytes) lines.push(`${addressText(address + bytes.length)}  (not mapped)`);
  return lines.join('\n') + '\n';
}

export const lineOfByte = (offset: number): number => Math.floor(offset / BYTES_PER_LINE);

/** Where the bytes from `start` up to `end` stand: for each line its hexadecimal and its ASCII part, in characters. */
export function byteColumns(start: number, end: number): { line: number; from: number; to: number }[] {
  const places: { line: number; from: number; to: number }[] = [];
  for (let at = start; at < end;) {
    const line = lineOfByte(at);
    const first = at % BYTES_PER_LINE;
    const next = Math.min(end, (line + 1) * BYTES_PER_LINE);
    const last = first + next - at - 1;
    places.push(
      { line, from: hexColumn(first), to: hexColumn(last) + 2 },
      { line, from: ASCII_COLUMN + first, to: ASCII_COLUMN + last + 1 },
    );
    at = next;
  }
  return places;
}

const hexColumn = (index: number): number => HEX_COLUMN + index * 3 + (index >= BYTES_PER_LINE / 2 ? 1 : 0);

const addressText = (address: number): string => address.toString(16).padStart(8, '0');
