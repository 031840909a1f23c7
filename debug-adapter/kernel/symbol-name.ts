/** The name of what stands at an address of a space, as disassembly and pointers show it. */
import type { LinearAddress, Space } from '../target/target.ts';
import type { GuestOs } from './guest-os.ts';

/** `sys_page_alloc`, `sys_page_alloc+4`; undefined where no image stands or nothing of it has a name. */
export function symbolName(os: GuestOs, space: Space, address: LinearAddress): string | undefined {
  const place = os.imageAt(space, address);
  const linked = (address + (place?.bias ?? 0)) >>> 0;
  const symbol = place?.image.elf.symbolAt(linked);
  if (!symbol) return undefined;
  return linked === symbol.address ? symbol.demangled : `${symbol.demangled}+${linked - symbol.address}`;
}
