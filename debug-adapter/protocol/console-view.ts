/** The selected frame as the debug console's commands see it. */
import type { ConsoleView } from '../console/commands.ts';
import { NUMBER_FORMATS } from '../console/number-format.ts';
import { resolved } from '../debug-info/index.ts';
import { Disassembler } from '../disassembly/disassembler.ts';
import { readBytes, renderValue, type Value } from '../inspection/index.ts';
import { failure, success, type Result } from '../result.ts';
import type { FrameView } from '../scopes/scopes.ts';
import { placeReference } from './address-space.ts';
import { formatAddress } from './memory-reference.ts';
import type { Debugged } from './session-state.ts';

/** A frame the client selected, and whose it is. */
export interface SelectedFrame extends FrameView {
  readonly threadId: number;
}

export function consoleView(
  debugged: Debugged,
  view: SelectedFrame,
  evaluate: (expression: string, allowAssignment: boolean) => Result<Value>,
): ConsoleView {
  const { frame } = view;
  return {
    target: debugged.target,
    os: debugged.os,
    images: debugged.launch.images,
    threads: debugged.threads,
    threadId: view.threadId,
    space: frame.space,
    place: (expression) => {
      const value = evaluate(expression, false);
      if (!value.ok) return value;
      const address = numberOf(expression, value.value);
      if (!address.ok) return address;
      const { spaceName } = value.value.context;
      if (spaceName === undefined) return success({ space: frame.space, address: address.value });
      return placeReference(debugged, `${spaceName}:${formatAddress(address.value)}`);
    },
    text: (expression, format) => {
      if (format !== '' && format !== 'a' && !Object.hasOwn(NUMBER_FORMATS, format)) return notAFormat(format);
      const value = evaluate(expression, true);
      return value.ok ? formatted(value.value, expression, format) : value;
    },
    hasName: (name) => frame.level?.variablesAt(frame.context.pc).some((variable) => variable.name === name) ?? false,
    disassembler: () => Disassembler.load(),
  };
}

function notAFormat(format: string): Result<never> {
  return failure('print-format', {
    cause: `"p/${format}" is not a format.`,
    remedy: `Write one of ${Object.keys(NUMBER_FORMATS).join(' ')} a: p/x $eax.`,
  });
}

function formatted(value: Value, expression: string, format: string): Result<string> {
  const type = resolved(value.type);
  // A reference is shown as what it leads to.
  const isPointer =
    type?.kind === 'pointer' && !(type.language === 'rust' && /^(?:&|alloc::boxed::Box<)/.test(type.name));
  const isNumber = type?.kind === 'base' || isPointer || type?.kind === 'enum';
  const isFloat = type?.kind === 'base' && type.encoding === 'float';
  if (format === '' || isFloat) return success(renderValue(value, {}).text);
  if (!isNumber && value.fact?.number === undefined) {
    if (format === 'x') return success(renderValue(value, { hex: true }).text);
    return failure('print-format', {
      cause: `p/${format} shows one number, and “${expression}” is ${renderValue(value).typeName}.`,
      remedy: 'Name a part of it; p/x shows all of it in hexadecimal.',
    });
  }
  const bytes = readBytes(value, value.fact === undefined ? type!.sizeBytes : 4);
  if (!bytes.ok) return bytes;
  const width = value.place.kind === 'bits' ? value.place.sizeBits : bytes.value.length * 8;
  const bits = BigInt.asUintN(
    width,
    bytes.value.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
  );
  const isSigned = type?.kind === 'base' && (type.encoding === 'signed' || type.encoding === 'signed-char');
  if (format !== 'a') return success(NUMBER_FORMATS[format]!(bits, width, isSigned));
  const symbol = value.context.symbolAt?.(Number(bits));
  return success(`${formatAddress(Number(bits))}${symbol === undefined ? '' : ` <${symbol}>`}`);
}

/** The value of a scalar; the address of anything larger. */
function numberOf(expression: string, value: Value): Result<number> {
  const type = resolved(value.type);
  const scalar =
    type && (type.kind === 'base' || type.kind === 'pointer' || type.kind === 'enum') && type.sizeBytes <= 8;
  if (!scalar && value.place.kind === 'memory') return success(value.place.address);
  const bytes = readBytes(value);
  if (!bytes.ok) return bytes;
  if (bytes.value.length === 0 || bytes.value.length > 8) {
    return failure('no-address', {
      cause: `"${expression}" is neither a number nor in memory.`,
      remedy: 'Give an address, a pointer, or a variable.',
    });
  }
  return success(bytes.value.slice(0, 4).reduceRight((sum, byte) => sum * 256 + byte, 0));
}
