import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameDecoder } from '../../../debug-adapter/protocol/framing.ts';
import { encodeMessage } from '../../kit/encode-message.ts';

function decode(chunks: Uint8Array[]): { messages: unknown[]; garbage: string[] } {
  const messages: unknown[] = [];
  const garbage: string[] = [];
  const decoder = new FrameDecoder({ onMessage: (m) => messages.push(m), onGarbage: (p) => garbage.push(p) });
  for (const chunk of chunks) decoder.push(chunk);
  return { messages, garbage };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const hello = { seq: 1, type: 'request', command: 'initialize', arguments: { clientID: 'ü' } };

test('a message cut into chunks anywhere arrives whole', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 4 }), fc.array(fc.nat(40), { maxLength: 30 }), (values, cuts) => {
      const messages = values.map((value, seq) => ({ seq, value }));
      const stream = Buffer.concat(messages.map(encodeMessage));
      const chunks: Uint8Array[] = [];
      let at = 0;
      for (const cut of cuts) chunks.push(stream.subarray(at, (at += cut)));
      chunks.push(stream.subarray(at));
      // What arrives went through JSON once.
      expect(decode(chunks)).toEqual({ messages: JSON.parse(JSON.stringify(messages)), garbage: [] });
    }),
  );
});

test.each([
  ['text in front of the header', 'what is this?\r\n'],
  ['a header without a length', 'Content-Type: json\r\n\r\n'],
  ['a length that is no number', 'Content-Length: many\r\n\r\n'],
  ['a negative length', 'Content-Length: -5\r\n\r\n'],
  ['a length beyond any message', 'Content-Length: 9999999999\r\n\r\n'],
  ['a body that is not JSON', 'Content-Length: 7\r\n\r\n{"a": }'],
])('%s is reported, and the next message still arrives', (_what, garbage) => {
  const result = decode([bytes(garbage), encodeMessage(hello)]);
  expect(result.messages).toEqual([hello]);
  expect(result.garbage).toHaveLength(1);
});

test('a megabyte of noise is dropped as it comes, and the next message still arrives', () => {
  const noise = new Uint8Array(1024).fill(0x55);
  const result = decode([...Array.from({ length: 1024 }, () => noise), bytes('\r\n\r\n'), encodeMessage(hello)]);
  expect(result.messages).toEqual([hello]);
});

test('other headers may stand beside the length', () => {
  const body = JSON.stringify(hello);
  const frame = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  expect(decode([bytes(frame)])).toEqual({ messages: [hello], garbage: [] });
});

test('a message of 24 MB in small chunks is put together once, not for each of them', () => {
  const message = { seq: 1, type: 'request', command: 'writeMemory', arguments: { data: 'A'.repeat(24_000_000) } };
  const frame = encodeMessage(message);
  const chunks = Array.from({ length: Math.ceil(frame.length / 1000) }, (_, n) =>
    frame.subarray(n * 1000, (n + 1) * 1000),
  );
  expect(decode([...chunks, encodeMessage(hello)])).toEqual({ messages: [message, hello], garbage: [] });
});
