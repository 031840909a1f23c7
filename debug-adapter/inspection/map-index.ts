/**
 * `map[key]`: the value of a `BTreeMap`'s entry, as Rust's `Index` gives it. Numbers and texts are compared as such;
 * other keys (tuples, enums, vectors) by how they read: `map[(1, "one")]` is the entry that is shown as that.
 *
 * Invariant: a key that cannot be one of the map's is refused when the expression is compiled.
 */
import { resolved } from '../debug-info/index.ts';
import type { Type } from '../debug-info/index.ts';
import { autoFollow, textOf } from './access.ts';
import type { Value } from './api.ts';
import { isTransparent } from './assign.ts';
import { EvaluationError } from './evaluation-error.ts';
import { toBigint, valueNode } from './nodes.ts';
import type { Get, Node } from './nodes.ts';
import { numericType } from './numbers.ts';
import { keyText } from './render.ts';
import { entriesOf } from './rust-collections.ts';
import { baseName, innerScalar, structOf, templateType } from './rust-layout.ts';
import { integerOf, memoryValue, partValue, pointerOf } from './value.ts';

/** The map that an object is or leads to. */
export function mapBehind(object: Node): Node | undefined {
  return autoFollow(object, (node) => {
    const struct = structOf(node.type);
    return struct !== undefined && baseName(struct) === 'alloc::collections::btree::map::BTreeMap' ? node : undefined;
  });
}

/**
 * @param key what the brackets hold, as an expression; a failure where they hold none
 * @param written the same as it is written
 */
export function entryNode(map: Node, key: Node | EvaluationError, written: string): Node {
  const matches = matcherFor(templateType(map.type, 'K'), key, written);
  return valueNode(templateType(map.type, 'V'), (context) => {
    const isWanted = matches(context);
    const found = entriesOf(map.value(context)).find((entry) => isWanted(entry.key));
    if (found !== undefined) return found.value;
    throw new EvaluationError(
      'index-out-of-bounds',
      `No entry has the key ${written}.`,
      'Write a key as the map shows it, between its brackets.',
    );
  });
}

type Matcher = Get<(key: Value) => boolean>;

function matcherFor(keyType: Type | undefined, key: Node | EvaluationError, written: string): Matcher {
  const scalar = scalarBehind(keyType);
  const isText = textOf(valueNode(keyType, noValue)) !== undefined;
  if (key instanceof EvaluationError) {
    // Names of types and variants mean nothing by themselves.
    if (isText || isNumber(keyType)) throw key;
    const wanted = withoutSpaces(written);
    return () => (candidate) => withoutSpaces(keyText(candidate) ?? '') === wanted;
  }
  if (isText) {
    const text = textOf(key);
    if (text === undefined) throw wrongKey(keyType, key);
    return (context) => {
      const wanted = text(context);
      return (candidate) => isSame(wanted, textOf(valueNode(keyType, () => candidate))!(context));
    };
  }
  if (scalar !== undefined) {
    const { numeric } = key;
    if (numeric === undefined || numeric.kind === 'float') throw wrongKey(keyType, key);
    const number = toBigint(key, { kind: 'integer', bits: 129, signed: true });
    return (context) => {
      const wanted = number(context);
      return (candidate) => scalar(candidate) === wanted;
    };
  }
  if (key.numeric !== undefined || textOf(key) !== undefined) throw wrongKey(keyType, key);
  return (context) => {
    const wanted = keyText(key.value(context));
    return (candidate) => wanted !== undefined && keyText(candidate) === wanted;
  };
}

/** The number that a key is, holds alone, or refers to. */
function scalarBehind(keyType: Type | undefined): ((key: Value) => bigint) | undefined {
  const pointer = resolved(keyType);
  if (pointer?.kind === 'pointer' && isTransparent(pointer)) {
    const behind = scalarBehind(pointer.target);
    const follow = (key: Value): Value => memoryValue(key.context, pointer.target, pointerOf(key));
    return behind && ((key) => behind(follow(key)));
  }
  const scalar = innerScalar(keyType);
  if (scalar === undefined || numericType(scalar.type) === undefined) return undefined;
  return (key) => integerOf(partValue(key, scalar.type, scalar.offset));
}

function isNumber(keyType: Type | undefined): boolean {
  const type = resolved(keyType);
  return type?.kind === 'pointer' && isTransparent(type) ? isNumber(type.target) : type?.kind === 'base';
}

function wrongKey(keyType: Type | undefined, key: Node): EvaluationError {
  return new EvaluationError(
    'key-type',
    `The keys are of type ${keyType?.name ?? 'void'}, not ${key.type?.name ?? 'void'}.`,
    'Write a key as the map shows it, between its brackets.',
  );
}

function noValue(): never {
  throw new EvaluationError('no-value', 'There is no value yet.', 'Run the expression.');
}

function withoutSpaces(text: string): string {
  return text.replace(/("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|\s+/g, (_, literal: string | undefined) => literal ?? '');
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && a.length === b?.length && a.every((byte, index) => byte === b[index]);
}
