/** A call's arguments beside the function's name, as the call stack shows them. DAP, `StackFrameFormat`. */
import type { CodeFrame } from '../call-stack/frame.ts';
import { renderValue, valueOfVariable } from '../inspection/index.ts';
import { frameContext, type ContextSource } from './inspection-context.ts';

const ARGUMENT_CHARACTERS_MAX = 60;

export interface ArgumentsFormat {
  readonly names: boolean;
  readonly types: boolean;
  readonly values: boolean;
  readonly hex: boolean;
}

/** `(envid: i32 = 0, va=0xd0000000)`, by what the format asks for; nothing for a function that is not known. */
export function argumentsText(source: ContextSource, frame: CodeFrame, format: ArgumentsFormat): string {
  if (!frame.level) return '';
  const context = frameContext(source, frame, false, () => undefined);
  const shown = frame.level.parameters.map((parameter) => {
    const { text, typeName } = renderValue(valueOfVariable(parameter, context), {
      hex: format.hex,
      textMax: ARGUMENT_CHARACTERS_MAX - 1,
    });
    const name = format.names ? parameter.name : '';
    const typed = format.types ? (name === '' ? typeName : `${name}: ${typeName}`) : name;
    if (!format.values) return typed;
    return typed === '' ? text : `${typed}${format.types ? ' = ' : '='}${text}`;
  });
  return `(${shown.join(', ')})`;
}
