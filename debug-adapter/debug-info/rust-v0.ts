/**
 * The Rust v0 mangling scheme: RFC 2603, "Symbol name grammar". Crate hashes and the types of constants are left out, as
 * `rustc-demangle` does for `{:#}`.
 *
 * Invariant: depth and output are bounded, since back references can make a short name exponentially long.
 */
const DEPTH_MAX = 200;
const LENGTH_MAX = 16_384;
/** Longer ones are shown as they are. */
const MANGLED_MAX = 65_536;
const PUNYCODE_MAX = 1024;

const basicTypes: Readonly<Record<string, string>> = {
  a: 'i8',
  b: 'bool',
  c: 'char',
  d: 'f64',
  e: 'str',
  f: 'f32',
  h: 'u8',
  i: 'isize',
  j: 'usize',
  l: 'i32',
  m: 'u32',
  n: 'i128',
  o: 'u128',
  p: '_',
  s: 'i16',
  t: 'u16',
  u: '()',
  v: '...',
  x: 'i64',
  y: 'u64',
  z: '!',
};

class Invalid extends Error {}

/** @returns `undefined` where `name` is not a v0 name */
export function demangleV0(name: string): string | undefined {
  if (name.length > MANGLED_MAX) return undefined;
  // A vendor suffix (`.llvm.1234`) is no part of the name.
  const end = name.search(/[.$]/);
  const mangled = end < 0 ? name.slice(2) : name.slice(2, end);
  try {
    return new Demangler(mangled).symbol();
  } catch (error) {
    if (error instanceof Invalid) return undefined;
    throw error;
  }
}

class Demangler {
  readonly #text: string;
  #position = 0;
  #out = '';
  #depth = 0;
  #lifetimes = 0;
  /** In an impl path or an instantiating crate, which are read but not shown. */
  #silent = 0;

  constructor(text: string) {
    this.#text = text;
  }

  symbol(): string {
    if (/^[0-9]/.test(this.#text)) throw new Invalid();
    this.#path(true);
    if (this.#position < this.#text.length) {
      this.#silent++;
      this.#path(false);
    }
    return this.#out;
  }

  #write(text: string): void {
    if (this.#silent > 0) return;
    this.#out += text;
    if (this.#out.length > LENGTH_MAX) throw new Invalid();
  }

  #peek(): string {
    return this.#text[this.#position] ?? '';
  }

  #next(): string {
    const char = this.#text[this.#position++];
    if (char === undefined) throw new Invalid();
    return char;
  }

  #eat(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#position++;
    return true;
  }

  /** `_` is 0, `0_` is 1, … */
  #base62(): number {
    if (this.#eat('_')) return 0;
    let value = 0;
    for (;;) {
      const char = this.#next();
      if (char === '_') return value + 1;
      const digit = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'.indexOf(char);
      if (digit < 0) throw new Invalid();
      value = value * 62 + digit;
      // A crate's disambiguator has 64 bits; it is not shown, so that a number rounds it does not matter.
      if (value > 2 ** 64) throw new Invalid();
    }
  }

  #optionalBase62(tag: string): number {
    return this.#eat(tag) ? this.#base62() + 1 : 0;
  }

  #identifier(): { text: string; disambiguator: number } {
    const disambiguator = this.#optionalBase62('s');
    return { text: this.#undisambiguated(), disambiguator };
  }

  #undisambiguated(): string {
    const punycode = this.#eat('u');
    const digits = /^(0|[1-9][0-9]*)/.exec(this.#text.slice(this.#position, this.#position + 8))?.[0];
    if (digits === undefined) throw new Invalid();
    this.#position += digits.length;
    const length = Number(digits);
    this.#eat('_');
    const text = this.#text.slice(this.#position, this.#position + length);
    if (text.length !== length) throw new Invalid();
    this.#position += length;
    return punycode ? decodePunycode(text) : text;
  }

  #enter(): void {
    if (++this.#depth > DEPTH_MAX) throw new Invalid();
  }

  /** Reads once more from an earlier place. */
  #backReference(read: () => void): void {
    const at = this.#position - 1;
    const target = this.#base62();
    if (target >= at) throw new Invalid();
    if (this.#silent > 0) return;
    const saved = this.#position;
    this.#position = target;
    this.#enter();
    read();
    this.#depth--;
    this.#position = saved;
  }

  #path(inValue: boolean): void {
    this.#enter();
    const tag = this.#next();
    switch (tag) {
      case 'C': {
        this.#write(this.#identifier().text);
        break;
      }
      case 'M':
      case 'X':
      case 'Y': {
        if (tag !== 'Y') {
          this.#optionalBase62('s');
          this.#silent++;
          this.#path(false);
          this.#silent--;
        }
        this.#write('<');
        this.#type();
        if (tag !== 'M') {
          this.#write(' as ');
          this.#path(false);
        }
        this.#write('>');
        break;
      }
      case 'N': {
        const namespace = this.#next();
        this.#path(inValue);
        const { text, disambiguator } = this.#identifier();
        if (/[A-Z]/.test(namespace)) {
          const kind = namespace === 'C' ? 'closure' : namespace === 'S' ? 'shim' : namespace;
          this.#write(`::{${kind}${text === '' ? '' : `:${text}`}#${disambiguator}}`);
        } else if (text !== '') this.#write(`::${text}`);
        break;
      }
      case 'I': {
        this.#path(inValue);
        if (inValue) this.#write('::');
        this.#write('<');
        this.#list(() => this.#genericArgument());
        this.#write('>');
        break;
      }
      case 'B':
        this.#backReference(() => this.#path(inValue));
        break;
      default:
        throw new Invalid();
    }
    this.#depth--;
  }

  #list(item: () => void): number {
    let count = 0;
    while (!this.#eat('E')) {
      if (count++ > 0) this.#write(', ');
      item();
    }
    return count;
  }

  #genericArgument(): void {
    if (this.#eat('L')) this.#lifetime(this.#base62());
    else if (this.#eat('K')) this.#constant();
    else this.#type();
  }

  #lifetime(index: number): void {
    if (index === 0) {
      this.#write("'_");
      return;
    }
    const depth = this.#lifetimes - index;
    if (depth < 0) throw new Invalid();
    this.#write(depth < 26 ? `'${String.fromCharCode(97 + depth)}` : `'_${depth}`);
  }

  #binder(body: () => void): void {
    const count = this.#optionalBase62('G');
    if (count > 1000) throw new Invalid();
    const saved = this.#lifetimes;
    if (count > 0) {
      this.#write('for<');
      for (let index = 0; index < count; index++) {
        if (index > 0) this.#write(', ');
        this.#lifetimes++;
        this.#lifetime(1);
      }
      this.#write('> ');
    }
    body();
    this.#lifetimes = saved;
  }

  #type(): void {
    this.#enter();
    const tag = this.#next();
    const basic = basicTypes[tag];
    if (basic !== undefined) this.#write(basic);
    else {
      switch (tag) {
        case 'R':
        case 'Q':
          this.#write('&');
          if (this.#eat('L')) {
            const lifetime = this.#base62();
            if (lifetime !== 0) {
              this.#lifetime(lifetime);
              this.#write(' ');
            }
          }
          if (tag === 'Q') this.#write('mut ');
          this.#type();
          break;
        case 'P':
          this.#write('*const ');
          this.#type();
          break;
        case 'O':
          this.#write('*mut ');
          this.#type();
          break;
        case 'A':
          this.#write('[');
          this.#type();
          this.#write('; ');
          this.#constant();
          this.#write(']');
          break;
        case 'S':
          this.#write('[');
          this.#type();
          this.#write(']');
          break;
        case 'T': {
          this.#write('(');
          const count = this.#list(() => this.#type());
          this.#write(count === 1 ? ',)' : ')');
          break;
        }
        case 'F':
          this.#binder(() => this.#functionSignature());
          break;
        case 'D':
          this.#write('dyn ');
          this.#binder(() => this.#dynBounds());
          if (!this.#eat('L')) throw new Invalid();
          {
            const lifetime = this.#base62();
            if (lifetime !== 0) {
              this.#write(' + ');
              this.#lifetime(lifetime);
            }
          }
          break;
        case 'W':
          this.#type();
          this.#write(' is ');
          this.#pattern();
          break;
        case 'B':
          this.#backReference(() => this.#type());
          break;
        default:
          this.#position--;
          this.#path(false);
      }
    }
    this.#depth--;
  }

  #pattern(): void {
    const tag = this.#next();
    if (tag === 'R') {
      this.#constant();
      this.#write('..=');
      this.#constant();
    } else if (tag === 'O') {
      let first = true;
      while (!this.#eat('E')) {
        if (!first) this.#write(' | ');
        first = false;
        this.#pattern();
      }
    } else if (tag === 'N') this.#write('!null');
    else throw new Invalid();
  }

  #functionSignature(): void {
    if (this.#eat('U')) this.#write('unsafe ');
    if (this.#eat('K')) {
      const abi = this.#eat('C') ? 'C' : this.#undisambiguated().replace(/_/g, '-');
      this.#write(`extern "${abi}" `);
    }
    this.#write('fn(');
    this.#list(() => this.#type());
    this.#write(')');
    if (this.#eat('u')) return;
    this.#write(' -> ');
    this.#type();
  }

  #dynBounds(): void {
    let first = true;
    while (!this.#eat('E')) {
      if (!first) this.#write(' + ');
      first = false;
      this.#dynTrait();
    }
  }

  #dynTrait(): void {
    let open = this.#pathOpenGenerics();
    while (this.#eat('p')) {
      this.#write(open ? ', ' : '<');
      open = true;
      this.#write(`${this.#undisambiguated()} = `);
      this.#type();
    }
    if (open) this.#write('>');
  }

  /** A path whose generic list is left open for the associated types of `dyn Trait<…>`. */
  #pathOpenGenerics(): boolean {
    let open = false;
    if (this.#eat('B')) {
      this.#backReference(() => {
        open = this.#pathOpenGenerics();
      });
    } else if (this.#eat('I')) {
      this.#path(false);
      this.#write('<');
      this.#list(() => this.#genericArgument());
      open = true;
    } else this.#path(false);
    return open;
  }

  #hexDigits(): string {
    const start = this.#position;
    while (/[0-9a-f]/.test(this.#peek())) this.#position++;
    const digits = this.#text.slice(start, this.#position);
    if (!this.#eat('_') || digits.length > 4096) throw new Invalid();
    return digits;
  }

  #constant(): void {
    this.#enter();
    const tag = this.#next();
    if (tag === 'p') this.#write('_');
    else if ('hjmoty'.includes(tag)) this.#write(BigInt(`0x0${this.#hexDigits()}`).toString());
    else if ('ailnsx'.includes(tag)) {
      if (this.#eat('n')) this.#write('-');
      this.#write(BigInt(`0x0${this.#hexDigits()}`).toString());
    } else if (tag === 'b') {
      const digits = this.#hexDigits();
      this.#write(digits === '0' ? 'false' : digits === '1' ? 'true' : fail());
    } else if (tag === 'c') {
      const point = parseInt(`0${this.#hexDigits()}`, 16);
      if (point > 0x10ffff) throw new Invalid();
      this.#write(quoteChar(String.fromCodePoint(point)));
    } else if (tag === 'e') {
      this.#write(`*${this.#stringLiteral()}`);
    } else if (tag === 'R' || tag === 'Q') {
      if (tag === 'R' && this.#eat('e')) this.#write(this.#stringLiteral());
      else {
        this.#write(tag === 'R' ? '&' : '&mut ');
        this.#constant();
      }
    } else if (tag === 'A') {
      this.#write('[');
      this.#list(() => this.#constant());
      this.#write(']');
    } else if (tag === 'T') {
      this.#write('(');
      const count = this.#list(() => this.#constant());
      this.#write(count === 1 ? ',)' : ')');
    } else if (tag === 'V') this.#constantVariant();
    else if (tag === 'B') this.#backReference(() => this.#constant());
    else throw new Invalid();
    this.#depth--;
  }

  #constantVariant(): void {
    this.#path(true);
    const kind = this.#next();
    if (kind === 'T') {
      this.#write('(');
      this.#list(() => this.#constant());
      this.#write(')');
    } else if (kind === 'S') {
      this.#write(' { ');
      this.#list(() => {
        this.#write(`${this.#identifier().text}: `);
        this.#constant();
      });
      this.#write(' }');
    } else if (kind !== 'U') throw new Invalid();
  }

  #stringLiteral(): string {
    const digits = this.#hexDigits();
    let bytes = '';
    for (let index = 0; index + 1 < digits.length; index += 2) bytes += `%${digits.slice(index, index + 2)}`;
    try {
      return JSON.stringify(decodeURIComponent(bytes));
    } catch {
      throw new Invalid();
    }
  }
}

function fail(): never {
  throw new Invalid();
}

function quoteChar(char: string): string {
  const escapes: Readonly<Record<string, string>> = {
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    "'": "\\'",
    '\\': '\\\\',
    '\0': '\\0',
  };
  return `'${escapes[char] ?? char}'`;
}

/** RFC 3492, with `_` for `-` as the last delimiter. */
function decodePunycode(text: string): string {
  if (text.length > PUNYCODE_MAX) throw new Invalid();
  const split = text.lastIndexOf('_');
  const output = split > 0 ? Array.from(text.slice(0, split)) : [];
  const digits = split >= 0 ? text.slice(split + 1) : text;
  let code = 128;
  let index = 0;
  let bias = 72;
  for (let position = 0; position < digits.length;) {
    const before = index;
    let weight = 1;
    for (let k = 36; ; k += 36) {
      const char = digits[position++];
      if (char === undefined) throw new Invalid();
      const digit = 'abcdefghijklmnopqrstuvwxyz0123456789'.indexOf(char);
      if (digit < 0) throw new Invalid();
      index += digit * weight;
      const threshold = Math.min(26, Math.max(1, k - bias));
      if (digit < threshold) break;
      weight *= 36 - threshold;
    }
    const count = output.length + 1;
    let delta = Math.floor((index - before) / (before === 0 ? 700 : 2));
    delta += Math.floor(delta / count);
    let k = 0;
    for (; delta > 455; k += 36) delta = Math.floor(delta / 35);
    bias = k + Math.floor((36 * delta) / (delta + 38));
    code += Math.floor(index / count);
    index %= count;
    // A weight that has grown to infinity makes NaN of it.
    if (!(code <= 0x10ffff)) throw new Invalid();
    output.splice(index++, 0, String.fromCodePoint(code));
  }
  return output.join('');
}
