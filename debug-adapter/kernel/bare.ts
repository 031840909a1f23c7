/** A kernel that nobody has described: one thread, the kernel's image wherever its segments reach. */
import { coversLinear, linkedAddressOf, type Image, type ImageSet } from '../launch/images.ts';
import { PHYSICAL_SPACE, type LinearAddress, type Space } from '../target/target.ts';
import type { GuestOs, PlacedImage } from './guest-os.ts';

export function bareGuest(images: ImageSet): GuestOs {
  return {
    name: 'bare',
    kernel: images.kernel,
    environments: () => [],
    current: () => undefined,
    currentNow: () => undefined,
    imageAt: (space, address) => placeKernel(images.kernel, space, address),
    leftBy: () => undefined,
    trap: () => undefined,
    systemCall: () => undefined,
    regionAt: () => undefined,
    events: undefined,
    fault: () => undefined,
    fatalPoints: [
      {
        id: 'kernel-panic',
        label: 'Kernel panic',
        in: 'kernel',
        functions: ['rust_begin_unwind', 'panic_handler', 'panic', '_panic'],
      },
    ],
    describeFatal: () => undefined,
  };
}

/** The kernel as linked, or at its load address while it has not moved up yet. */
export function placeKernel(kernel: Image, space: Space, address: LinearAddress): PlacedImage | undefined {
  if (space !== PHYSICAL_SPACE && coversLinear(kernel, address)) return { image: kernel, bias: 0 };
  const linked = linkedAddressOf(kernel, address);
  if (linked !== undefined) return { image: kernel, bias: linked - address };
  return coversLinear(kernel, address) ? { image: kernel, bias: 0 } : undefined;
}
