/**
 * A stack that is not, or not yet, the current one: the inner stack of a privilege change, the outer one of a return,
 * a new task's. Intel SDM Vol. 3A, "Stack Switching".
 *
 * Invariant: nothing of the CPU changes; the caller commits `sp` when all went well.
 */
import type { Size } from './access.ts';
import { insideLimit, readLinear, writeLinear } from './access.ts';
import type { Core } from './core.ts';
import { AC, SS_FAULT, raise } from './exception.ts';
import { ATTRIBUTES, Attribute, BASE, ESP, LIMIT, SS } from './registers.ts';

interface StackSegment {
  readonly base: number;
  readonly limit: number;
  readonly attributes: number;
}

export class StackCursor {
  sp: number;
  readonly #core: Core;
  readonly #segment: StackSegment;
  readonly #mask: number;
  readonly #user: boolean;
  readonly #errorCode: number;

  /** @param errorCode of the #SS when the stack has no room */
  constructor(core: Core, segment: StackSegment, sp: number, user: boolean, errorCode: number) {
    this.#core = core;
    this.#segment = segment;
    this.sp = sp;
    this.#mask = (segment.attributes & Attribute.BIG) !== 0 ? -1 : 0xffff;
    this.#user = user;
    this.#errorCode = errorCode;
  }

  static current(core: Core): StackCursor {
    const m = core.i32;
    const segment = { base: m[BASE + SS], limit: m[LIMIT + SS] >>> 0, attributes: m[ATTRIBUTES + SS] };
    return new StackCursor(core, segment, m[ESP], core.cpl === 3, 0);
  }

  push(size: Size, value: number): void {
    const offset = (this.sp - size) & this.#mask;
    writeLinear(this.#core, this.#linear(offset, size), size, value, this.#user);
    this.sp = (this.sp & ~this.#mask) | offset;
  }

  pop(size: Size): number {
    const offset = this.sp & this.#mask;
    const value = readLinear(this.#core, this.#linear(offset, size), size, this.#user);
    this.skip(size);
    return value;
  }

  /** The value `bytes` above the top; moves nothing. */
  peek(size: Size, bytes: number): number {
    return readLinear(this.#core, this.#linear((this.sp + bytes) & this.#mask, size), size, this.#user);
  }

  skip(bytes: number): void {
    this.sp = (this.sp & ~this.#mask) | ((this.sp + bytes) & this.#mask);
  }

  #linear(offset: number, size: Size): number {
    if (!insideLimit(this.#segment.attributes, this.#segment.limit, offset >>> 0, size)) {
      raise(SS_FAULT, this.#errorCode);
    }
    const linear = (this.#segment.base + offset) | 0;
    if (this.#user && this.#core.alignmentCheck && (linear & (size - 1)) !== 0) raise(AC, 0);
    return linear;
  }
}
