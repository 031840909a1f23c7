/** The few instructions that stepping has to know before it executes them. Intel SDM Vol. 2, "Opcode Map". */
export type InstructionKind =
  | { readonly kind: 'call' }
  /** INT n, INT3, INTO's cousins: enters a gate; `length` in bytes. */
  | { readonly kind: 'interrupt'; readonly length: number }
  | { readonly kind: 'halt' }
  | { readonly kind: 'other' };

const PREFIXES = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]);

/** @param bytes up to 15 bytes from the instruction's start */
export function classifyInstruction(bytes: Uint8Array): InstructionKind {
  let at = 0;
  while (at < bytes.length && PREFIXES.has(bytes[at]!)) at++;
  const opcode = bytes[at];
  const modrm = bytes[at + 1] ?? 0;
  const extension = (modrm >> 3) & 7;
  switch (opcode) {
    case 0xe8: // CALL rel
    case 0x9a: // CALL ptr
      return { kind: 'call' };
    case 0xff: // group 5: /2 CALL Ev, /3 CALL Mp
      return extension === 2 || extension === 3 ? { kind: 'call' } : { kind: 'other' };
    case 0xcc: // INT3
      return { kind: 'interrupt', length: at + 1 };
    case 0xcd: // INT n
      return { kind: 'interrupt', length: at + 2 };
    case 0xf4: // HLT
      return { kind: 'halt' };
    default:
      return { kind: 'other' };
  }
}
