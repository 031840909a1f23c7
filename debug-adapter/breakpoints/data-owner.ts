/** Whose local variable stands at an address: so that a data breakpoint can say when the frame has returned. */
import type { Frame } from '../call-stack/frame.ts';
import { resolved } from '../debug-info/index.ts';
import type { LinearAddress } from '../target/target.ts';

const FRAMES_MAX = 64;

/**
 * @param wanted only a frame of this owner will do
 * @returns a text that names the function, or undefined where no frame has a local there
 */
export function localsOwner(frames: Iterable<Frame>, address: LinearAddress, wanted?: string): string | undefined {
  let count = 0;
  for (const frame of frames) {
    if (++count > FRAMES_MAX) return undefined;
    if (frame.kind !== 'code' || !frame.level || !frame.image) continue;
    const owner = `${frame.image.name}:${frame.level.function.id}`;
    if (wanted !== undefined && owner !== wanted) continue;
    for (const variable of frame.level.variablesAt(frame.context.pc)) {
      if (variable.kind === 'static') continue;
      const located = variable.locate(frame.context);
      const piece = located.ok && located.value.pieces.length === 1 ? located.value.pieces[0] : undefined;
      if (piece?.kind !== 'memory') continue;
      const size = resolved(variable.type)?.sizeBytes ?? 0;
      if (address >= piece.address && address < piece.address + size) return owner;
    }
  }
  return undefined;
}
