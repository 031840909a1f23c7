/**
 * Memory references: how an address and its space travel through DAP's opaque strings.
 *
 *   env:1002:0x00800020     linear address in an environment's space (environment id in hex)
 *   kernel:0xf0101000       linear address in the space that the CPU uses now
 *   phys:0x003fd000         physical address
 *   0x00800020              linear address in the space of the thread that is shown
 */
export type MemoryReference =
  | { readonly kind: 'env'; readonly envId: number; readonly address: number }
  | { readonly kind: 'kernel'; readonly address: number }
  | { readonly kind: 'phys'; readonly address: number }
  | { readonly kind: 'shown'; readonly address: number };

export function formatAddress(address: number): string {
  return '0x' + (address >>> 0).toString(16).padStart(8, '0');
}

export function formatMemoryReference(reference: MemoryReference): string {
  switch (reference.kind) {
    case 'env':
      return `env:${reference.envId.toString(16)}:${formatAddress(reference.address)}`;
    case 'kernel':
      return `kernel:${formatAddress(reference.address)}`;
    case 'phys':
      return `phys:${formatAddress(reference.address)}`;
    case 'shown':
      return formatAddress(reference.address);
  }
}

const ADDRESS = '(0x[0-9a-f]{1,8}|[0-9]{1,10})';
const FORMS: readonly [RegExp, (match: RegExpExecArray) => MemoryReference][] = [
  [
    new RegExp(`^env:([0-9a-f]{1,8}):${ADDRESS}$`, 'i'),
    (m) => ({ kind: 'env', envId: parseInt(m[1]!, 16), address: Number(m[2]) }),
  ],
  [new RegExp(`^kernel:${ADDRESS}$`, 'i'), (m) => ({ kind: 'kernel', address: Number(m[1]) })],
  [new RegExp(`^phys:${ADDRESS}$`, 'i'), (m) => ({ kind: 'phys', address: Number(m[1]) })],
  [new RegExp(`^${ADDRESS}$`, 'i'), (m) => ({ kind: 'shown', address: Number(m[1]) })],
];

/** @returns undefined when the text is not a reference or its address has more than 32 bits */
export function parseMemoryReference(text: string): MemoryReference | undefined {
  for (const [form, read] of FORMS) {
    const match = form.exec(text.trim());
    if (!match) continue;
    const reference = read(match);
    return reference.address <= 0xffffffff ? reference : undefined;
  }
  return undefined;
}
