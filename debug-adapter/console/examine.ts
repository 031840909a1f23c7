/**
 * `x/NFU address`: memory by count, format and unit, as gdb's `x`.
 * gdb manual, "Examining Memory". Formats x d u o t c a s i; units b h w g.
 */
import type { Disassembler } from '../disassembly/disassembler.ts';
import { failure, success, type Result } from '../result.ts';
import type { Space, Target } from '../target/target.ts';
import { NUMBER_FORMATS } from './number-format.ts';

type UnitBytes = 1 | 2 | 4 | 8;

export interface ExamineFormat {
  readonly count: number;
  readonly format: string;
  readonly unitBytes: UnitBytes;
}

const COUNT_MAX = 10_000;
const STRING_BYTES_MAX = 400;
const UNITS: Readonly<Record<string, UnitBytes>> = { b: 1, h: 2, w: 4, g: 8 };
const INSTRUCTION_BYTES_MAX = 15;

/** @param text what stands behind `x/`, such as `8wx`; empty is one word in hexadecimal */
export function parseExamineFormat(text: string): Result<ExamineFormat> {
  const match = /^(\d*)([a-z]*)$/.exec(text);
  const letters = match?.[2] ?? '?';
  const each = letters.match(/[a-z]/g) ?? [];
  const unit = each.find((c) => c in UNITS);
  const formats = each.filter((c) => !(c in UNITS));
  const count = match?.[1] ? Number(match[1]) : 1;
  if (!match || formats.length > 1 || !'xduotcasi'.includes(formats[0] ?? 'x') || count < 1 || count > COUNT_MAX) {
    return failure('examine-format', {
      cause: `"x/${text}" is not a format.`,
      remedy: `Write a count up to ${COUNT_MAX}, one of x d u o t c a s i, and one of b h w g: x/8wx $esp, x/10i $eip, x/s text.`,
    });
  }
  const format = formats[0] ?? 'x';
  return success({ count, format, unitBytes: unit ? UNITS[unit]! : format === 'c' ? 1 : 4 });
}

export interface ExamineSource {
  readonly target: Target;
  readonly space: Space;
  readonly disassembler: Disassembler;
  readonly symbolAt: (address: number) => string | undefined;
}

const hex8 = (value: number): string => '0x' + (value >>> 0).toString(16).padStart(8, '0');

export function examine(source: ExamineSource, { count, format, unitBytes }: ExamineFormat, address: number): string[] {
  if (format === 'i') return instructions(source, address, count);
  if (format === 's') return strings(source, address, count);
  const bytes = source.target.read(source.space, address, count * unitBytes);
  const perLine = format === 'a' ? 2 : Math.max(1, 16 / unitBytes / (format === 't' ? 2 : 1));
  const lines: string[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + unitBytes <= bytes.length; at += perLine * unitBytes) {
    const cells: string[] = [];
    for (let i = 0; i < perLine && at + (i + 1) * unitBytes <= bytes.length; i++) {
      const offset = at + i * unitBytes;
      const value = READ[unitBytes](view, offset);
      cells.push(cell(source, value, format, unitBytes));
    }
    lines.push(`${where(source, address + at)}: ${cells.join(' ')}`);
  }
  const read = Math.floor(bytes.length / unitBytes);
  if (read < count) lines.push(`${hex8(address + read * unitBytes)}: not mapped`);
  return lines;
}

const READ: Readonly<Record<UnitBytes, (view: DataView, offset: number) => bigint>> = {
  1: (view, offset) => BigInt(view.getUint8(offset)),
  2: (view, offset) => BigInt(view.getUint16(offset, true)),
  4: (view, offset) => BigInt(view.getUint32(offset, true)),
  8: (view, offset) => view.getBigUint64(offset, true),
};

function cell({ symbolAt }: ExamineSource, value: bigint, format: string, unitBytes: UnitBytes): string {
  const bits = unitBytes * 8;
  switch (format) {
    case 'a': {
      const symbol = symbolAt(Number(value));
      return `0x${value.toString(16).padStart(8, '0')}${symbol ? ` <${symbol}>` : ''}`;
    }
    case 't':
      return NUMBER_FORMATS['t']!(value, bits, false).padStart(bits, '0');
    case 'x':
      return NUMBER_FORMATS['z']!(value, bits, false);
    default:
      return NUMBER_FORMATS[format]!(value, bits, false);
  }
}

function where(source: ExamineSource, address: number): string {
  const symbol = source.symbolAt(address);
  return hex8(address) + (symbol ? ` <${symbol}>` : '');
}

function instructions(source: ExamineSource, address: number, count: number): string[] {
  const bytes = source.target.read(source.space, address, count * INSTRUCTION_BYTES_MAX);
  if (bytes.length === 0) return [`${hex8(address)}: not mapped`];
  return source.disassembler
    .decode(bytes, address, 32, source.symbolAt, count)
    .map((i) => `${where(source, i.address)}: ${i.text}`);
}

function strings(source: ExamineSource, address: number, count: number): string[] {
  const lines: string[] = [];
  for (let at = address, i = 0; i < count; i++) {
    const bytes = source.target.read(source.space, at, STRING_BYTES_MAX);
    if (bytes.length === 0) return [...lines, `${hex8(at)}: not mapped`];
    const zero = bytes.indexOf(0);
    const text = JSON.stringify(new TextDecoder('latin1').decode(zero < 0 ? bytes : bytes.subarray(0, zero)));
    lines.push(`${where(source, at)}: ${text}${zero < 0 ? '…' : ''}`);
    at += zero < 0 ? bytes.length : zero + 1;
  }
  return lines;
}
