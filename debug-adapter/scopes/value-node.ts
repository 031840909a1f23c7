/** Typed values as DAP variables: text, children on demand, assignment. */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import { assignText, childrenOf, type Value } from '../inspection/index.ts';
import { formatAddress, formatMemoryReference } from '../protocol/memory-reference.ts';
import { failure, success, type Result } from '../result.ts';
import type { VariablesNode, VariablesQuery, VariableStore } from './variable-store.ts';

/** Makes a memory reference of a linear address in the value's own space. */
export type Refer = (address: number) => string;

export interface ValueDisplay {
  readonly store: VariableStore;
  readonly refer: Refer;
}

/** One value as a DAP variable. */
export function showValue(display: ValueDisplay, name: string, value: Value, hex: boolean): Dap.Variable {
  const rendered = display.store.rendered.render(value, hex);
  const hasChildren = rendered.indexed > 0 || rendered.named > 0;
  return {
    name,
    value: rendered.text,
    type: rendered.typeName,
    variablesReference: hasChildren ? display.store.add(valueNode(display, value)) : 0,
    ...(rendered.indexed > 0 ? { indexedVariables: rendered.indexed } : {}),
    ...(rendered.named > 0 ? { namedVariables: rendered.named } : {}),
    ...(rendered.memoryReference === undefined
      ? {}
      : {
          memoryReference: rendered.isPhysical
            ? formatMemoryReference({ kind: 'phys', address: rendered.memoryReference })
            : referOf(display.refer, value)(rendered.memoryReference),
        }),
    ...(value.evaluateName === undefined ? {} : { evaluateName: value.evaluateName }),
    ...(rendered.writable ? {} : { presentationHint: { attributes: ['readOnly'] } }),
  };
}

/** A value that an expression found in another space refers to that one. */
export function referOf(refer: Refer, { context: { spaceName } }: Value): Refer {
  return spaceName === undefined ? refer : (address) => `${spaceName}:${formatAddress(address)}`;
}

function valueNode(display: ValueDisplay, value: Value): VariablesNode {
  return {
    children: (query) =>
      childrenOf(value, childQuery(query)).map((child) => showValue(display, child.name, child.value, query.hex)),
    set: (name, text, hex) => {
      const child = childrenOf(value, {}).find((c) => c.name === name);
      return child ? assignTo(display, name, child.value, text, hex) : noSuchChild(name);
    },
    data: (name) => {
      const child = childrenOf(value, {}).find((c) => c.name === name);
      return child && { value: child.value, refer: referOf(display.refer, child.value) };
    },
  };
}

/** A list of named values: a scope. */
export function valuesNode(
  display: ValueDisplay,
  values: () => readonly { name: string; value: Value }[],
): VariablesNode {
  return {
    children: ({ start, count, hex }) =>
      values()
        .slice(start, count ? start + count : undefined)
        .map(({ name, value }) => showValue(display, name, value, hex)),
    set: (name, text, hex) => {
      const found = values().find((v) => v.name === name);
      return found ? assignTo(display, name, found.value, text, hex) : noSuchChild(name);
    },
    data: (name) => {
      const found = values().find((v) => v.name === name);
      return found && { value: found.value, refer: referOf(display.refer, found.value) };
    },
  };
}

function assignTo(display: ValueDisplay, name: string, value: Value, text: string, hex: boolean): Result<Dap.Variable> {
  const assigned = assignText(value, text);
  return assigned.ok ? success(showValue(display, name, value, hex)) : assigned;
}

function childQuery({ filter, start, count }: VariablesQuery): Parameters<typeof childrenOf>[1] {
  return { ...(filter ? { filter } : {}), ...(start ? { start } : {}), ...(count ? { count } : {}) };
}

export function noSuchChild(name: string): Result<never> {
  return failure('no-such-variable', {
    cause: `There is no variable "${name}" here.`,
    remedy: 'Ask for the variables again: they may have changed.',
  });
}
