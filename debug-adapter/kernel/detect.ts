/** Which kernel is it: JOS by its structures, else one that nobody has described. */
import type { ImageSet } from '../launch/images.ts';
import type { Target } from '../target/target.ts';
import { bareGuest } from './bare.ts';
import type { GuestOs } from './guest-os.ts';
import { josGuest } from './jos.ts';

export function detectGuestOs(images: ImageSet, target: Target): GuestOs {
  return josGuest(images, target) ?? bareGuest(images);
}
