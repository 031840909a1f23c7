/** The support as modules. Bundles have the values, computed when they are built (scripts/constants-plugin.mjs). */
import { encodeSupport } from './support-functions.ts';

export const supportWithTailCalls: Uint8Array<ArrayBuffer> = encodeSupport(true);
export const supportWithTrampoline: Uint8Array<ArrayBuffer> = encodeSupport(false);
