/**
 * The wire format of DAP: a header block, an empty line, a JSON body.
 * DAP overview, "Base Protocol".
 *
 * Invariant: whatever arrives, the decoder finds the next well-formed message behind it; garbage is reported, never fatal.
 */
const BODY_BYTES_MAX = 64 * 1024 * 1024;
const HEADER_BYTES_MAX = 4096;
/** Room for what has arrived, but for long messages. */
const PENDING_BYTES = 0x1_0000;
const HEADER_NAME = 'Content-Length:';
const PLAIN_HEADER = new TextEncoder().encode(`${HEADER_NAME} `);
const LATIN1 = new TextDecoder('latin1');
const UTF8 = new TextDecoder();

export interface FramingEvents {
  onMessage(message: unknown): void;
  /** Bytes that are no message: what was wrong, in a sentence. */
  onGarbage(problem: string): void;
}

/** A message as it is written. @param byteLength of a text in UTF-8 */
export function frameText(message: object, byteLength: (text: string) => number): string {
  const body = JSON.stringify(message);
  return `${HEADER_NAME} ${byteLength(body)}\r\n\r\n${body}`;
}

/** Cuts a byte stream into messages. Feed it chunks of any size. */
export class FrameDecoder {
  /** What has arrived, up to `end`; up to `at` it is dealt with. */
  private pending = new Uint8Array(PENDING_BYTES);
  private at = 0;
  private end = 0;
  private bodyLength: number | undefined;
  private readonly events: FramingEvents;

  constructor(events: FramingEvents) {
    this.events = events;
  }

  push(chunk: Uint8Array): void {
    this.append(chunk);
    while (this.takeOne());
  }

  private append(chunk: Uint8Array): void {
    const length = this.end - this.at + chunk.length;
    if (this.end + chunk.length > this.pending.length || this.at === this.end) {
      const left = this.pending.subarray(this.at, this.end);
      // Twice as large, so that a long message is not copied again for each of its chunks.
      const isFitting = length <= this.pending.length && (left.length > 0 || this.pending.length === PENDING_BYTES);
      const into = isFitting ? this.pending : new Uint8Array(length <= PENDING_BYTES ? PENDING_BYTES : 2 * length);
      into.set(left);
      this.pending = into;
      this.at = 0;
      this.end = left.length;
    }
    this.pending.set(chunk, this.end);
    this.end += chunk.length;
  }

  private takeOne(): boolean {
    if (this.bodyLength === undefined) return this.takeHeader();
    if (this.end - this.at < this.bodyLength) return false;
    const body = this.pending.subarray(this.at, this.at + this.bodyLength);
    this.at += this.bodyLength;
    this.bodyLength = undefined;
    this.takeBody(body);
    return true;
  }

  private takeHeader(): boolean {
    const bytes = this.pending.subarray(0, this.end);
    const plain = plainHeader(bytes, this.at);
    if (plain !== undefined) {
      this.bodyLength = plain.length;
      this.at = plain.end;
      return true;
    }
    const end = indexOfBlankLine(bytes, this.at);
    if (end < 0) {
      const left = bytes.subarray(this.at);
      if (left.length > HEADER_BYTES_MAX) {
        const keep = lastHeaderStart(left);
        this.events.onGarbage(`${keep} bytes without a "${HEADER_NAME}" header were skipped.`);
        this.at += keep;
      }
      return false;
    }
    const header = LATIN1.decode(bytes.subarray(this.at, end));
    this.at = end + 4;
    const at = header.toLowerCase().lastIndexOf(HEADER_NAME.toLowerCase());
    if (at > 0 && header.slice(0, at).trim() !== '' && !/^[\w-]+:[^\r\n]*\r\n/.test(header)) {
      this.events.onGarbage(`${at} bytes in front of a "${HEADER_NAME}" header were skipped.`);
    }
    const length = at < 0 ? undefined : /^\s*(\d{1,10})\s*(\r\n|$)/.exec(header.slice(at + HEADER_NAME.length))?.[1];
    if (length === undefined || Number(length) > BODY_BYTES_MAX) {
      this.events.onGarbage(`A header without a usable "${HEADER_NAME}" was skipped.`);
      return true;
    }
    this.bodyLength = Number(length);
    return true;
  }

  private takeBody(body: Uint8Array): void {
    let message: unknown;
    try {
      message = JSON.parse(UTF8.decode(body));
    } catch {
      this.events.onGarbage(`A message body of ${body.length} bytes is not JSON.`);
      return;
    }
    this.events.onMessage(message);
  }
}

function indexOfBlankLine(bytes: Uint8Array, from: number): number {
  for (let i = bytes.indexOf(13, from); i >= 0 && i + 3 < bytes.length; i = bytes.indexOf(13, i + 1)) {
    if (bytes[i + 1] === 10 && bytes[i + 2] === 13 && bytes[i + 3] === 10) return i;
  }
  return -1;
}

/** The header as clients write it, byte for byte; undefined for any other, or one that has not all arrived. */
function plainHeader(bytes: Uint8Array, at: number): { length: number; end: number } | undefined {
  const first = at + PLAIN_HEADER.length;
  for (let i = 0; i < PLAIN_HEADER.length; i++) if (bytes[at + i] !== PLAIN_HEADER[i]) return undefined;
  let length = 0;
  let end = first;
  for (; bytes[end]! >= 0x30 && bytes[end]! <= 0x39 && length <= BODY_BYTES_MAX; end++) {
    length = length * 10 + bytes[end]! - 0x30;
  }
  const isWhole = bytes[end] === 13 && bytes[end + 1] === 10 && bytes[end + 2] === 13 && bytes[end + 3] === 10;
  return isWhole && end > first && length <= BODY_BYTES_MAX ? { length, end: end + 4 } : undefined;
}

/** Where a header may yet begin: garbage in front of it can be dropped. */
function lastHeaderStart(bytes: Uint8Array): number {
  const tail = LATIN1.decode(bytes.subarray(bytes.length - 64));
  const at = tail.toLowerCase().lastIndexOf(HEADER_NAME.toLowerCase());
  return at >= 0 ? bytes.length - tail.length + at : bytes.length - HEADER_NAME.length;
}
