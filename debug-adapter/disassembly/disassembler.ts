/**
 * Machine code as text, by iced-x86. Loaded when it is first asked for: its module takes longer to start than a session.
 */
import type { Decoder, Formatter } from 'iced-x86';

export interface DecodedInstruction {
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Intel syntax; `(bad)` where the bytes are no instruction. */
  readonly text: string;
}

export interface SymbolResolver {
  /** `sys_page_alloc+4`, or undefined */
  (address: number): string | undefined;
}

const INSTRUCTION_BYTES_MAX = 15;

export class Disassembler {
  private readonly iced: typeof import('iced-x86');
  private readonly formatter: Formatter;

  private constructor(iced: typeof import('iced-x86')) {
    this.iced = iced;
    this.formatter = new iced.Formatter(iced.FormatterSyntax.Intel);
    this.formatter.hexPrefix = '0x';
    this.formatter.hexSuffix = '';
    this.formatter.uppercaseHex = false;
    this.formatter.spaceAfterOperandSeparator = true;
  }

  private static loaded: Promise<Disassembler> | undefined;

  /** One for all sessions: it holds no state but the loaded module. */
  static load(): Promise<Disassembler> {
    return (Disassembler.loaded ??= Disassembler.start());
  }

  private static async start(): Promise<Disassembler> {
    const module = await import('iced-x86');
    return new Disassembler('default' in module ? (module.default as typeof import('iced-x86')) : module);
  }

  /** @param bits 16 or 32: the code segment's default size */
  decode(
    bytes: Uint8Array,
    address: number,
    bits: 16 | 32,
    symbolAt: SymbolResolver,
    instructionsMax = Infinity,
  ): DecodedInstruction[] {
    const decoder: Decoder = new this.iced.Decoder(bits, bytes, 0);
    const instructions: DecodedInstruction[] = [];
    try {
      decoder.ip = BigInt(address >>> 0);
      while (decoder.canDecode && instructions.length < instructionsMax) {
        const start = decoder.position;
        const instruction = decoder.decode();
        const length = instruction.length;
        const invalid = instruction.isInvalid;
        const target =
          !invalid && hasNearTarget(this.iced, instruction) ? Number(instruction.nearBranchTarget) : undefined;
        const symbol = target === undefined ? undefined : symbolAt(target);
        const text = invalid ? '(bad)' : this.formatter.format(instruction) + (symbol ? ` <${symbol}>` : '');
        instruction.free();
        instructions.push({ address: (address + start) >>> 0, bytes: bytes.slice(start, start + length), text });
        if (length === 0) break;
      }
    } finally {
      decoder.free();
    }
    return instructions;
  }

  /** One instruction and the size of what it accesses; undefined where the bytes are none. */
  one(
    bytes: Uint8Array,
    address: number,
    bits: 16 | 32,
  ): { text: string; memoryBytes: number | undefined; bytes: Uint8Array } | undefined {
    const { Decoder, MemorySizeExt, OpKind } = this.iced;
    const decoder = new Decoder(bits, bytes, 0);
    decoder.ip = BigInt(address >>> 0);
    const instruction = decoder.decode();
    try {
      if (instruction.isInvalid) return undefined;
      const kinds = Array.from({ length: instruction.opCount }, (_, i) => instruction.opKind(i));
      const size = MemorySizeExt.size(instruction.memorySize);
      const accesses = size > 0 && kinds.some((kind) => kind >= OpKind.MemorySegSI);
      return {
        text: this.formatter.format(instruction),
        memoryBytes: accesses ? size : undefined,
        bytes: bytes.slice(0, instruction.length),
      };
    } finally {
      instruction.free();
      decoder.free();
    }
  }

  /**
   * Decodes `before` instructions that end at `address`: code can only be read forward, so several starts are tried and
   * the one that lands on `address` with the fewest bad instructions is taken.
   */
  decodeBefore(
    bytesBefore: Uint8Array,
    address: number,
    bits: 16 | 32,
    before: number,
    symbolAt: SymbolResolver,
  ): DecodedInstruction[] {
    const window = Math.min(bytesBefore.length, before * INSTRUCTION_BYTES_MAX);
    let best: DecodedInstruction[] | undefined;
    for (let skip = 0; skip < Math.min(INSTRUCTION_BYTES_MAX, window); skip++) {
      const start = bytesBefore.length - window + skip;
      const decoded = this.decode(bytesBefore.subarray(start), address - (bytesBefore.length - start), bits, symbolAt);
      const last = decoded.at(-1);
      if (!last || last.address + last.bytes.length !== address || last.text === '(bad)') continue;
      const tail = decoded.slice(-before);
      if (!best || countBad(tail) < countBad(best)) best = tail;
      if (countBad(best) === 0) break;
    }
    return best ?? [];
  }
}

const countBad = (instructions: readonly DecodedInstruction[]): number =>
  instructions.filter((i) => i.text === '(bad)').length;

function hasNearTarget(iced: typeof import('iced-x86'), instruction: import('iced-x86').Instruction): boolean {
  const { OpKind } = iced;
  const kind = instruction.opCount > 0 ? instruction.opKind(0) : undefined;
  return kind === OpKind.NearBranch16 || kind === OpKind.NearBranch32;
}
