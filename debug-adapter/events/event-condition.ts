/**
 * Conditions of events: expressions over the event's own values, the registers and the kernel's statics; or, in short, the
 * names that count: `sys_page_alloc, sys_page_map`. Compiled once, evaluated at each event.
 *
 * Words (`name == sys_yield`, `program == hello`) are numbers while they are compared, one each.
 * Invariant: an event that lacks a value which its condition asks for is passed by.
 */
import { builtinType } from '../debug-info/index.ts';
import { compileExpression, frameScope, type ConvenienceValue, type NameScope } from '../inspection/index.ts';
import type { OsEvents } from '../kernel/guest-os.ts';
import type { ImageSet } from '../launch/images.ts';
import { failure, success, type Result } from '../result.ts';
import { cpuContext, isRegisterName, type ContextSource } from '../scopes/inspection-context.ts';
import { IRQ_NAMES, vectorName } from '../target/vectors.ts';
import { COMMON_VALUES, type EventRow } from './event-table.ts';

export type EventValues = Readonly<Record<string, number | string>>;
export type EventCondition = (values: EventValues) => Result<boolean>;

/** Apart from small numbers, so that a word is not taken for one. */
const WORDS_START = 0x77000000;
const SIGNED_VALUES: ReadonlySet<string> = new Set(['result']);
const EXCEPTIONS = 32;
const LINES = 16;

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
      if (items.length > 1 || row.shorthand !== 'vector') {
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
    let current: EventValues = {};
    let missing = false;
    const context = cpuContext(this.source);
    const value = (name: string, read: () => number): ConvenienceValue => {
      const type = builtinType(SIGNED_VALUES.has(name) || name.startsWith('E_') ? 'i32' : 'u32', 'rust');
      const place = {
        kind: 'bytes' as const,
        get bytes() {
          return littleEndian(read());
        },
      };
      return { kind: 'convenience', value: { type, place, context } };
    };
    const extra = (name: string): ConvenienceValue | undefined => {
      if (names.has(name)) {
        return value(name, () => {
          const found = current[name];
          if (found === undefined) missing = true;
          return typeof found === 'string' ? this.word(found) : (found ?? 0);
        });
      }
      const constant = os?.results[name] ?? this.wordOf(name);
      return constant === undefined ? undefined : value(name, () => constant);
    };
    const quoted = text.replace(/"([\w.-]+)"/g, (whole, word: string) =>
      this.wordOf(word) === undefined ? whole : word,
    );
    const compiled = compileExpression(quoted, this.scope(extra));
    if (!compiled.ok) return compiled;
    return success((values) => {
      current = values;
      missing = false;
      const truth = compiled.value.test(context);
      return missing ? success(false) : truth;
    });
  }

  /** Event values first, then the kernel's statics. No function's locals: an event is not in one. */
  private scope(extra: (name: string) => ConvenienceValue | undefined): NameScope {
    const { debug, elf } = this.images.kernel;
    const code = elf.symbols.find((s) => s.kind === 'function' && debug.languageAt(s.address) === 'rust');
    return {
      ...frameScope(debug, 0, { isRegister: isRegisterName, extra }),
      language: code ? 'rust' : 'c',
    };
  }

  private wordOf(name: string): number | undefined {
    const known = this.osEvents?.callNames.includes(name) || this.images.programs.has(name);
    return known ? this.word(name) : undefined;
  }

  private word(text: string): number {
    const known = this.words.get(text);
    if (known !== undefined) return known;
    const number = WORDS_START + this.words.size;
    this.words.set(text, number);
    return number;
  }
}

const UNKNOWN = {
  name: 'neither a system call nor a program of this launch',
  vector: 'no exception',
  irq: 'no interrupt line',
  program: 'no program of this launch',
} as const;

/** `gp` → 13 */
const EXCEPTION_WORDS: ReadonlyMap<string, number> = new Map(
  Array.from({ length: EXCEPTIONS }, (_, vector) => [
    /^#(\w+)/.exec(vectorName(vector))?.[1]?.toLowerCase() ?? '',
    vector,
  ]),
);
/** `timer` → 0 */
const IRQ_WORDS: ReadonlyMap<string, number> = new Map(
  Array.from({ length: LINES }, (_, irq) => [IRQ_NAMES[irq]?.toLowerCase() ?? '', irq]),
);

function littleEndian(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}
