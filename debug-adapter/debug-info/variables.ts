/**
 * Variables and parameters: DWARF 5 §4.1, "Data Object Entries", and where their values are at an address.
 *
 * Invariant: an object made here holds no Die; it survives any number of stops.
 */
import type { FrameContext, Location, SimpleLocation, Variable } from './api.ts';
import { ByteReader } from './bytes.ts';
import { AT, FORM, OP } from './dwarf-constants.ts';
import type { Die } from './dies.ts';
import type { Dwarf } from './dwarf.ts';
import { entryValue } from './entry-values.ts';
import { LocationError, evaluateLocation, evaluateNumber } from './location-expression.ts';
import type { EvaluationWork, ExpressionEnvironment } from './location-expression.ts';
import { locationAt } from './location-lists.ts';
import { failure, success } from './result.ts';
import type { Result } from './result.ts';
import type { Type } from './types.ts';
import { cfaOf } from './unwind.ts';
import type { DieId, Unit } from './units.ts';

/** A location attribute as it stands: an expression, a list, or nothing. */
export type LocationSource =
  | { readonly kind: 'expression'; readonly bytes: Uint8Array }
  | { readonly kind: 'list'; readonly value: number; readonly indexed: boolean }
  | { readonly kind: 'none' };

export function readLocationSource(die: Die, attribute: number): LocationSource {
  const bytes = die.block(attribute);
  if (bytes !== undefined) return { kind: 'expression', bytes };
  const form = die.form(attribute);
  if (form === FORM.sec_offset || form === FORM.data4 || form === FORM.loclistx) {
    return { kind: 'list', value: die.number(attribute)!, indexed: form === FORM.loclistx };
  }
  return { kind: 'none' };
}

/** @throws CorruptData */
export function expressionAt(unit: Unit, source: LocationSource, pc: number): Uint8Array | undefined {
  if (source.kind === 'expression') return source.bytes;
  return source.kind === 'list' ? locationAt(unit, source.value, source.indexed, pc) : undefined;
}

/** What an expression of a function may ask: its frame base, frame address and entry values. */
export function functionEnvironment(
  dwarf: Dwarf,
  unit: Unit,
  frameBase: LocationSource,
  frame: FrameContext,
  work: EvaluationWork = { steps: 0 },
): ExpressionEnvironment {
  const environment: ExpressionEnvironment = {
    dwarf,
    unit,
    frame,
    work,
    frameBase() {
      const expression = expressionAt(unit, frameBase, frame.pc);
      if (expression === undefined)
        throw new LocationError('location-unsupported', 'The function does not say where its frame is.');
      return evaluateNumber(expression, {
        ...environment,
        frameBase: () => {
          throw new LocationError('location-corrupt', "The function's frame base refers to itself.");
        },
      });
    },
    cfa() {
      const cfa = frame.cfa?.() ?? cfaOf(dwarf, frame, work);
      if (cfa === undefined) throw new LocationError('location-unsupported', 'The frame address is not known here.');
      return cfa;
    },
    entryValue: (expression) => entryValue(dwarf, frame, expression, work),
  };
  return environment;
}

export class DwarfVariable implements Variable {
  readonly name: string;
  readonly linkageName: string | undefined;
  readonly kind: Variable['kind'];
  readonly line: number;
  readonly artificial: boolean;
  readonly id: DieId;
  /** The entry and all it is an instance of. */
  readonly originIds: readonly DieId[];
  readonly #dwarf: Dwarf;
  readonly #unit: Unit;
  readonly #type: DieId | undefined;
  readonly #fileNumber: number | undefined;
  readonly #fileUnit: Unit;
  readonly #source: LocationSource;
  readonly #constant: { readonly bytes: Uint8Array | undefined; readonly value: bigint | undefined } | undefined;
  readonly #frameBase: LocationSource;
  #qualifiedName: string | undefined;

  /** @param chain from `Dwarf.origins` */
  constructor(dwarf: Dwarf, chain: readonly Die[], kind: Variable['kind'], frameBase: LocationSource) {
    const die = chain[0]!;
    this.#dwarf = dwarf;
    this.#unit = die.unit;
    this.#frameBase = frameBase;
    this.id = die.id;
    this.originIds = chain.map((origin) => origin.id);
    this.kind = kind;
    const first = <T>(read: (origin: Die) => T | undefined): T | undefined => {
      for (const origin of chain) {
        const value = read(origin);
        if (value !== undefined) return value;
      }
      return undefined;
    };
    this.name = first((origin) => origin.string(AT.name)) ?? '';
    this.linkageName = first((origin) => origin.string(AT.linkage_name) ?? origin.string(AT.MIPS_linkage_name));
    this.line = first((origin) => origin.number(AT.decl_line)) ?? 0;
    this.artificial = chain.some((origin) => origin.flag(AT.artificial));
    const withFile = chain.find((origin) => origin.has(AT.decl_file)) ?? die;
    this.#fileNumber = withFile.number(AT.decl_file);
    this.#fileUnit = withFile.unit;
    this.#type = first((origin) => dwarf.units.reference(origin, AT.type));
    this.#source = first((origin) => {
      const source = readLocationSource(origin, AT.location);
      return source.kind === 'none' ? undefined : source;
    }) ?? { kind: 'none' };
    this.#constant = first((origin) => {
      if (!origin.has(AT.const_value)) return undefined;
      const form = origin.form(AT.const_value);
      return {
        bytes: form === FORM.string ? undefined : origin.block(AT.const_value),
        value: origin.bigint(AT.const_value),
      };
    });
  }

  get unit(): Unit {
    return this.#unit;
  }

  get type(): Type | undefined {
    return this.#dwarf.types.at(this.#type);
  }

  get file(): string | undefined {
    return this.#dwarf.file(this.#fileUnit, this.#fileNumber);
  }

  get qualifiedName(): string {
    if (this.kind !== 'static') return this.name;
    return (this.#qualifiedName ??= this.#dwarf.sections.guard(
      'dwarf-names',
      () => `The name of ${this.name} cannot be read`,
      this.name,
      () => this.#dwarf.qualifiedName(this.#dwarf.units.die(this.id)),
    ));
  }

  get hasLocationList(): boolean {
    return this.#source.kind === 'list';
  }

  #expressionAt(pc: number): Uint8Array | undefined {
    const what = (): string => `The locations of ${this.name} cannot be read`;
    return this.#dwarf.sections.guard('dwarf-location', what, undefined, () =>
      expressionAt(this.#unit, this.#source, pc),
    );
  }

  locate(frame: FrameContext): Result<Location> {
    if (this.#constant !== undefined && this.#source.kind === 'none')
      return success(this.#constantLocation(this.#constant));
    const expression = this.#expressionAt(frame.pc);
    if (expression === undefined || expression.length === 0) {
      return failure('optimized-out', {
        cause:
          this.#source.kind === 'list'
            ? `${this.name} has no value at this point of the code.`
            : `${this.name} was optimized out.`,
        remedy: 'Build that file with less optimisation to see it everywhere.',
      });
    }
    const address = this.#plainAddress(expression, frame);
    if (address !== undefined) return success({ pieces: [{ kind: 'memory', address }] });
    try {
      return success(
        evaluateLocation(expression, functionEnvironment(this.#dwarf, this.#unit, this.#frameBase, frame)),
      );
    } catch (error) {
      if (!(error instanceof LocationError)) throw error;
      return failure(error.id, { cause: `${this.name} cannot be located: ${error.message}`, remedy: error.remedy });
    }
  }

  /** The address that nearly every local has, a register and an offset, without the machine for expressions. */
  #plainAddress(expression: Uint8Array, frame: FrameContext): number | undefined {
    if (expression[0] !== OP.fbreg) return undefined;
    const simple = this.#guardedSimple(expression, frame.pc);
    if (simple?.kind !== 'register-offset') return undefined;
    const base = frame.register(simple.register);
    return base === undefined ? undefined : (base + simple.offset) >>> 0;
  }

  #constantLocation(constant: {
    readonly bytes: Uint8Array | undefined;
    readonly value: bigint | undefined;
  }): Location {
    const size = Math.max(1, Math.min(this.type?.sizeBytes ?? 8, 65_536));
    const bytes = new Uint8Array(size);
    if (constant.bytes !== undefined) bytes.set(constant.bytes.subarray(0, size));
    else {
      let rest = BigInt.asUintN(size * 8, constant.value ?? 0n);
      for (let index = 0; index < size && rest !== 0n; index++) {
        bytes[index] = Number(rest & 255n);
        rest >>= 8n;
      }
    }
    return { pieces: [{ kind: 'value', bytes }] };
  }

  simpleLocation(pc: number): SimpleLocation | undefined {
    const expression = this.#expressionAt(pc);
    return expression === undefined || expression.length === 0 ? undefined : this.#guardedSimple(expression, pc);
  }

  #guardedSimple(expression: Uint8Array, pc: number): SimpleLocation | undefined {
    const what = (): string => `The location of ${this.name} cannot be read`;
    return this.#dwarf.sections.guard('dwarf-location', what, undefined, () => this.#simple(expression, pc));
  }

  #simple(expression: Uint8Array, pc: number): SimpleLocation | undefined {
    const reader = new ByteReader(expression);
    const op = reader.u8();
    let simple: SimpleLocation | undefined;
    if (op === OP.addr) simple = { kind: 'address', address: reader.unsigned(this.#unit.addressSize) };
    else if (op === OP.addrx || op === OP.GNU_addr_index)
      simple = { kind: 'address', address: this.#unit.indexedAddress(reader.uleb()) };
    else if (op >= OP.reg0 && op < OP.breg0) simple = { kind: 'register', register: op - OP.reg0 };
    else if (op >= OP.breg0 && op < OP.regx)
      simple = { kind: 'register-offset', register: op - OP.breg0, offset: reader.sleb() };
    else if (op === OP.fbreg) simple = addOffset(this.#simpleFrameBase(pc), reader.sleb());
    return reader.atEnd ? simple : undefined;
  }

  #simpleFrameBase(pc: number): SimpleLocation | undefined {
    const base = expressionAt(this.#unit, this.#frameBase, pc);
    if (base === undefined || base.length === 0) return undefined;
    const reader = new ByteReader(base);
    const op = reader.u8();
    let simple: SimpleLocation | undefined;
    if (op >= OP.reg0 && op < OP.breg0) simple = { kind: 'register-offset', register: op - OP.reg0, offset: 0 };
    else if (op >= OP.breg0 && op < OP.regx)
      simple = { kind: 'register-offset', register: op - OP.breg0, offset: reader.sleb() };
    else if (op === OP.call_frame_cfa) {
      const cfa = this.#dwarf.cfi.rowAt(pc)?.cfa;
      if (cfa?.kind === 'register-offset')
        simple = { kind: 'register-offset', register: cfa.register, offset: cfa.offset };
    }
    return reader.atEnd ? simple : undefined;
  }
}

function addOffset(base: SimpleLocation | undefined, offset: number): SimpleLocation | undefined {
  return base?.kind === 'register-offset' ? { ...base, offset: base.offset + offset } : undefined;
}
