/**
 * Text of values: a writer that stops when it is full, and quoting.
 *
 * Invariant: work is bounded by the writer's limit, however large or corrupt the value is.
 */

export class TextWriter {
  readonly limit: number;
  text = '';
  /** Set once something did not fit; whoever writes in a loop stops then. */
  full = false;

  constructor(limit = 200) {
    this.limit = limit;
  }

  write(text: string): void {
    if (this.full) return;
    if (this.text.length + text.length > this.limit) {
      this.text += text.slice(0, Math.max(0, this.limit - this.text.length));
      this.text += '…';
      this.full = true;
    } else this.text += text;
  }
}

//                   as both languages write them
const escapes: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\0': '\\0',
  '\\': '\\\\',
};

export function quote(text: string, mark: '"' | "'"): string {
  let quoted = mark;
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (char === mark) quoted += `\\${mark}`;
    else if (escapes[char] !== undefined) quoted += escapes[char];
    else if (code < 0x20 || code === 0x7f) quoted += `\\x${code.toString(16).padStart(2, '0')}`;
    else if (code >= NO_TEXT && code < NO_TEXT + 256) quoted += `\\x${(code - NO_TEXT).toString(16)}`;
    else quoted += char;
  }
  return quoted + mark;
}

/** A byte that is no text stands as a lone surrogate, which no text has, until `quote` writes it as `\xNN`. */
const NO_TEXT = 0xdc00;

/** UTF-8; bytes that are not stay bytes (`NO_TEXT`). Without a TextDecoder, which a debug adapter in a worker may not have. */
export function decodeText(bytes: Uint8Array): string {
  let text = '';
  for (let index = 0; index < bytes.length;) {
    const byte = bytes[index]!;
    const size =
      byte < 0x80
        ? 1
        : byte >= 0xc2 && byte < 0xe0
          ? 2
          : byte >= 0xe0 && byte < 0xf0
            ? 3
            : byte >= 0xf0 && byte < 0xf5
              ? 4
              : 0;
    let point = size === 1 ? byte : size === 2 ? byte & 31 : size === 3 ? byte & 15 : byte & 7;
    let valid = size > 0 && index + size <= bytes.length;
    for (let next = 1; valid && next < size; next++) {
      const continuation = bytes[index + next]!;
      valid = (continuation & 0xc0) === 0x80;
      point = (point << 6) | (continuation & 63);
    }
    if (valid && size > 1)
      valid =
        point >= (size === 2 ? 0x80 : size === 3 ? 0x800 : 0x10000) &&
        point <= 0x10ffff &&
        (point < 0xd800 || point > 0xdfff);
    text += valid ? String.fromCodePoint(point) : String.fromCharCode(NO_TEXT + byte);
    index += valid ? size : 1;
  }
  return text;
}

/** A float as both languages print it: always recognisable as one. */
export function floatText(value: number, isSingle: boolean): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'inf' : '-inf';
  let text = String(value);
  if (isSingle) {
    // The shortest decimal that reads back as the same 32-bit float.
    for (let digits = 1; digits <= 9; digits++) {
      const short = Number(value.toPrecision(digits));
      if (Math.fround(short) === value) {
        text = String(short);
        break;
      }
    }
  }
  return /[.e]/.test(text) ? text : `${Object.is(value, -0) ? '-0' : text}.0`;
}
