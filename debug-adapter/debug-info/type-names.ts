/**
 * Names of types that have none of their own, as the language writes them. C17 §6.7.7, "Type names", as gdb prints them;
 * The Rust Reference, "Type expressions".
 *
 * Invariant: a name made here parses back to the same type, but for anonymous parts. It is bounded: types of a damaged
 * file may contain themselves, or each other so often that their names would double with each of them.
 */
import type { PointerType, QualifiedType, Type } from './types.ts';

const LENGTH_MAX = 65_536;
const NESTED_MAX = 32;

export function shortened(name: string): string {
  return name.length <= LENGTH_MAX ? name : `${name.slice(0, LENGTH_MAX)}…`;
}

/** Names of parameters, as many as fit. */
function parameterNames(
  parameters: readonly (Type | undefined)[],
  variadic: boolean,
  language: 'c' | 'rust',
): string[] {
  const names: string[] = [];
  let length = 0;
  for (const parameter of parameters) {
    const name = length > LENGTH_MAX ? '…' : typeName(parameter, language);
    names.push(name);
    if (name === '…') return names;
    length += name.length + 2;
  }
  return variadic ? [...names, '...'] : names;
}

export function typeName(type: Type | undefined, language: 'c' | 'rust'): string {
  if (type !== undefined) return type.name;
  return language === 'rust' ? '()' : 'void';
}

export function pointerTypeName(target: Type | undefined, form: PointerType['form'], language: 'c' | 'rust'): string {
  if (language === 'rust')
    return form === 'reference' ? `&${typeName(target, 'rust')}` : `*mut ${typeName(target, 'rust')}`;
  const mark = form === 'pointer' ? '*' : form === 'reference' ? '&' : '&&';
  return declare(target, mark);
}

/**
 * A C declarator around `inner`: `int (*)[4]`, `void (*)(int)`, `char *`.
 * Only unnamed functions and arrays, and pointers to them, bind from the right.
 */
function declare(type: Type | undefined, inner: string, nested = 0): string {
  if (type === undefined) return `void ${inner}`;
  if (nested > NESTED_MAX || inner.length > LENGTH_MAX) return `… ${shortened(inner)}`;
  if (type.kind === 'function') {
    const parameters = parameterNames(type.parameters, type.variadic, 'c');
    return declare(type.returns, `(${inner})(${parameters.length === 0 ? 'void' : parameters.join(', ')})`, nested + 1);
  }
  if (type.kind === 'array' && type.language === 'c') {
    const counts = type.counts.map((count) => `[${count ?? ''}]`).join('');
    return declare(type.element, `(${inner})${counts}`, nested + 1);
  }
  const { name } = type;
  // `void (*)(int)` pointed at: the new mark goes in beside the other.
  const binding = type.kind === 'pointer' ? name.search(/\(\*+\)/) : -1;
  if (binding >= 0) return `${name.slice(0, binding + 1)}*${name.slice(binding + 1)}`;
  const glue = /[*&]$/.test(name) && /^[*&[]/.test(inner) ? '' : ' ';
  return `${name}${glue}${inner}`;
}

export function qualifiedTypeName(target: Type | undefined, qualifier: QualifiedType['qualifier']): string {
  if (qualifier === 'immutable') return typeName(target, 'c');
  const word = qualifier === 'atomic' ? '_Atomic' : qualifier;
  if (target?.kind === 'pointer') return `${target.name} ${word}`;
  return `${word} ${typeName(target, 'c')}`;
}

export function arrayTypeName(
  element: Type | undefined,
  counts: readonly (number | undefined)[],
  language: 'c' | 'rust',
): string {
  if (language === 'rust') {
    return counts.reduceRight<string>(
      (name, count) => (count === undefined ? `[${name}]` : `[${name}; ${count}]`),
      typeName(element, 'rust'),
    );
  }
  const bounds = counts.map((count) => `[${count ?? ''}]`).join('');
  return declare(element, bounds);
}

export function functionTypeName(
  returns: Type | undefined,
  parameters: readonly (Type | undefined)[],
  variadic: boolean,
  language: 'c' | 'rust',
): string {
  const names = parameterNames(parameters, variadic, language);
  if (language === 'rust') return `fn(${names.join(', ')})${returns === undefined ? '' : ` -> ${returns.name}`}`;
  return declare(returns, `(${names.length === 0 ? 'void' : names.join(', ')})`);
}
