/**
 * `info regions` and `region ADDRESS`: what of the guest runs as WebAssembly now, for people who work on the machine.
 * docs/decisions/0014.
 */
import type { Disassembler } from '../disassembly/disassembler.ts';
import type { TranslatedRegion } from '../target/target.ts';
import { hex } from './listings.ts';

const REGIONS_MAX = 40;

type NameAt = (address: number) => string | undefined;

const named = (address: number, nameAt: NameAt): string => {
  const name = nameAt(address);
  return name === undefined ? hex(address) : `${hex(address)} <${name}>`;
};

/** One line for each, those that the run loop enters most first. */
export function listRegions(regions: readonly TranslatedRegion[], nameAt: NameAt): string[] {
  if (regions.length === 0) return ['Nothing is translated: no code has run often enough yet.'];
  const rows = regions.slice(0, REGIONS_MAX).map(({ eip, user, blocks, counts }) => {
    const { entries, instructions, wasmBytes } = counts;
    const ring = user ? 'user' : 'kernel';
    return `${named(eip, nameAt)}: ${ring}, ${blocks.length} blocks, ${instructions} instructions, ${wasmBytes} bytes, entered ${entries} times`;
  });
  const more = regions.length - rows.length;
  return more > 0 ? [...rows, `${more} more`] : rows;
}

/** Its x86 block by block, then its WebAssembly, then its counts. */
export function showRegion(
  { blocks, wasm, counts }: TranslatedRegion,
  read: (address: number, length: number) => Uint8Array,
  disassembler: Disassembler,
  nameAt: NameAt,
): string[] {
  const lines: string[] = [];
  for (const { eip, isLoop, instructions } of blocks) {
    lines.push(`${named(eip, nameAt)}:${isLoop ? ' loop' : ''}`);
    for (const { address, bytes } of instructions) {
      const [decoded] = disassembler.decode(read(address, bytes), address, 32, nameAt, 1);
      lines.push(`  ${hex(address)}  ${decoded?.text ?? '(not readable)'}`);
    }
  }
  const { entries, instructions, waysOut, wasmBytes } = counts;
  return [
    ...lines,
    '',
    ...wasm,
    '',
    `${instructions} instructions, ${waysOut} ways out, ${wasmBytes} bytes of WebAssembly, entered ${entries} times from the run loop`,
  ];
}
