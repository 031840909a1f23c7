/** readMemory, writeMemory, disassemble: all take references with their space. */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import * as v from 'valibot';
import { Disassembler, type DecodedInstruction } from '../../disassembly/disassembler.ts';
import { symbolName } from '../../kernel/symbol-name.ts';
import { failure } from '../../result.ts';
import type { Space } from '../../target/target.ts';
import { placeReference } from '../address-space.ts';
import { decodeBase64, encodeBase64 } from '../base64.ts';
import type { ClientPositions } from '../client-positions.ts';
import { formatAddress } from '../memory-reference.ts';
import { answer, count, integer, request } from '../request.ts';
import type { RequestHandler } from '../request-table.ts';
import type { Debugged } from '../session-state.ts';

const READ_BYTES_MAX = 16 * 1024 * 1024;
/** In one answer, and away from the reference. */
const INSTRUCTIONS_MAX = 20_000;
const PAGE_BYTES = 4096;
const INSTRUCTION_BYTES_MAX = 15;

export const MEMORY_REQUESTS: Readonly<Record<string, RequestHandler>> = {
  readMemory: request(
    v.looseObject({
      memoryReference: v.string(),
      offset: v.optional(integer, 0),
      count: v.pipe(count, v.maxValue(READ_BYTES_MAX)),
    }),
    (state, args) => {
      const debugged = state.launched();
      if (!debugged.ok) return debugged;
      const place = placeReference(debugged.value, args.memoryReference, args.offset);
      if (!place.ok) return place;
      const { space, address } = place.value;
      const bytes = debugged.value.target.read(space, address, Math.min(args.count, 2 ** 32 - address));
      const unreadable = args.count - bytes.length;
      return answer({
        address: formatAddress(address),
        ...(bytes.length > 0 ? { data: encodeBase64(bytes) } : {}),
        ...(unreadable > 0
          ? { unreadableBytes: unreadableRun(debugged.value, space, address + bytes.length, unreadable) }
          : {}),
      });
    },
  ),

  writeMemory: request(
    v.looseObject({
      memoryReference: v.string(),
      offset: v.optional(integer, 0),
      allowPartial: v.optional(v.boolean(), false),
      data: v.string(),
    }),
    (state, args) => {
      const debugged = state.stoppedDebuggee();
      if (!debugged.ok) return debugged;
      const place = placeReference(debugged.value, args.memoryReference, args.offset);
      if (!place.ok) return place;
      const bytes = decodeBase64(args.data);
      if (!bytes)
        return failure('base64', { cause: 'The data is not Base64.', remedy: 'Encode the bytes as RFC 4648 says.' });
      const { target } = debugged.value;
      const { space, address } = place.value;
      const writable = target.read(space, address, bytes.length).length;
      if (writable < bytes.length && !args.allowPartial) {
        return failure('memory-not-mapped', {
          cause: `Only ${writable} of ${bytes.length} bytes at ${args.memoryReference} are mapped; nothing was written.`,
          remedy: 'Write fewer bytes, or set "allowPartial".',
        });
      }
      const bytesWritten = target.write(space, address, bytes.subarray(0, writable));
      return answer({ offset: 0, bytesWritten }, () => {
        state.changed();
        if (state.client.supportsMemoryEvent)
          state.emit('memory', { memoryReference: args.memoryReference, offset: args.offset, count: bytesWritten });
      });
    },
  ),

  disassemble: request(
    v.looseObject({
      memoryReference: v.string(),
      offset: v.optional(integer, 0),
      instructionOffset: v.optional(v.pipe(integer, v.minValue(-INSTRUCTIONS_MAX), v.maxValue(INSTRUCTIONS_MAX)), 0),
      instructionCount: v.pipe(count, v.maxValue(INSTRUCTIONS_MAX)),
      resolveSymbols: v.optional(v.boolean(), false),
    }),
    async (state, args) => {
      const debugged = state.launched();
      if (!debugged.ok) return debugged;
      const place = placeReference(debugged.value, args.memoryReference, args.offset);
      if (!place.ok) return place;
      const lines = disassembleAround(
        await Disassembler.load(),
        debugged.value,
        place.value.space,
        place.value.address,
        args.instructionOffset,
        args.instructionCount,
      );
      return answer({
        instructions: lines.map((line) => showInstruction(state.positions, debugged.value, place.value.space, line)),
      });
    },
  ),
};

/** How many of the next bytes cannot be read, up to the next mapped page. */
function unreadableRun({ target }: Debugged, space: Space, address: number, most: number): number {
  let run = Math.min(most, PAGE_BYTES - (address % PAGE_BYTES));
  while (run < most && target.translate(space, address + run) === undefined) run += PAGE_BYTES;
  return Math.min(run, most);
}

/** DAP, Disassemble: exactly as many as asked for; what cannot be decoded is filled up. */
function disassembleAround(
  disassembler: Disassembler,
  debugged: Debugged,
  space: Space,
  address: number,
  instructionOffset: number,
  wanted: number,
): DecodedInstruction[] {
  const { target } = debugged;
  const symbolAt = (at: number): string | undefined => symbolName(debugged.os, space, at);
  const before = Math.max(0, -instructionOffset);
  const lines: DecodedInstruction[] = [];
  if (before > 0) {
    const start = Math.max(0, address - before * INSTRUCTION_BYTES_MAX);
    const bytes = lastReadable(debugged, space, start, address);
    const decoded = disassembler.decodeBefore(bytes, address, 32, before, symbolAt);
    for (let missing = before - decoded.length; missing > 0; missing--)
      lines.push(filler(Math.max(0, address - missing)));
    lines.push(...decoded);
  }
  const after = Math.max(0, wanted + instructionOffset);
  const forward = disassembler.decode(
    target.read(space, address, after * INSTRUCTION_BYTES_MAX),
    address,
    32,
    symbolAt,
    after,
  );
  lines.push(...forward);
  const chosen = instructionOffset > 0 ? forward.slice(instructionOffset) : lines.slice(0, wanted);
  let end = address + forward.reduce((sum, line) => sum + line.bytes.length, 0);
  while (chosen.length < wanted) chosen.push(filler(end++));
  return chosen;
}

const filler = (address: number): DecodedInstruction => ({
  address: address >>> 0,
  bytes: new Uint8Array(0),
  text: '(not readable)',
});

/** The bytes right before `end`, as far back as they are mapped. */
function lastReadable({ target }: Debugged, space: Space, start: number, end: number): Uint8Array {
  let from = start;
  while (from < end) {
    const bytes = target.read(space, from, end - from);
    if (bytes.length === end - from) return bytes;
    from = Math.min(end, (Math.floor((from + bytes.length) / PAGE_BYTES) + 1) * PAGE_BYTES);
  }
  return new Uint8Array(0);
}

function showInstruction(
  positions: ClientPositions,
  debugged: Debugged,
  space: Space,
  line: DecodedInstruction,
): Dap.DisassembledInstruction {
  const place = debugged.os.imageAt(space, line.address);
  const linked = (line.address + (place?.bias ?? 0)) >>> 0;
  const position = line.bytes.length > 0 ? place?.image.debug.lineOf(linked) : undefined;
  const path = position && debugged.launch.sources.toClient(position.file);
  const symbol = place?.image.elf.symbolAt(linked);
  return {
    address: formatAddress(line.address),
    instruction: line.text,
    ...(line.bytes.length > 0
      ? { instructionBytes: [...line.bytes].map((b) => b.toString(16).padStart(2, '0')).join(' ') }
      : { presentationHint: 'invalid' }),
    ...(symbol?.address === linked ? { symbol: symbol.demangled } : {}),
    ...(position && path !== undefined && position.line > 0
      ? {
          location: positions.source(path),
          line: positions.toLine(position.line),
          ...(position.column ? { column: positions.toColumn(position.column) } : {}),
        }
      : {}),
  };
}
