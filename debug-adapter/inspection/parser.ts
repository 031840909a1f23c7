/**
 * Expressions of C and Rust as trees: C17 §6.5 ("Expressions"), The Rust Reference ("Operator expressions").
 * One grammar; the languages differ in how comparison and bit operators bind, which is a table.
 *
 * Invariant: depth is bounded; every tree comes from the whole text.
 */
import { callsRefused, EvaluationError } from './evaluation-error.ts';
import { syntaxError, tokenize } from './lexer.ts';
import type { Token } from './lexer.ts';

export type Tree =
  | { readonly kind: 'reference'; readonly space: string; readonly address: bigint }
  | { readonly kind: 'integer'; readonly value: bigint; readonly suffix: string; readonly isDecimal: boolean }
  | { readonly kind: 'float'; readonly value: number; readonly suffix: string }
  | { readonly kind: 'character'; readonly value: bigint; readonly isByte: boolean }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'name'; readonly path: string }
  | { readonly kind: 'register'; readonly name: string }
  /** `$pte(address)` */
  | { readonly kind: 'fact'; readonly name: string; readonly argument: Tree }
  | { readonly kind: 'unary'; readonly operator: '-' | '+' | '!' | '~' | '*' | '&'; readonly operand: Tree }
  | { readonly kind: 'binary'; readonly operator: BinaryOperator; readonly left: Tree; readonly right: Tree }
  | { readonly kind: 'conditional'; readonly test: Tree; readonly then: Tree; readonly otherwise: Tree }
  | { readonly kind: 'cast'; readonly typeName: string; readonly operand: Tree }
  | { readonly kind: 'member'; readonly object: Tree; readonly name: string; readonly isArrow: boolean }
  | { readonly kind: 'method'; readonly object: Tree; readonly name: string }
  /** `text` is what the brackets hold: a map's key may be no expression. */
  | { readonly kind: 'index'; readonly object: Tree; readonly index: Tree | EvaluationError; readonly text: string }
  | {
      readonly kind: 'slice';
      readonly object: Tree;
      readonly from: Tree | undefined;
      readonly to: Tree | undefined;
      readonly inclusive: boolean;
    }
  /** `object@count`, gdb's "artificial array" */
  | { readonly kind: 'repeat'; readonly object: Tree; readonly count: Tree }
  | {
      readonly kind: 'assign';
      readonly target: Tree;
      /** As it stands in the text. */
      readonly targetText: string;
      readonly value: Tree;
      /** `x++`: the value is that before the assignment. */
      readonly isPostfix?: true;
    }
  | { readonly kind: 'size'; readonly typeName: string | undefined; readonly operand: Tree | undefined };

export type BinaryOperator =
  '||' | '&&' | '|' | '^' | '&' | '==' | '!=' | '<' | '>' | '<=' | '>=' | '<<' | '>>' | '+' | '-' | '*' | '/' | '%';

//                  operator     C   Rust   the higher, the tighter
const bindings: readonly (readonly [readonly (BinaryOperator | '@')[], number, number])[] = [
  [['||'], 1, 1],
  [['&&'], 2, 2],
  [['|'], 3, 4],
  [['^'], 4, 5],
  [['&'], 5, 6],
  [['==', '!='], 6, 3],
  [['<', '>', '<=', '>='], 7, 3],
  [['<<', '>>'], 8, 8],
  [['@'], 9, 10],
  [['+', '-'], 10, 9],
  [['*', '/', '%'], 11, 11],
];
const precedence = {
  c: new Map(bindings.flatMap(([operators, c]) => operators.map((operator) => [operator as string, c] as const))),
  rust: new Map(
    bindings.flatMap(([operators, , rust]) => operators.map((operator) => [operator as string, rust] as const)),
  ),
} as const;

const compound: ReadonlySet<string> = new Set(['+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '<<=', '>>=']);
const DEPTH_MAX = 100;

export interface TypeOracle {
  /** Whether a text between parentheses is the name of a type, and not of a variable. */
  isType(text: string): boolean;
}

export function parseExpression(text: string, language: 'c' | 'rust', types: TypeOracle): Tree {
  return new Parser(text, language, types).whole();
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #precedence: ReadonlyMap<string, number>;
  readonly #types: TypeOracle;
  readonly #language: 'c' | 'rust';
  #at = 0;
  #depth = 0;

  constructor(text: string, language: 'c' | 'rust', types: TypeOracle) {
    this.#text = text;
    this.#tokens = tokenize(text, language);
    this.#precedence = precedence[language];
    this.#types = types;
    this.#language = language;
  }

  whole(): Tree {
    if (this.#tokens.length === 1) throw syntaxError('The expression is empty.');
    const tree = this.#assignment();
    if (this.#token.kind !== 'end') throw this.#unexpected(this.#token);
    return tree;
  }

  #unexpected(token: Token, cause?: string): EvaluationError {
    const { text, start } = token;
    const what = cause ?? `“${text}” at column ${start + 1} is not expected there.`;
    // `kernel:f0100000`, `env:hello:0x800020`
    const isReference = text === ':' && /\b(?:env|kernel|phys)$/.test(this.#text.slice(0, start));
    return isReference ? new EvaluationError('expression-syntax', what, REFERENCES) : syntaxError(what);
  }

  get #token(): Token {
    return this.#tokens[this.#at]!;
  }

  #is(text: string): boolean {
    return this.#token.kind === 'punctuation' && this.#token.text === text;
  }

  #take(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (this.#take(text)) return;
    const { kind, start, text: found } = this.#token;
    if (kind === 'end') throw syntaxError(`The expression ends where “${text}” is expected.`);
    throw this.#unexpected(this.#token, `“${text}” is expected at column ${start + 1}, not “${found}”.`);
  }

  #takeWord(word: string): boolean {
    if (this.#token.kind !== 'name' || this.#token.text !== word) return false;
    this.#at++;
    return true;
  }

  #nested<T>(parse: () => T): T {
    if (++this.#depth > DEPTH_MAX) throw syntaxError('The expression is nested too deeply.');
    const tree = parse();
    this.#depth--;
    return tree;
  }

  #assignment(): Tree {
    return this.#nested(() => {
      const { start } = this.#token;
      const target = this.#conditional();
      const targetText = this.#textFrom(start);
      if (this.#take('=')) return { kind: 'assign', target, targetText, value: this.#assignment() };
      const { kind, text } = this.#token;
      if (kind !== 'punctuation' || !compound.has(text)) return target;
      this.#at++;
      const operator = text.slice(0, -1) as BinaryOperator;
      const value: Tree = { kind: 'binary', operator, left: target, right: this.#assignment() };
      return { kind: 'assign', target, targetText, value };
    });
  }

  /** What has been read from there on, without the space behind it. */
  #textFrom(start: number): string {
    return this.#text.slice(start, this.#tokens[this.#at - 1]?.end ?? start);
  }

  #conditional(): Tree {
    const test = this.#binary(1);
    if (!this.#take('?')) return test;
    const then = this.#assignment();
    this.#expect(':');
    return { kind: 'conditional', test, then, otherwise: this.#nested(() => this.#conditional()) };
  }

  #binary(lowest: number): Tree {
    let left = this.#cast();
    for (;;) {
      const { kind, text } = this.#token;
      const level = kind === 'punctuation' ? this.#precedence.get(text) : undefined;
      if (level === undefined || level < lowest) return left;
      this.#at++;
      const right = this.#nested(() => this.#binary(level + 1));
      left =
        text === '@'
          ? { kind: 'repeat', object: left, count: right }
          : { kind: 'binary', operator: text as BinaryOperator, left, right };
    }
  }

  /** `x as T as U` */
  #cast(): Tree {
    let operand = this.#unary();
    while (this.#takeWord('as')) operand = { kind: 'cast', typeName: this.#typeAfterAs(), operand };
    return operand;
  }

  #typeAfterAs(): string {
    const start = this.#token.start;
    for (;;) {
      if (this.#take('*')) {
        if (!this.#takeWord('const') && !this.#takeWord('mut'))
          throw syntaxError('After “as *” comes “const” or “mut”.');
      } else if (this.#take('&')) this.#takeWord('mut');
      else break;
    }
    if (this.#is('[') || this.#is('(')) this.#skipBrackets();
    else {
      const words = /^(?:unsigned|signed|long|short|struct|enum|union|const|dyn)$/;
      while (this.#token.kind === 'name' && words.test(this.#token.text)) this.#at++;
      if (this.#token.kind === 'name') this.#at++;
      for (;;) {
        if (this.#take('::')) {
          if (this.#token.kind === 'name') this.#at++;
        } else if (this.#is('<') && this.#closesAsType()) this.#skipBrackets();
        else break;
      }
    }
    const end = this.#tokens[this.#at - 1]?.end ?? start;
    const name = this.#text.slice(start, end).trim();
    if (end <= start) throw syntaxError('After “as” comes a type.');
    return name;
  }

  /** Whether the `<` here begins generic arguments: they close before anything that no type has. */
  #closesAsType(): boolean {
    let depth = 0;
    for (let at = this.#at; at < this.#tokens.length; at++) {
      const { kind, text } = this.#tokens[at]!;
      if (kind === 'punctuation') {
        if (text === '<') depth++;
        else if (text === '>') depth--;
        else if (text === '>>') depth -= 2;
        else if (!['::', ',', '&', '*', '[', ']', '(', ')', '->', ';'].includes(text)) return false;
        if (depth <= 0) return true;
      } else if (kind !== 'name' && kind !== 'integer') return false;
    }
    return false;
  }

  #skipBrackets(): void {
    let depth = 0;
    do {
      const { kind, text } = this.#token;
      if (kind === 'end') throw syntaxError('A bracket is not closed.');
      if (kind === 'punctuation') {
        if (text === '<' || text === '[' || text === '(') depth++;
        else if (text === '>' || text === ']' || text === ')') depth--;
        else if (text === '>>') depth -= 2;
      }
      this.#at++;
    } while (depth > 0);
  }

  #unary(): Tree {
    return this.#nested(() => {
      const step = this.#takeStep();
      if (step !== undefined) {
        const { start } = this.#token;
        const target = this.#unary();
        return stepOf(step, target, this.#textFrom(start));
      }
      for (const operator of ['-', '+', '!', '~', '*'] as const) {
        if (this.#take(operator)) return { kind: 'unary', operator, operand: this.#unary() };
      }
      if (this.#take('&&')) throw syntaxError('An address has no address.');
      if (this.#take('&')) {
        if (this.#takeWord('raw')) {
          if (!this.#takeWord('const')) this.#takeWord('mut');
        } else this.#takeWord('mut');
        return { kind: 'unary', operator: '&', operand: this.#unary() };
      }
      const typeName = this.#castPrefix();
      if (typeName !== undefined) return { kind: 'cast', typeName, operand: this.#unary() };
      return this.#postfix();
    });
  }

  /** `++x`, `--x` of C, which assign; in Rust two signs are two signs. */
  #takeStep(): '+' | '-' | undefined {
    const [first, second] = [this.#token, this.#tokens[this.#at + 1]];
    if (this.#language !== 'c' || first.kind !== 'punctuation' || second?.kind !== 'punctuation') return undefined;
    if ((first.text !== '+' && first.text !== '-') || second.text !== first.text || second.start !== first.end)
      return undefined;
    this.#at += 2;
    return first.text;
  }

  /** `x++`, `x--` of C: where an operand follows, the signs stand between two. */
  #takeStepBehind(): '+' | '-' | undefined {
    const { kind, text } = this.#tokens[this.#at + 2] ?? this.#token;
    const isOperand = kind === 'punctuation' ? ['(', '!', '~', '::'].includes(text) : kind !== 'end';
    return isOperand ? undefined : this.#takeStep();
  }

  /** `(T)` before an operand. */
  #castPrefix(): string | undefined {
    if (!this.#is('(')) return undefined;
    const at = this.#closeOfParenthesis();
    if (at === undefined) return undefined;
    const close = this.#tokens[at]!;
    const after = this.#tokens[at + 1]!;
    const startsOperand =
      after.kind === 'punctuation' ? ['(', '*', '&', '-', '~', '!'].includes(after.text) : after.kind !== 'end';
    if (!startsOperand || (after.kind === 'name' && after.text === 'as')) return undefined;
    const text = this.#text.slice(this.#token.end, close.start).trim();
    if (!/^[\p{L}_*&[(][\p{L}\p{N}_\s:*&<>,;[\]()]*$/u.test(text)) return undefined;
    // Behind a variable in parentheses no name or number can stand.
    const isCast = /^\w+$/.test(text) && after.kind !== 'punctuation';
    if (!isCast && !this.#types.isType(text) && !isTypeByForm(text)) return undefined;
    this.#at = at + 1;
    return text;
  }

  /** The index of the token that closes the parenthesis here. */
  #closeOfParenthesis(): number | undefined {
    let depth = 1;
    for (let at = this.#at + 1; at < this.#tokens.length; at++) {
      const { kind, text } = this.#tokens[at]!;
      if (kind !== 'punctuation') continue;
      if (text === '(') depth++;
      else if (text === ')' && --depth === 0) return at;
    }
    return undefined;
  }

  #postfix(): Tree {
    const { start } = this.#token;
    let object = this.#primary();
    for (;;) {
      const isArrow = this.#is('->');
      if (this.#take('.') || this.#take('->')) {
        const { kind, text } = this.#token;
        if (kind !== 'name')
          throw syntaxError(kind === 'end' ? 'After “.” comes a field.' : `“${text}” is not a field.`);
        this.#at++;
        if (!this.#is('(')) object = { kind: 'member', object, name: text, isArrow };
        else {
          this.#at++;
          if (!this.#take(')')) throw noCalls();
          object = { kind: 'method', object, name: text };
        }
      } else if (this.#take('[')) {
        object = this.#subscript(object);
        this.#expect(']');
      } else if (this.#is('(')) throw noCalls();
      else break;
    }
    const step = this.#takeStepBehind();
    return step === undefined ? object : { ...stepOf(step, object, this.#textFrom(start)), isPostfix: true };
  }

  #subscript(object: Tree): Tree {
    const { start } = this.#token;
    const from = this.#is('..') || this.#is('..=') ? undefined : this.#orProblem(() => this.#assignment());
    if (from instanceof EvaluationError || (from !== undefined && this.#is(']')))
      return { kind: 'index', object, index: from, text: this.#textFrom(start) };
    const inclusive = this.#is('..=');
    if (!this.#take('..') && !this.#take('..=')) this.#expect(']');
    const to = this.#is(']') ? undefined : this.#assignment();
    return { kind: 'slice', object, from, to, inclusive };
  }

  /** A tree, and `]` or a range behind it; else what is wrong, and all is skipped up to the `]`. */
  #orProblem(parse: () => Tree): Tree | EvaluationError {
    const [at, depth] = [this.#at, this.#depth];
    try {
      const tree = parse();
      if (!this.#is('..') && !this.#is('..=') && !this.#is(']')) this.#expect(']');
      return tree;
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      [this.#at, this.#depth] = [at, depth];
      if (this.#skipToBracket()) return error;
      throw error;
    }
  }

  /** @returns whether there is a `]` that closes the bracket here */
  #skipToBracket(): boolean {
    for (let depth = 0; this.#token.kind !== 'end'; this.#at++) {
      if (this.#is('[')) depth++;
      else if (this.#is(']') && depth-- === 0) return true;
    }
    return false;
  }

  #primary(): Tree {
    const token = this.#token;
    switch (token.kind) {
      case 'integer':
        this.#at++;
        return {
          kind: 'integer',
          value: token.value as bigint,
          suffix: token.suffix!,
          isDecimal: !(this.#language === 'c' ? /^0[\dxXbBo]/ : /^0[xXbBo]/).test(token.text),
        };
      case 'reference':
        this.#at++;
        return { kind: 'reference', space: token.space!, address: token.value as bigint };
      case 'float':
        this.#at++;
        return { kind: 'float', value: token.value as number, suffix: token.suffix! };
      case 'character':
        this.#at++;
        return { kind: 'character', value: token.value as bigint, isByte: token.suffix === 'b' };
      case 'string':
        this.#at++;
        return { kind: 'string', text: token.text };
      case 'register':
        this.#at++;
        if (!this.#take('(')) return { kind: 'register', name: token.text };
        return this.#nested(() => {
          const argument = this.#assignment();
          this.#expect(')');
          return { kind: 'fact', name: token.text, argument };
        });
      case 'name':
        return token.text === 'sizeof' ? this.#size() : this.#path();
      case 'punctuation':
        if (token.text === '::') return this.#path();
        if (token.text !== '(') break;
        this.#at++;
        return this.#nested(() => {
          const inner = this.#assignment();
          this.#expect(')');
          return inner;
        });
      case 'end':
    }
    throw token.kind === 'end' ? syntaxError('The expression ends too early.') : this.#unexpected(token);
  }

  #size(): Tree {
    this.#at++;
    const close = this.#is('(') ? this.#closeOfParenthesis() : undefined;
    if (close !== undefined) {
      const text = this.#text.slice(this.#token.end, this.#tokens[close]!.start).trim();
      if (this.#types.isType(text) || isTypeByForm(text)) {
        this.#at = close + 1;
        return { kind: 'size', typeName: text, operand: undefined };
      }
    }
    return { kind: 'size', typeName: undefined, operand: this.#unary() };
  }

  #path(): Tree {
    const start = this.#token.start;
    this.#take('::');
    for (;;) {
      if (this.#token.kind !== 'name') throw syntaxError('After “::” comes a name.');
      this.#at++;
      if (!this.#is('::')) break;
      this.#at++;
      if (this.#is('<') && this.#closesAsType()) {
        this.#skipBrackets();
        if (!this.#take('::')) break;
      }
    }
    const text = this.#text.slice(start, this.#tokens[this.#at - 1]!.end).replace(/\s+/g, '');
    return { kind: 'name', path: text.replace(/^::/, '') };
  }
}

const REFERENCES = 'Memory references are env:1000:0x00800020, kernel:0xf0101000 and phys:0x00100000.';

/** `x + 1`, assigned to `x`. */
function stepOf(operator: '+' | '-', target: Tree, targetText: string): Tree & { kind: 'assign' } {
  const one: Tree = { kind: 'integer', value: 1n, suffix: '', isDecimal: true };
  return { kind: 'assign', target, targetText, value: { kind: 'binary', operator, left: target, right: one } };
}

/** What can be nothing but a type, even if there is none of that name: `struct env`, `T *`. */
function isTypeByForm(text: string): boolean {
  return /^(?:struct|union|enum)\s+\w+[\s*]*$|^\w+[\s*]*\*$/.test(text);
}

function noCalls(): EvaluationError {
  return callsRefused('expression-syntax');
}
