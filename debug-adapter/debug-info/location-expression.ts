/**
 * The machine that runs location expressions: DWARF 5 §2.5 ("DWARF Expressions") and §2.6 ("Location Descriptions").
 *
 * Invariant: steps and stack are bounded; everything that can go wrong in an expression or a frame is a
 * `LocationError`, which `locate` turns into a failure.
 */
import type { FrameContext, Location, Piece } from './api.ts';
import { ByteReader, describeCorruption } from './bytes.ts';
import { AT, OP } from './dwarf-constants.ts';
import type { Dwarf } from './dwarf.ts';
import type { BaseType } from './types.ts';
import type { Unit } from './units.ts';

const STEPS_MAX = 10_000;
const STACK_MAX = 1_000;
const CALLS_MAX = 16;

export class LocationError extends Error {
  readonly id: string;
  readonly remedy: string;

  constructor(id: string, cause: string, remedy = 'Nothing can be done at this place; another line may have it.') {
    super(cause);
    this.id = id;
    this.remedy = remedy;
  }
}

export interface ExpressionEnvironment {
  readonly dwarf: Dwarf;
  /** `undefined` in call frame information, which has no unit. */
  readonly unit: Unit | undefined;
  readonly frame: FrameContext;
  frameBase(): number;
  cfa(): number;
  /** DW_OP_entry_value: what a register held when the function was entered. */
  entryValue?(expression: Uint8Array): bigint;
  readonly objectAddress?: number;
  /** Shared with all that this evaluation evaluates in turn: frame bases, frame addresses, values on entry. */
  readonly work: EvaluationWork;
}

/** Operations done so far. */
export interface EvaluationWork {
  steps: number;
}

/** A value on the stack. Without a type: DWARF's generic type, an address-sized integer. */
interface Entry {
  readonly bits: bigint;
  readonly type: BaseType | undefined;
}

/** @throws LocationError */
export function evaluateLocation(expression: Uint8Array, environment: ExpressionEnvironment): Location {
  return new Machine(environment).location(expression);
}

/** For expressions that give a number: frame bases, CFI, member offsets. `initial` is on the stack at the start. */
export function evaluateNumber(expression: Uint8Array, environment: ExpressionEnvironment, initial?: number): number {
  const machine = new Machine(environment);
  if (initial !== undefined) machine.push(BigInt(initial));
  machine.run(expression, 0);
  return machine.address();
}

class Machine {
  readonly #environment: ExpressionEnvironment;
  readonly #stack: Entry[] = [];
  readonly #pieces: Piece[] = [];
  /** A location that is not in memory, until a piece or the end takes it. */
  #pending: Piece | undefined;

  constructor(environment: ExpressionEnvironment) {
    this.#environment = environment;
  }

  location(expression: Uint8Array): Location {
    this.run(expression, 0);
    if (this.#pieces.length > 0) return { pieces: this.#pieces };
    if (this.#pending !== undefined) return { pieces: [this.#pending] };
    if (this.#stack.length === 0) return { pieces: [{ kind: 'optimized-out' }] };
    return { pieces: [{ kind: 'memory', address: this.address() }] };
  }

  push(bits: bigint, type?: BaseType): void {
    if (this.#stack.length >= STACK_MAX)
      throw new LocationError('location-corrupt', 'The location expression overflows its stack.');
    this.#stack.push({ bits, type });
  }

  address(): number {
    if (this.#pending?.kind === 'register') return this.#register(this.#pending.register);
    return Number(BigInt.asUintN(32, this.#pop().bits));
  }

  #pop(): Entry {
    const entry = this.#stack.pop();
    if (entry === undefined)
      throw new LocationError('location-corrupt', 'The location expression takes a value from an empty stack.');
    return entry;
  }

  #register(number: number): number {
    const value = this.#environment.frame.register(number);
    if (value === undefined) {
      throw new LocationError(
        'register-lost',
        `Register ${number} of this frame was not saved by the functions it called.`,
      );
    }
    return value >>> 0;
  }

  #read(address: number, sizeBytes: number): bigint {
    const bytes = this.#environment.frame.readMemory(address, sizeBytes);
    if (bytes === undefined) {
      throw new LocationError(
        'memory-unmapped',
        `The location needs ${sizeBytes} bytes at 0x${hex(address)}, which are not mapped.`,
      );
    }
    let value = 0n;
    for (let index = sizeBytes - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index]!);
    return value;
  }

  #unit(): Unit {
    const { unit } = this.#environment;
    if (unit === undefined)
      throw new LocationError('location-corrupt', 'A call frame expression uses an operation that needs a unit.');
    return unit;
  }

  #baseType(offset: number): BaseType | undefined {
    if (offset === 0) return undefined;
    const unit = this.#unit();
    const type = this.#environment.dwarf.types.at(unit.offset + unit.bias + offset);
    if (type?.kind !== 'base')
      throw new LocationError('location-corrupt', 'The location expression names a type that is not a base type.');
    return type;
  }

  #take(piece: { sizeBits: number; offsetBits?: number }): void {
    const { sizeBits } = piece;
    const offset = piece.offsetBits === undefined || piece.offsetBits === 0 ? {} : { offsetBits: piece.offsetBits };
    if (this.#pending !== undefined) this.#pieces.push({ ...this.#pending, sizeBits, ...offset });
    else if (this.#stack.length === 0) this.#pieces.push({ kind: 'optimized-out', sizeBits });
    else this.#pieces.push({ kind: 'memory', address: this.address(), sizeBits, ...offset });
    this.#pending = undefined;
    if (this.#pieces.length > STACK_MAX)
      throw new LocationError('location-corrupt', 'The location has too many pieces.');
  }

  run(expression: Uint8Array, calls: number): void {
    if (calls > CALLS_MAX)
      throw new LocationError('location-corrupt', 'The location expression calls itself too deeply.');
    const reader = new ByteReader(expression);
    try {
      while (!reader.atEnd) {
        if (++this.#environment.work.steps > STEPS_MAX)
          throw new LocationError('location-corrupt', 'The location expression does not end.');
        this.#step(reader, calls);
      }
    } catch (error) {
      if (error instanceof LocationError) throw error;
      throw new LocationError(
        'location-corrupt',
        `The location expression cannot be read: ${describeCorruption(error)}.`,
      );
    }
  }

  #step(reader: ByteReader, calls: number): void {
    const op = reader.u8();
    if (op >= OP.lit0 && op < OP.reg0) return this.push(BigInt(op - OP.lit0));
    if (op >= OP.reg0 && op < OP.breg0) {
      this.#pending = { kind: 'register', register: op - OP.reg0 };
      return;
    }
    if (op >= OP.breg0 && op < OP.regx) return this.#pushAddress(this.#register(op - OP.breg0) + reader.sleb());
    switch (op) {
      case OP.addr:
        return this.push(BigInt(reader.unsigned(this.#environment.unit?.addressSize ?? 4)));
      case OP.addrx:
      case OP.GNU_addr_index:
      case OP.constx:
      case OP.GNU_const_index:
        return this.push(BigInt(this.#unit().indexedAddress(reader.uleb())));
      case OP.const1u:
        return this.push(BigInt(reader.u8()));
      case OP.const1s:
        return this.#pushSigned(BigInt(reader.i8()));
      case OP.const2u:
        return this.push(BigInt(reader.u16()));
      case OP.const2s:
        return this.#pushSigned(BigInt((reader.u16() << 16) >> 16));
      case OP.const4u:
        return this.push(BigInt(reader.u32()));
      case OP.const4s:
        return this.#pushSigned(BigInt(reader.u32() | 0));
      case OP.const8u:
      case OP.const8s:
        return this.push(reader.u64());
      case OP.constu:
        return this.push(BigInt.asUintN(64, reader.ulebBig()));
      case OP.consts:
        return this.#pushSigned(reader.slebBig());
      case OP.dup:
        return this.#pick(0);
      case OP.drop:
        this.#pop();
        return;
      case OP.over:
        return this.#pick(1);
      case OP.pick:
        return this.#pick(reader.u8());
      case OP.swap: {
        const [top, below] = [this.#pop(), this.#pop()];
        this.#stack.push(top, below);
        return;
      }
      case OP.rot: {
        const [first, second, third] = [this.#pop(), this.#pop(), this.#pop()];
        this.#stack.push(first, third, second);
        return;
      }
      case OP.deref:
        return this.push(this.#read(this.address(), 4));
      case OP.deref_size:
        return this.push(this.#read(this.address(), reader.u8() & 15));
      case OP.deref_type:
      case OP.GNU_deref_type: {
        const size = reader.u8() & 15;
        const type = this.#baseType(reader.uleb());
        return this.push(this.#read(this.address(), size), type);
      }
      case OP.plus_uconst: {
        const { bits, type } = this.#pop();
        return this.#pushResult(bits + reader.ulebBig(), type);
      }
      case OP.abs:
      case OP.neg:
      case OP.not:
        return this.#unary(op);
      case OP.and:
      case OP.div:
      case OP.minus:
      case OP.mod:
      case OP.mul:
      case OP.or:
      case OP.plus:
      case OP.shl:
      case OP.shr:
      case OP.shra:
      case OP.xor:
      case OP.eq:
      case OP.ge:
      case OP.gt:
      case OP.le:
      case OP.lt:
      case OP.ne:
        return this.#binary(op);
      case OP.bra:
      case OP.skip: {
        const distance = (reader.u16() << 16) >> 16;
        if (op === OP.bra && this.#pop().bits === 0n) return;
        const target = reader.offset + distance;
        if (target < 0 || target > reader.end)
          throw new LocationError('location-corrupt', 'The location expression jumps out of itself.');
        reader.offset = target;
        return;
      }
      case OP.regx:
        this.#pending = { kind: 'register', register: reader.uleb() };
        return;
      case OP.fbreg:
        return this.#pushAddress(this.#environment.frameBase() + reader.sleb());
      case OP.bregx:
        return this.#pushAddress(this.#register(reader.uleb()) + reader.sleb());
      case OP.regval_type:
      case OP.GNU_regval_type: {
        const register = reader.uleb();
        return this.push(BigInt(this.#register(register)), this.#baseType(reader.uleb()));
      }
      case OP.const_type:
      case OP.GNU_const_type: {
        const type = this.#baseType(reader.uleb());
        const block = reader.block(reader.u8());
        let value = 0n;
        for (let index = block.length - 1; index >= 0; index--) value = (value << 8n) | BigInt(block[index]!);
        return this.push(value, type);
      }
      case OP.convert:
      case OP.GNU_convert:
        return this.#convert(this.#baseType(reader.uleb()));
      case OP.reinterpret:
      case OP.GNU_reinterpret: {
        const type = this.#baseType(reader.uleb());
        return this.push(this.#pop().bits, type);
      }
      case OP.call_frame_cfa:
        return this.#pushAddress(this.#environment.cfa());
      case OP.push_object_address: {
        const { objectAddress } = this.#environment;
        if (objectAddress === undefined) throw unsupported('the address of an object that is not known');
        return this.#pushAddress(objectAddress);
      }
      case OP.call2:
      case OP.call4:
      case OP.call_ref: {
        const unit = this.#unit();
        const offset =
          op === OP.call2 ? reader.u16() : op === OP.call4 ? reader.u32() : reader.unsigned(unit.offsetSize);
        const die = this.#environment.dwarf.units.die(op === OP.call_ref ? offset : unit.offset + unit.bias + offset);
        const block = die.block(AT.location);
        if (block !== undefined) this.run(block, calls + 1);
        return;
      }
      case OP.entry_value:
      case OP.GNU_entry_value: {
        const block = reader.block(reader.uleb());
        const value = this.#environment.entryValue?.(block);
        if (value === undefined)
          throw new LocationError('optimized-out', 'The value was only known when the function was entered.');
        return this.push(value);
      }
      case OP.piece:
        return this.#take({ sizeBits: reader.uleb() * 8 });
      case OP.bit_piece: {
        const sizeBits = reader.uleb();
        return this.#take({ sizeBits, offsetBits: reader.uleb() });
      }
      case OP.implicit_value:
        this.#pending = { kind: 'value', bytes: reader.block(reader.uleb()) };
        return;
      case OP.stack_value: {
        const { bits, type } = this.#pop();
        this.#pending = { kind: 'value', bytes: toBytes(bits, type?.sizeBytes ?? 8) };
        return;
      }
      case OP.implicit_pointer:
      case OP.GNU_implicit_pointer: {
        const die = reader.unsigned(this.#unit().offsetSize);
        this.#pending = { kind: 'pointer-to', die, offset: reader.sleb() };
        return;
      }
      case OP.nop:
      case OP.GNU_uninit:
        return;
      case OP.form_tls_address:
      case OP.GNU_push_tls_address:
        throw unsupported('thread-local storage');
      default:
        throw unsupported(`operation 0x${op.toString(16)}`);
    }
  }

  #pushAddress(value: number): void {
    this.push(BigInt(value >>> 0));
  }

  /** Kept 64 bits wide, since LLVM writes 64-bit constants this way on a 32-bit machine. */
  #pushSigned(value: bigint): void {
    this.push(BigInt.asUintN(64, value));
  }

  #pick(index: number): void {
    const entry = this.#stack[this.#stack.length - 1 - index];
    if (entry === undefined)
      throw new LocationError('location-corrupt', 'The location expression picks past its stack.');
    this.push(entry.bits, entry.type);
  }

  #pushResult(value: bigint, type: BaseType | undefined): void {
    this.push(BigInt.asUintN(type === undefined ? 32 : type.sizeBytes * 8, value), type);
  }

  #unary(op: number): void {
    const { bits, type } = this.#pop();
    if (type?.encoding === 'float') {
      const value = toFloat(bits, type);
      return this.push(fromFloat(op === OP.abs ? Math.abs(value) : -value, type), type);
    }
    const value = signed(bits, type);
    this.#pushResult(op === OP.abs ? (value < 0n ? -value : value) : op === OP.neg ? -value : ~value, type);
  }

  #binary(op: number): void {
    const right = this.#pop();
    const left = this.#pop();
    const { type } = left;
    if (type?.encoding === 'float')
      return this.#floatBinary(op, toFloat(left.bits, type), toFloat(right.bits, type), type);
    const a = signed(left.bits, type);
    const b = signed(right.bits, type);
    const width = type === undefined ? 32 : type.sizeBytes * 8;
    const ua = BigInt.asUintN(width, left.bits);
    const ub = BigInt.asUintN(width, right.bits);
    // Generic values are compared as signed, DWARF 5 §2.5.1.4; typed ones as their type says.
    const isUnsigned = type !== undefined && type.encoding !== 'signed' && type.encoding !== 'signed-char';
    const [x, y] = isUnsigned ? [ua, ub] : [a, b];
    switch (op) {
      case OP.plus:
        return this.#pushResult(ua + ub, type);
      case OP.minus:
        return this.#pushResult(ua - ub, type);
      case OP.mul:
        return this.#pushResult(ua * ub, type);
      case OP.div:
        if (y === 0n) throw new LocationError('location-corrupt', 'The location expression divides by zero.');
        return this.#pushResult(x / y, type);
      case OP.mod:
        if (ub === 0n) throw new LocationError('location-corrupt', 'The location expression divides by zero.');
        return this.#pushResult(type === undefined ? ua % ub : x % y, type);
      case OP.and:
        return this.#pushResult(ua & ub, type);
      case OP.or:
        return this.#pushResult(ua | ub, type);
      case OP.xor:
        return this.#pushResult(ua ^ ub, type);
      case OP.shl:
        return this.#pushResult(ub > 128n ? 0n : ua << ub, type);
      case OP.shr:
        return this.#pushResult(ub > 128n ? 0n : ua >> ub, type);
      case OP.shra:
        return this.#pushResult(a >> (ub > 128n ? 128n : ub), type);
      default:
        return this.push(compare(op, x < y, x === y) ? 1n : 0n);
    }
  }

  #floatBinary(op: number, a: number, b: number, type: BaseType): void {
    const results: Readonly<Record<number, number>> = {
      [OP.plus]: a + b,
      [OP.minus]: a - b,
      [OP.mul]: a * b,
      [OP.div]: a / b,
    };
    const result = results[op];
    if (result !== undefined) return this.push(fromFloat(result, type), type);
    this.push(compare(op, a < b, a === b) ? 1n : 0n);
  }

  #convert(to: BaseType | undefined): void {
    const { bits, type } = this.#pop();
    const fromIsFloat = type?.encoding === 'float';
    const value = fromIsFloat ? toFloat(bits, type) : undefined;
    if (to?.encoding === 'float') return this.push(fromFloat(value ?? Number(signed(bits, type)), to), to);
    const isUnsigned = type !== undefined && type.encoding !== 'signed' && type.encoding !== 'signed-char';
    const whole =
      value === undefined
        ? isUnsigned
          ? BigInt.asUintN(type.sizeBytes * 8, bits)
          : signed(bits, type)
        : Number.isFinite(value)
          ? BigInt(Math.trunc(value))
          : 0n;
    this.#pushResult(whole, to);
  }
}

function compare(op: number, less: boolean, equal: boolean): boolean {
  switch (op) {
    case OP.eq:
      return equal;
    case OP.ne:
      return !equal;
    case OP.lt:
      return less;
    case OP.le:
      return less || equal;
    case OP.gt:
      return !less && !equal;
    default:
      return !less;
  }
}

function signed(bits: bigint, type: BaseType | undefined): bigint {
  return BigInt.asIntN(type === undefined ? 32 : type.sizeBytes * 8, bits);
}

function toFloat(bits: bigint, type: BaseType): number {
  const view = new DataView(new ArrayBuffer(8));
  if (type.sizeBytes === 4) {
    view.setUint32(0, Number(BigInt.asUintN(32, bits)));
    return view.getFloat32(0);
  }
  view.setBigUint64(0, BigInt.asUintN(64, bits));
  return view.getFloat64(0);
}

function fromFloat(value: number, type: BaseType): bigint {
  const view = new DataView(new ArrayBuffer(8));
  if (type.sizeBytes === 4) {
    view.setFloat32(0, value);
    return BigInt(view.getUint32(0));
  }
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

function toBytes(value: bigint, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let rest = value;
  for (let index = 0; index < sizeBytes; index++) {
    bytes[index] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

function unsupported(what: string): LocationError {
  return new LocationError(
    'location-unsupported',
    `The location uses ${what}, which is not supported.`,
    'Build that file with less optimisation to see the value.',
  );
}
