/** The handlers as a module. Bundles have the values, computed when they are built (scripts/constants-plugin.mjs). */
import { encodeHandlers, handlerNames as names } from './handlers.ts';

export const handlerNames: readonly string[] = names;
export const handlersModule: Uint8Array<ArrayBuffer> = encodeHandlers();
