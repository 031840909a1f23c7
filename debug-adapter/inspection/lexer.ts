/**
 * Tokens of expressions: the common part of C17 §6.4 ("Lexical elements") and The Rust Reference ("Tokens"), and
 * `$register` and `space:address` (`env:1002:0x00800020`, `kernel:0xf0101000`, `phys:0x003fd000`).
 *
 * Invariant: tokens cover the text but for spaces; the last one is `end`.
 */
import { integerOfDigits, parseCharacter } from './assign.ts';
import { EvaluationError } from './evaluation-error.ts';

export type TokenKind =
  'integer' | 'float' | 'character' | 'string' | 'name' | 'register' | 'reference' | 'punctuation' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As written; for strings without quotes and escapes. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly value?: bigint | number;
  /** Of a reference: `env:1002`. */
  readonly space?: string;
  /** `u8`, `ul`, `b` …, lower case. */
  readonly suffix?: string;
}

const LENGTH_MAX = 4096;

// Longest first.
const punctuation = [
  ...[
    '>>=',
    '<<=',
    '..=',
    '->',
    '::',
    '==',
    '!=',
    '<=',
    '>=',
    '&&',
    '||',
    '<<',
    '>>',
    '+=',
    '-=',
    '*=',
    '/=',
    '%=',
    '&=',
    '|=',
  ],
  ...[
    '^=',
    '..',
    '+',
    '-',
    '*',
    '/',
    '%',
    '&',
    '|',
    '^',
    '~',
    '!',
    '<',
    '>',
    '=',
    '(',
    ')',
    '[',
    ']',
    '.',
    ',',
    '?',
    ':',
    '{',
    '}',
    '#',
    ';',
    '@',
  ],
];

export function syntaxError(cause: string): EvaluationError {
  return new EvaluationError(
    'expression-syntax',
    cause,
    'Write it as in the source: a.b, a->b, a[i], *p, &x, (T*)x, x as T, $eax.',
  );
}

export function tokenize(text: string, language: 'c' | 'rust'): Token[] {
  if (text.length > LENGTH_MAX)
    throw syntaxError(`The expression has ${text.length} characters; ${LENGTH_MAX} is the most.`);
  const tokens: Token[] = [];
  let position = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    return pattern.exec(text);
  };
  const push = (kind: TokenKind, end: number, extra: Partial<Token> = {}): void => {
    tokens.push({ kind, text: text.slice(position, end), start: position, end, ...extra });
    position = end;
  };
  for (;;) {
    position += match(/\s*/y)![0].length;
    if (position >= text.length) break;
    const previous = tokens[tokens.length - 1];
    // `a.0.1`: after a dot, digits are a field.
    const field = previous?.text === '.' && previous.kind === 'punctuation' ? match(/\d+/y) : null;
    if (field !== null) {
      push('name', position + field[0].length);
      continue;
    }
    const float = match(/(\d[\d_]*\.\d[\d_]*(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)(f32|f64|[fFlL])?/y);
    if (float !== null) {
      push('float', position + float[0].length, {
        value: Number(float[1]!.replace(/_/g, '')),
        suffix: (float[2] ?? '').toLowerCase(),
      });
      continue;
    }
    const integer = match(
      /(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0o[0-7_]+|\d[\d_]*)([iu](?:8|16|32|64|128|size)|[uUlL]{1,3}|f32|f64)?(?![\w])/y,
    );
    if (integer !== null) {
      const suffix = (integer[2] ?? '').toLowerCase();
      const digits = integer[1]!.replace(/_/g, '').toLowerCase();
      if (/^0[xbo]?$/.test(digits) && digits !== '0') throw syntaxError(`“${integer[0]}” is not a number.`);
      const value = integerOfDigits(digits, language);
      if (value === undefined) throw syntaxError(`“${integer[0]}” is not a number.`);
      push(suffix.startsWith('f') ? 'float' : 'integer', position + integer[0].length, {
        value: suffix.startsWith('f') ? Number(value) : value,
        suffix,
      });
      continue;
    }
    const character = match(/b?'(?:\\u\{[0-9a-fA-F]+\}|\\x[0-9a-fA-F]{1,2}|\\.|[^'\\])'/uy);
    if (character !== null) {
      const code = parseCharacter(character[0]);
      if (code === undefined) throw syntaxError(`${character[0]} is not a character.`);
      push('character', position + character[0].length, {
        value: BigInt(code),
        suffix: character[0].startsWith('b') ? 'b' : '',
      });
      continue;
    }
    const string = match(/b?"((?:\\.|[^"\\])*)"/suy);
    if (string !== null) {
      push('string', position + string[0].length, { text: unescapeString(string[1]!) });
      continue;
    }
    // Behind a question mark the colon is that of `a ? b : c`.
    const reference =
      previous?.text === '?' ? null : match(/(env:[0-9a-fA-F]{1,8}|kernel|phys):(0[xX][0-9a-fA-F]{1,8})(?!\w)/y);
    if (reference !== null) {
      const [whole, space, address] = reference;
      push('reference', position + whole.length, { space: space!, value: BigInt(address!) });
      continue;
    }
    const name = match(/[\p{L}_][\p{L}\p{N}_]*/uy);
    if (name !== null) {
      push('name', position + name[0].length);
      continue;
    }
    const register = match(/\$([A-Za-z0-9_]+)/y);
    if (register !== null) {
      push('register', position + register[0].length, { text: register[1]!.toLowerCase() });
      continue;
    }
    const mark = punctuation.find((candidate) => text.startsWith(candidate, position));
    if (mark === undefined)
      throw syntaxError(`“${text[position]!}” at column ${position + 1} does not belong into an expression.`);
    push('punctuation', position + mark.length);
  }
  tokens.push({ kind: 'end', text: '', start: text.length, end: text.length });
  return tokens;
}

function unescapeString(text: string): string {
  return text.replace(/\\(u\{[0-9a-fA-F]+\}|x[0-9a-fA-F]{2}|.)/gsu, (whole, escape: string) => {
    const code = parseCharacter(`'\\${escape}'`);
    return code === undefined || code > 0x10ffff ? whole : String.fromCodePoint(code);
  });
}
