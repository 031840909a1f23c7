/**
 * The wire format of DAP: a header block, an empty line, a JSON body.
 * DAP overview, "Base Protocol".
 *
 * Invariant: whatever arrives, the decoder finds the next well-formed message behind it; garbage is reported, never fatal.
 */
const BODY_BYTES_MAX = 64 * 1024 * 1024;
const HEADER_BYTES_MAX = 4096;
const HEADER_NAME = 'Content-Length:';

export interface FramingEvents {
  onMessage(message: unknown): void;
  /** Bytes that are no message: what was wrong, in a sentence. */
  onGarbage(problem: string): void;
}

export function encodeMessage(message: object): Uint8Array {
  const body = new TextEncoder().encode(JSON.stringify(message));
  const header = new TextEncoder().encode(`Content-Length: ${body.length}\r\n\r\n`);
  const frame = new Uint8Array(header.length + body.length);
  frame.set(header);
  frame.set(body, header.length);
  return frame;
}

/** Cuts a byte stream into messages. Feed it chunks of any size. */
export class FrameDecoder {
  private pending: Uint8Array = new Uint8Array(0);
  private bodyLength: number | undefined;
  private readonly events: FramingEvents;

  constructor(events: FramingEvents) {
    this.events = events;
  }

  push(chunk: Uint8Array): void {
    this.pending = concatenate(this.pending, chunk);
    while (this.takeOne());
  }

  private takeOne(): boolean {
    if (this.bodyLength === undefined) return this.takeHeader();
    if (this.pending.length < this.bodyLength) return false;
    const body = this.pending.subarray(0, this.bodyLength);
    this.pending = this.pending.slice(this.bodyLength);
    this.bodyLength = undefined;
    this.takeBody(body);
    return true;
  }

  private takeHeader(): boolean {
    const end = indexOfBlankLine(this.pending);
    if (end < 0) {
      if (this.pending.length > HEADER_BYTES_MAX) {
        const keep = lastHeaderStart(this.pending);
        this.events.onGarbage(`${keep} bytes without a "${HEADER_NAME}" header were skipped.`);
        this.pending = this.pending.slice(keep);
      }
      return false;
    }
    const header = new TextDecoder('latin1').decode(this.pending.subarray(0, end));
    this.pending = this.pending.slice(end + 4);
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
      message = JSON.parse(new TextDecoder().decode(body));
    } catch {
      this.events.onGarbage(`A message body of ${body.length} bytes is not JSON.`);
      return;
    }
    this.events.onMessage(message);
  }
}

function concatenate(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b.slice();
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function indexOfBlankLine(bytes: Uint8Array): number {
  for (let i = bytes.indexOf(13); i >= 0 && i + 3 < bytes.length; i = bytes.indexOf(13, i + 1)) {
    if (bytes[i + 1] === 10 && bytes[i + 2] === 13 && bytes[i + 3] === 10) return i;
  }
  return -1;
}

/** Where a header may yet begin: garbage in front of it can be dropped. */
function lastHeaderStart(bytes: Uint8Array): number {
  const tail = new TextDecoder('latin1').decode(bytes.subarray(bytes.length - 64));
  const at = tail.toLowerCase().lastIndexOf(HEADER_NAME.toLowerCase());
  return at >= 0 ? bytes.length - tail.length + at : bytes.length - HEADER_NAME.length;
}
