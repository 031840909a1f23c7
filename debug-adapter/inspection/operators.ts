/**
 * Arithmetic, comparison and logic: C17 §6.3.1.8 ("Usual arithmetic conversions"); The Rust Reference, "Operator
 * expressions", but for mixed types, which meet in the wider one here.
 *
 * Invariant: integers wrap in their type, as the machine's do; division by zero is a failure, not a number.
 */
import { makePointer, resolved } from '../debug-info/index.ts';
import type { PointerType, Type } from '../debug-info/index.ts';
import { EvaluationError } from './evaluation-error.ts';
import { bigintNode, numberNode, toBigint, toNumber, truthOf, typeOfNumeric } from './nodes.ts';
import type { Node } from './nodes.ts';
import { wrapBig, wrapNumber } from './numbers.ts';
import type { NumericType } from './numbers.ts';
import type { BinaryOperator } from './parser.ts';

type Language = 'c' | 'rust';

const INT: NumericType = { kind: 'integer', bits: 32, signed: true };
const UINT: NumericType = { kind: 'integer', bits: 32, signed: false };
const BOOL: NumericType = { kind: 'boolean', bits: 8, signed: false };

function numericOf(node: Node, operator: string): NumericType {
  if (node.numeric !== undefined) return node.numeric;
  throw new EvaluationError(
    'not-a-number',
    `“${operator}” does not work on a value of type ${node.type?.name ?? 'void'}.`,
    'Name one of its fields, or cast it.',
  );
}

/** Small integers count as int in C; a literal takes the other side's type in Rust, if it fits. */
function commonType(left: Node, right: Node, operator: string, language: Language): NumericType {
  let a = numericOf(left, operator);
  let b = numericOf(right, operator);
  if (a.kind === 'float' || b.kind === 'float')
    return {
      kind: 'float',
      bits: Math.max(a.kind === 'float' ? a.bits : 0, b.kind === 'float' ? b.bits : 0),
      signed: true,
    };
  if (language === 'rust') {
    if (right.literal !== undefined && left.literal === undefined && fits(right.literal, a)) return asInteger(a);
    if (left.literal !== undefined && right.literal === undefined && fits(left.literal, b)) return asInteger(b);
    if (a.kind === 'boolean' && b.kind === 'boolean') return BOOL;
  } else {
    a = a.bits < 32 ? INT : a;
    b = b.bits < 32 ? INT : b;
  }
  a = asInteger(a);
  b = asInteger(b);
  if (a.bits !== b.bits) return a.bits > b.bits ? a : b;
  return a.signed ? b : a;
}

function asInteger(numeric: NumericType): NumericType {
  return numeric.kind === 'integer' ? numeric : { kind: 'integer', bits: numeric.bits, signed: numeric.signed };
}

function fits(literal: bigint, numeric: NumericType): boolean {
  return numeric.kind === 'pointer' || numeric.kind === 'character' || wrapBig(literal, numeric) === literal;
}

export function unaryNode(operator: '-' | '+' | '!' | '~', operand: Node, language: Language): Node {
  const numeric = numericOf(operand, operator);
  if (operator === '!' && (language === 'c' || numeric.kind === 'boolean' || numeric.kind === 'pointer')) {
    const truth = truthOf(operand);
    return numberNode(typeOfNumeric(language === 'c' ? INT : BOOL, language), (context) => (truth(context) ? 0 : 1));
  }
  if (numeric.kind === 'float') {
    if (operator === '!' || operator === '~')
      throw new EvaluationError('not-an-integer', 'A float has no bits to invert.', 'Cast it to an integer.');
    const { number } = operand;
    return numberNode(operand.type!, operator === '-' ? (context) => -number!(context) : number!);
  }
  let type: NumericType = language === 'c' && numeric.bits < 32 ? INT : asInteger(numeric);
  const literal = operator === '-' && operand.literal !== undefined ? -operand.literal : undefined;
  // A literal of Rust's has no sign of its own.
  if (literal !== undefined && !type.signed && language === 'rust')
    type = { ...type, signed: true, bits: Math.max(32, type.bits) };
  const resultType = typeOfNumeric(type, language);
  if (type.bits > 32) {
    const get = toBigint(operand, type);
    return bigintNode(
      resultType,
      (context) => wrapBig(operator === '-' ? -get(context) : operator === '+' ? get(context) : ~get(context), type),
      literal,
    );
  }
  const get = toNumber(operand, type);
  return numberNode(
    resultType,
    (context) => wrapNumber(operator === '-' ? -get(context) : operator === '+' ? get(context) : ~get(context), type),
    literal,
  );
}

const comparisons: ReadonlySet<string> = new Set(['==', '!=', '<', '>', '<=', '>=']);

export function binaryNode(operator: BinaryOperator, left: Node, right: Node, language: Language): Node {
  if (operator === '&&' || operator === '||') return logicNode(operator, left, right, language);
  if (comparisons.has(operator)) return comparisonNode(operator as Comparison, left, right, language);
  const pointer = pointerArithmetic(operator, left, right, language);
  if (pointer !== undefined) return pointer;
  // A shift has the type of its left side.
  const isShift = operator === '<<' || operator === '>>';
  const type = isShift ? shiftType(left, operator, language) : commonType(left, right, operator, language);
  if (isShift) numericOf(right, operator);
  const resultType = typeOfNumeric(type, language);
  const literal =
    left.literal !== undefined && right.literal !== undefined && language === 'rust'
      ? foldLiteral(operator, left.literal, right.literal)
      : undefined;
  if (type.kind === 'float') {
    const compute = floatOperation(operator);
    const [a, b] = [toNumber(left, type), toNumber(right, type)];
    return numberNode(
      resultType,
      type.bits === 32
        ? (context) => Math.fround(compute(a(context), b(context)))
        : (context) => compute(a(context), b(context)),
    );
  }
  if (type.bits > 32) {
    const compute = bigOperation(operator, type);
    const [a, b] = [toBigint(left, type), toBigint(right, isShift ? UINT : type)];
    return bigintNode(resultType, (context) => wrapBig(compute(a(context), b(context)), type), literal);
  }
  const compute = smallOperation(operator, type);
  const [a, b] = [toNumber(left, type), toNumber(right, isShift ? UINT : type)];
  return numberNode(resultType, (context) => compute(a(context), b(context)), literal);
}

/** Rust literals stay flexible through arithmetic: `x == 4 * 1024`. */
function foldLiteral(operator: BinaryOperator, a: bigint, b: bigint): bigint | undefined {
  if ((operator === '/' || operator === '%') && b === 0n) return undefined;
  return bigOperation(operator, { kind: 'integer', bits: 128, signed: true })(a, b);
}

function shiftType(left: Node, operator: string, language: Language): NumericType {
  const numeric = numericOf(left, operator);
  if (numeric.kind === 'float')
    throw new EvaluationError('not-an-integer', 'A float cannot be shifted.', 'Cast it to an integer.');
  return language === 'c' && numeric.bits < 32 ? INT : asInteger(numeric);
}

function logicNode(operator: '&&' | '||', left: Node, right: Node, language: Language): Node {
  const [a, b] = [truthOf(left), truthOf(right)];
  const type = typeOfNumeric(language === 'c' ? INT : BOOL, language);
  return numberNode(
    type,
    operator === '&&'
      ? (context) => (a(context) && b(context) ? 1 : 0)
      : (context) => (a(context) || b(context) ? 1 : 0),
  );
}

type Comparison = '==' | '!=' | '<' | '>' | '<=' | '>=';

function comparisonNode(operator: Comparison, left: Node, right: Node, language: Language): Node {
  const type = commonType(left, right, operator, language);
  const resultType = typeOfNumeric(language === 'c' ? INT : BOOL, language);
  if (type.kind === 'integer' && type.bits > 32) {
    const [a, b] = [toBigint(left, type), toBigint(right, type)];
    const compare = comparer<bigint>(operator);
    return numberNode(resultType, (context) => (compare(a(context), b(context)) ? 1 : 0));
  }
  const [a, b] = [toNumber(left, type), toNumber(right, type)];
  switch (operator) {
    case '==':
      return numberNode(resultType, (context) => (a(context) === b(context) ? 1 : 0));
    case '!=':
      return numberNode(resultType, (context) => (a(context) !== b(context) ? 1 : 0));
    case '<':
      return numberNode(resultType, (context) => (a(context) < b(context) ? 1 : 0));
    case '>':
      return numberNode(resultType, (context) => (a(context) > b(context) ? 1 : 0));
    case '<=':
      return numberNode(resultType, (context) => (a(context) <= b(context) ? 1 : 0));
    case '>=':
      return numberNode(resultType, (context) => (a(context) >= b(context) ? 1 : 0));
  }
}

function comparer<T>(operator: Comparison): (a: T, b: T) => boolean {
  switch (operator) {
    case '==':
      return (a, b) => a === b;
    case '!=':
      return (a, b) => a !== b;
    case '<':
      return (a, b) => a < b;
    case '>':
      return (a, b) => a > b;
    case '<=':
      return (a, b) => a <= b;
    case '>=':
      return (a, b) => a >= b;
  }
}

/** gdb's and GCC's: functions and void count as one byte ("Arithmetic on void- and Function-Pointers" in GCC's manual). */
export function sizeOf(type: Type | undefined): number {
  const plain = resolved(type);
  return plain === undefined || plain.kind === 'function' ? 1 : plain.sizeBytes;
}

/** C17 §6.5.6, "Additive operators"; for Rust's raw pointers too, which have methods for it. */
function pointerArithmetic(operator: BinaryOperator, left: Node, right: Node, language: Language): Node | undefined {
  const [a, b] = [resolved(left.type), resolved(right.type)];
  const isPointer = (type: typeof a): type is PointerType => type?.kind === 'pointer';
  if (operator !== '+' && operator !== '-') return undefined;
  if (isPointer(a) && isPointer(b) && operator === '-') {
    const size = Math.max(1, sizeOf(a.target));
    const [x, y] = [left.number!, right.number!];
    return numberNode(typeOfNumeric(INT, language), (context) => Math.trunc(((x(context) - y(context)) | 0) / size));
  }
  const [pointer, offset] = isPointer(a)
    ? [left, right]
    : isPointer(b) && operator === '+'
      ? [right, left]
      : [undefined, undefined];
  if (pointer === undefined || offset === undefined) return undefined;
  if (numericOf(offset, operator).kind === 'float')
    throw new EvaluationError('not-an-integer', 'A pointer plus a float is no pointer.', 'Cast it to an integer.');
  const target = (resolved(pointer.type) as PointerType).target;
  const size = sizeOf(target) * (operator === '-' ? -1 : 1);
  const [base, count] = [pointer.number!, toNumber(offset, INT)];
  const type = pointer.type ?? makePointer(target, language);
  return numberNode(type, (context) => (base(context) + count(context) * size) >>> 0);
}

function divisionByZero(): EvaluationError {
  return new EvaluationError(
    'division-by-zero',
    'The expression divides by zero.',
    'Test the divisor first: d != 0 && n / d > 3.',
  );
}

function floatOperation(operator: BinaryOperator): (a: number, b: number) => number {
  switch (operator) {
    case '+':
      return (a, b) => a + b;
    case '-':
      return (a, b) => a - b;
    case '*':
      return (a, b) => a * b;
    case '/':
      return (a, b) => a / b;
    case '%':
      return (a, b) => a % b;
    default:
      throw new EvaluationError('not-an-integer', `“${operator}” does not work on floats.`, 'Cast it to an integer.');
  }
}

function smallOperation(operator: BinaryOperator, type: NumericType): (a: number, b: number) => number {
  const { bits, signed } = type;
  switch (operator) {
    case '+':
      return (a, b) => wrapNumber(a + b, type);
    case '-':
      return (a, b) => wrapNumber(a - b, type);
    case '*':
      return (a, b) => wrapNumber(Math.imul(a, b), type);
    case '/':
      return (a, b) => {
        if (b === 0) throw divisionByZero();
        return wrapNumber(Math.trunc(a / b), type);
      };
    case '%':
      return (a, b) => {
        if (b === 0) throw divisionByZero();
        return wrapNumber(a % b, type);
      };
    case '&':
      return (a, b) => wrapNumber(a & b, type);
    case '|':
      return (a, b) => wrapNumber(a | b, type);
    case '^':
      return (a, b) => wrapNumber(a ^ b, type);
    case '<<':
      return (a, b) => (b >= bits ? 0 : wrapNumber(a << b, type));
    case '>>':
      return signed ? (a, b) => a >> Math.min(b, 31) : (a, b) => (b >= bits ? 0 : a >>> b);
    default:
      throw new EvaluationError('expression-syntax', `“${operator}” is not an operation.`, 'Check the expression.');
  }
}

function bigOperation(operator: BinaryOperator, type: NumericType): (a: bigint, b: bigint) => bigint {
  const limit = BigInt(type.bits);
  switch (operator) {
    case '+':
      return (a, b) => a + b;
    case '-':
      return (a, b) => a - b;
    case '*':
      return (a, b) => a * b;
    case '/':
      return (a, b) => {
        if (b === 0n) throw divisionByZero();
        return a / b;
      };
    case '%':
      return (a, b) => {
        if (b === 0n) throw divisionByZero();
        return a % b;
      };
    case '&':
      return (a, b) => a & b;
    case '|':
      return (a, b) => a | b;
    case '^':
      return (a, b) => a ^ b;
    case '<<':
      return (a, b) => (b < 0n || b >= limit ? 0n : a << b);
    case '>>':
      return (a, b) => a >> (b < 0n || b >= limit ? limit : b);
    default:
      throw new EvaluationError('expression-syntax', `“${operator}” is not an operation.`, 'Check the expression.');
  }
}
