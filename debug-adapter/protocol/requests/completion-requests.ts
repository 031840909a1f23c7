/** Completions for the debug console: commands, variables, statics, registers, fields behind a dot or an arrow. */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import * as v from 'valibot';
import { COMMAND_WORDS } from '../../console/commands.ts';
import { childrenOf } from '../../inspection/index.ts';
import type { Result } from '../../result.ts';
import { FACT_WORDS } from '../../scopes/machine-facts.ts';
import {
  CONTROL_REGISTERS,
  FPU_STACK,
  GENERAL_REGISTERS,
  MMX_REGISTERS,
  SEGMENT_REGISTERS,
  XMM_REGISTERS,
} from '../../target/registers.ts';
import type { SelectedFrame } from '../console-view.ts';
import { answer, count, integer, request } from '../request.ts';
import type { RequestHandler } from '../request-table.ts';
import { evaluateIn, frameFor } from './data-requests.ts';

const TARGETS_MAX = 200;

const NUMBER_REGISTERS = [...GENERAL_REGISTERS, ...SEGMENT_REGISTERS, ...CONTROL_REGISTERS].map((name) => `$${name}`);
/** Of units that the processor may not have. */
const WIDE_REGISTERS = [...FPU_STACK, ...MMX_REGISTERS, ...XMM_REGISTERS].map((name) => `$${name}`);

export const COMPLETION_REQUESTS: Readonly<Record<string, RequestHandler>> = {
  completions: request(
    v.looseObject({ text: v.string(), column: count, line: v.optional(count, 1), frameId: v.optional(integer) }),
    (state, args) => {
      const debugged = state.stoppedDebuggee();
      if (!debugged.ok) return debugged;
      const selected = frameFor(debugged.value, args.frameId);
      if (!selected.ok) return selected;
      const shift = state.client.columnsStartAt1 === false ? 0 : 1;
      const line = args.text.split('\n')[args.line - (state.client.linesStartAt1 === false ? 0 : 1)] ?? args.text;
      return answer({ targets: complete(selected.value, line.slice(0, args.column - shift)).slice(0, TARGETS_MAX) });
    },
  ),
};

/** @param before the line up to the cursor */
function complete(selected: SelectedFrame, before: string): Dap.CompletionItem[] {
  const [, word = ''] = /([\w$]*)$/.exec(before)!;
  const start = before.length - word.length;
  const item = (label: string, type: Dap.CompletionItemType): Dap.CompletionItem => ({
    label,
    type,
    start,
    length: word.length,
  });
  const matching = (names: Iterable<string>, type: Dap.CompletionItemType): Dap.CompletionItem[] =>
    [...new Set(names)].filter((name) => name.startsWith(word) && name !== word).map((name) => item(name, type));

  const owner = /([\w$][\w$.:[\]>-]*?|\$\w+\([^()]*\)[\w.]*?)(?:\.|->)\w*$/.exec(before)?.[1];
  if (owner !== undefined) return matching(fieldsOf(selected, owner), 'field');
  if (word.startsWith('$')) {
    const wide = WIDE_REGISTERS.filter((name) => name.startsWith(word) && evaluateIn(selected, name, false).ok);
    return matching([...FACT_WORDS, ...NUMBER_REGISTERS, ...wide], 'property');
  }
  if (/::\w*$/.test(before)) return matching(pathsUnder(selected, before), 'module');
  const { level, image, context } = selected.frame;
  const commands = COMMAND_WORDS.filter((c) => c.startsWith(before.trimStart()) && before.trim() !== '').map(
    (c): Dap.CompletionItem => ({
      label: c,
      type: 'keyword',
      start: before.length - before.trimStart().length,
      length: before.trimStart().length,
    }),
  );
  return [
    ...matching(level?.variablesAt(context.pc).map((variable) => variable.name) ?? [], 'variable'),
    ...(word === '' ? [] : matching(image?.debug.statics().map((variable) => variable.name) ?? [], 'value')),
    ...commands,
  ];
}

function fieldsOf(selected: SelectedFrame, expression: string): string[] {
  const value: Result<Parameters<typeof childrenOf>[0]> = evaluateIn(selected, expression, false);
  if (!value.ok) return [];
  const names = childrenOf(value.value, { filter: 'named' }).map((child) => child.name);
  return names.filter((name) => /^\w+$/.test(name));
}

/** `kernel::env::` → the next segments of the paths of statics. */
function pathsUnder({ names }: SelectedFrame, before: string): string[] {
  const prefix = /([\w:]+::)\w*$/.exec(before)?.[1] ?? '';
  const paths = names.statics().map((variable) => variable.qualifiedName);
  return paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length).split('::')[0]!);
}
