/** The selected frame as the debug console's commands see it. */
import type { ConsoleView } from '../console/commands.ts';
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
    text: (expression) => {
      const value = evaluate(expression, true);
      return value.ok ? success(renderValue(value.value, {}).text) : value;
    },
    hasName: (name) => frame.level?.variablesAt(frame.context.pc).some((variable) => variable.name === name) ?? false,
    disassembler: () => Disassembler.load(),
  };
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
