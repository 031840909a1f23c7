/**
 * Conditions of events: expressions over the event's own values, the locals of the function where it happens, registers,
 * what the machine knows (`$syscall`) and the kernel's statics; or, in short, the names that count: `sys_page_alloc,
 * sys_page_map`. Compiled once for each place where an event happens, evaluated at each event.
 *
 * Words (`name == sys_yield`, `program == hello`) are numbers while they are compared, one each.
 * Invariant: an event that lacks a value which its condition asks for is passed by.
 */
import { builtinType, type EnumType } from '../debug-info/index.ts';
import {
  compileExpression,
  frameScope,
  type Compiled,
  type ConvenienceValue,
  type NameScope,
} from '../inspection/index.ts';
import type { OsEvents } from '../kernel/guest-os.ts';
import type { Image, ImageSet } from '../launch/images.ts';
import { failure, success, type Result } from '../result.ts';
import { cpuContext, MACHINE_NAMES, type ContextSource } from '../scopes/inspection-context.ts';
import { IRQ_NAMES, vectorName } from '../target/vectors.ts';
import { COMMON_VALUES, type EventRow } from './event-table.ts';

export type EventValues = Readonly<Record<string, number | string>>;
export type EventCondition = (values: EventValues) => Result<boolean>;

/** Apart from small numbers, so that a word is not taken for one. */
const WORDS_START = 0x77000000;
const SIGNED_VALUES: ReadonlySet<string> = new Set(['result']);
const EXCEPTIONS = 32;
/** Compiled conditions kept, one for each place in the code. */
const PLACES_MAX = 1024;
/** Failures that say "there is no such thing here": the event lacks what is asked for. */
const LACKING: ReadonlySet<string> = new Set(['no-system-call', 'no-environment', 'no-such-field', 'paging-off']);

/** Failures that another variable of the same name might not have. */
const MATTERS_OF_TYPE: ReadonlySet<string> = new Set([
  ...['no-such-field', 'field-ambiguous', 'not-a-number', 'not-an-integer', 'not-a-pointer', 'pointer-to-nothing'],
  ...['not-indexable', 'slice-without-end', 'cast-impossible', 'no-calls'],
]);

type Extra = (name: string) => ConvenienceValue | undefined;

export class EventConditions {
  private readonly source: ContextSource;
  private readonly images: ImageSet;
  private readonly words = new Map<string, number>();

  constructor(source: ContextSource, images: ImageSet) {
    this.source = source;
    this.images = images;
  }

  private get osEvents(): OsEvents | undefined {
    return this.source.os.events;
  }

  /** @returns what is wrong with the text, if something is */
  compile(text: string, row: EventRow): Result<EventCondition> {
    const items = text.split(',').map((item) => item.trim());
    if (items.every((item) => /^#?[\w.-]+$/.test(item) && !row.values.includes(item))) {
      const wanted = items.map((item) => this.shorthand(item, row));
      const wrong = wanted.findIndex((item) => item === undefined);
      if (wrong < 0) return success((values) => success(wanted.some((item) => values[item!.key] === item!.value)));
      if (items.length > 1 || row.shorthand !== 'vector' || items[0]!.startsWith('#')) {
        return failure('name-unknown', {
          cause: `"${items[wrong]!}" is ${UNKNOWN[row.shorthand]}.`,
          remedy: `Write a condition such as: ${row.example}`,
        });
      }
    }
    return this.expression(text, row);
  }

  private shorthand(item: string, row: EventRow): { key: string; value: number | string } | undefined {
    const number = /^(?:0x[\da-f]+|\d+)$/i.test(item) ? Number(item) : undefined;
    const key = row.shorthand === 'name' && number !== undefined ? 'number' : row.shorthand;
    if (number !== undefined) return key === 'program' ? undefined : { key, value: number };
    if (key === 'vector' || key === 'irq') {
      const names = key === 'vector' ? EXCEPTION_WORDS : IRQ_WORDS;
      const value = names.get(item.replace(/^#/, '').toLowerCase());
      if (value !== undefined) return { key, value };
    }
    if (key === 'name' && this.osEvents?.callNames.includes(item)) return { key, value: item };
    return this.images.programs.has(item) ? { key: 'program', value: item } : undefined;
  }

  private expression(text: string, row: EventRow): Result<EventCondition> {
    const os = this.osEvents;
    const args = row.values.includes('args') ? (os?.argumentNames ?? []) : [];
    const names = new Set([...COMMON_VALUES, ...row.values.filter((name) => name !== 'args'), ...args]);
    const enumerations = new Map([...names].map((name) => [name, this.enumeration(name, row)] as const));
    let current: EventValues = {};
    let missing = false;
    const context = cpuContext(this.source);
    const value = (name: string, read: () => number): ConvenienceValue => {
      const plain = builtinType(SIGNED_VALUES.has(name) || name.startsWith('E_') ? 'i32' : 'u32', 'rust');
      const type = enumerations.get(name) ?? plain;
      const place = {
        kind: 'bytes' as const,
        get bytes() {
          return littleEndian(read());
        },
      };
      return { kind: 'convenience', value: { type, place, context }, word: enumerations.get(name)?.name };
    };
    const extra: Extra = (name) => {
      if (names.has(name)) {
        return value(name, () => {
          const found = current[name];
          if (found === undefined) missing = true;
          return typeof found === 'string' ? this.word(found) : (found ?? 0);
        });
      }
      const constant = os?.results[name];
      return constant === undefined ? undefined : value(name, () => constant);
    };
    // `vector == #GP`
    const plain = text.replace(/#(?=[A-Za-z]{2}\b)/g, '');
    const anywhere = this.compileAt(plain, extra, undefined);
    if (!anywhere.compiled.ok && !this.mayBeLocal(anywhere.compiled.failure.id, anywhere)) return anywhere.compiled;
    // Locals hide the kernel's statics; without either, the place does not matter.
    const byPlace = anywhere.usesStatics || !anywhere.compiled.ok ? new Map<string, Result<Compiled>>() : undefined;
    return success((values) => {
      current = values;
      missing = false;
      const compiled = byPlace ? this.compiledHere(plain, extra, byPlace) : anywhere.compiled;
      if (!compiled.ok) return success(false);
      const truth = compiled.value.test(context);
      return missing || (!truth.ok && LACKING.has(truth.failure.id)) ? success(false) : truth;
    });
  }

  /** Whether a condition that means nothing by itself may mean something where the event happens. */
  private mayBeLocal(failureId: string, { usesStatics, unknown }: ReturnType<EventConditions['compileAt']>): boolean {
    if (failureId === 'name-unknown') return unknown !== undefined && this.mentions(unknown);
    return usesStatics && MATTERS_OF_TYPE.has(failureId);
  }

  private compiledHere(text: string, extra: Extra, byPlace: Map<string, Result<Compiled>>): Result<Compiled> {
    const { target, os } = this.source;
    const eip = target.readRegister('eip');
    const place = os.imageAt(target.space, eip);
    const linked = (eip + (place?.bias ?? 0)) >>> 0;
    const key = `${place?.image.name ?? ''}:${linked}`;
    const known = byPlace.get(key);
    if (known) return known;
    if (byPlace.size >= PLACES_MAX) byPlace.clear();
    const { compiled } = this.compileAt(text, extra, place && { image: place.image, linked });
    byPlace.set(key, compiled);
    return compiled;
  }

  /** Event values first, then the locals of the place, then the statics of its image and of the kernel. */
  private compileAt(
    text: string,
    extra: Extra,
    place: { image: Image; linked: number } | undefined,
  ): { compiled: Result<Compiled>; usesStatics: boolean; unknown: string | undefined } {
    const { debug, elf } = this.images.kernel;
    const code = elf.symbols.find((s) => s.kind === 'function' && debug.languageAt(s.address) === 'rust');
    const kernel: NameScope = {
      ...frameScope(debug, 0, { ...MACHINE_NAMES, extra }),
      language: code ? 'rust' : 'c',
    };
    const local = place && frameScope(place.image.debug, place.linked, { ...MACHINE_NAMES, extra });
    let usesStatics = false;
    let unknown: string | undefined;
    const scope: NameScope = {
      ...(local ?? kernel),
      lookup: (name) => {
        const found = local?.lookup(name) ?? kernel.lookup(name);
        if (found === undefined) unknown = name;
        else usesStatics ||= !('value' in found);
        return found;
      },
      typeNamed: (name) => local?.typeNamed(name) ?? kernel.typeNamed(name),
    };
    const compiled = compileExpression(text, scope);
    return { compiled, usesStatics, unknown };
  }

  /** Whether some debug information has the name at all: what no file of this launch knows is a slip of the pen. */
  private mentions(name: string): boolean {
    const wanted = new TextEncoder().encode(`${name}\0`);
    return this.images.all().some(({ elf }) =>
      ['.debug_str', '.debug_info'].some((section) => {
        const bytes = elf.sectionBytes(section);
        return bytes?.ok === true && contains(bytes.value, wanted);
      }),
    );
  }

  /** The words that one of an event's values may be, as a type; undefined where it is a plain number. */
  private enumeration(value: string, { words }: EventRow): EnumType | undefined {
    const numbers = value === 'vector' ? EXCEPTION_WORDS : value === 'irq' ? IRQ_WORDS : undefined;
    if (numbers) {
      const forms = [...numbers].flatMap(([word, number]) =>
        [word, word.toUpperCase()].map((name) => ({ name, value: BigInt(number) })),
      );
      return enumType(value === 'vector' ? AN_EXCEPTION : A_LINE, forms);
    }
    const known =
      value === 'name'
        ? this.osEvents?.callNames
        : value === 'ending'
          ? this.osEvents?.endings
          : value === 'program'
            ? [...this.images.programs.keys()]
            : words?.[value];
    if (!known) return undefined;
    const what = value === 'name' ? A_CALL : value === 'program' ? A_PROGRAM : `one that “${value}” can be`;
    return enumType(
      what,
      known.map((name) => ({ name, value: BigInt(this.word(name)) })),
    );
  }

  private word(text: string): number {
    const known = this.words.get(text);
    if (known !== undefined) return known;
    const number = WORDS_START + this.words.size;
    this.words.set(text, number);
    return number;
  }
}

const A_CALL = 'a system call';
const A_PROGRAM = 'a program of this launch';
const AN_EXCEPTION = 'an exception';
const A_LINE = 'an interrupt line';

const UNKNOWN = {
  name: 'neither a system call nor a program of this launch',
  vector: 'no exception',
  irq: 'no interrupt line',
  program: 'no program of this launch',
} as const;

function enumType(name: string, enumerators: EnumType['enumerators']): EnumType {
  const common = { id: 0, name, shortName: name, sizeBytes: 4, language: 'rust', underlying: undefined } as const;
  return { kind: 'enum', ...common, signed: false, enumerators };
}

/** `gp` → 13 */
const EXCEPTION_WORDS: ReadonlyMap<string, number> = new Map(
  Array.from(
    { length: EXCEPTIONS },
    (_, vector) => [/^#(\w+)|^NMI$/.exec(vectorName(vector)), vector] as const,
  ).flatMap(([match, vector]) => (match ? [[(match[1] ?? match[0]).toLowerCase(), vector]] : [])),
);
/** `timer` → 0 */
const IRQ_WORDS: ReadonlyMap<string, number> = new Map(
  Object.entries(IRQ_NAMES).map(([irq, name]) => [name.toLowerCase(), Number(irq)]),
);

function littleEndian(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}

/** Whether a text that ends in a zero stands in a section as a whole string, or as the end of a longer one. */
function contains(bytes: Uint8Array, wanted: Uint8Array): boolean {
  const [first] = wanted;
  for (let at = bytes.indexOf(first!); at >= 0; at = bytes.indexOf(first!, at + 1)) {
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return true;
  }
  return false;
}
