/** From a memory reference to the space it means now. */
import { failure, success, type Result } from '../result.ts';
import { PHYSICAL_SPACE, type LinearAddress, type Space } from '../target/target.ts';
import { parseMemoryReference } from './memory-reference.ts';
import type { Debugged } from './session-state.ts';

export interface PlacedAddress {
  readonly space: Space;
  readonly address: LinearAddress;
}

/** Fails with `memory-reference` for text that is none, `no-such-environment` for one that has ended. */
export function placeReference(debugged: Debugged, text: string, offset = 0): Result<PlacedAddress> {
  const reference = parseMemoryReference(text);
  if (!reference) {
    return failure('memory-reference', {
      cause: `"${text}" is not a memory reference.`,
      remedy: 'Write 0xf0101000, env:1000:0x00800020, kernel:0xf0101000 or phys:0x00100000.',
    });
  }
  const address = reference.address + offset;
  if (address < 0 || address > 0xffffffff) {
    return failure('memory-reference', {
      cause: `${text} with offset ${offset} lies outside the 4 GiB.`,
      remedy: 'Choose a smaller offset.',
    });
  }
  switch (reference.kind) {
    case 'phys':
      return success({ space: PHYSICAL_SPACE, address });
    case 'env': {
      const environment = debugged.threads.environment(reference.envId);
      if (environment) return success({ space: environment.space, address });
      return noSuchEnvironment(reference.envId);
    }
    case 'kernel':
    case 'shown':
      return success({ space: debugged.target.space, address });
  }
}

export function noSuchEnvironment(envId: number): Result<never> {
  return failure('no-such-environment', {
    cause: `There is no environment ${envId.toString(16).padStart(8, '0')} any more.`,
    remedy: 'Choose one from the call stack.',
  });
}
