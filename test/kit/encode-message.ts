/** A DAP message as bytes, as a client writes them. */
import { frameText } from '../../debug-adapter/protocol/framing.ts';

export function encodeMessage(message: object): Uint8Array {
  return Buffer.from(frameText(message, (text) => Buffer.byteLength(text)));
}
