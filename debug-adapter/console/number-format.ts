/** Numbers by gdb's format letters. gdb manual, "Output Formats"; `s` and `i` are `x`'s alone. */

//  letter   what
export const NUMBER_FORMATS: Readonly<Record<string, (bits: bigint, width: number, isSigned: boolean) => string>> = {
  x: (bits) => `0x${bits.toString(16)}`,
  z: (bits, width) => `0x${bits.toString(16).padStart(Math.ceil(width / 4), '0')}`,
  d: (bits, width) => BigInt.asIntN(width, bits).toString(),
  u: (bits) => bits.toString(),
  o: (bits) => (bits === 0n ? '0' : `0${bits.toString(8)}`),
  t: (bits) => bits.toString(2),
  c: (bits, width, isSigned) => `${isSigned ? BigInt.asIntN(width, bits) : bits} ${quoted(Number(bits & 0xffn))}`,
};

function quoted(byte: number): string {
  const isPlain = byte >= 0x20 && byte < 0x7f;
  return isPlain ? `'${String.fromCharCode(byte)}'` : `'\\x${byte.toString(16).padStart(2, '0')}'`;
}
