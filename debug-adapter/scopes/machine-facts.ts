/**
 * What expressions may ask of the machine and its operating system: `$pte(a)`, `$phys(a)`, `$env`, `$syscall`.
 * Page walks are read from memory as the CPU would make them, without setting a bit; the rest is the `GuestOs`'s.
 */
import type { Fact, FactFields } from '../inspection/index.ts';
import type { Environment, GuestOs } from '../kernel/guest-os.ts';
import { failure, success, type Result } from '../result.ts';
import { PHYSICAL_SPACE, type PageWalk, type PageWalkLevel, type Space, type Target } from '../target/target.ts';

/** Whose facts: those of the CPU as it stands, or of the environment that a frame belongs to. */
export interface FactSource {
  readonly target: Target;
  readonly os: GuestOs;
  readonly space: () => Space;
  readonly environment: () => Environment | undefined;
}

type ReadFact = (source: FactSource, address: number) => Result<Fact>;

//  name       asked with    what it gives
const FACTS: Readonly<Record<string, readonly ['plain' | 'of-address', ReadFact]>> = {
  pte: ['of-address', pageTableEntry],
  phys: ['of-address', physicalAddress],
  env: ['plain', environment],
  syscall: ['plain', systemCall],
};

/** As they are written: `$pte(`, `$env`. */
export const FACT_WORDS = Object.entries(FACTS).map(([name, [kind]]) => `$${name}${kind === 'plain' ? '' : '('}`);

export function factNamed(name: string): 'plain' | 'of-address' | undefined {
  return Object.hasOwn(FACTS, name) ? FACTS[name]![0] : undefined;
}

export function readFact(source: FactSource, name: string, argument: number | undefined): Result<Fact> {
  return FACTS[name]![1](source, argument ?? 0);
}

const hex = (value: number): string => '0x' + (value >>> 0).toString(16).padStart(8, '0');
const number = (value: number, text = String(value), typeName = 'u32'): Fact => ({ number: value, text, typeName });
const word = (text: string): Fact => ({ text, word: text, typeName: 'name' });
const short = (value: number): string => (value < 10 ? String(value) : hex(value));
const physical = (value: number): Fact => new PhysicalFact(value);

/** Fields that are there already. */
function fieldsOf(fields: Readonly<Record<string, Fact>>): FactFields {
  return { names: Object.keys(fields), get: (name) => (Object.hasOwn(fields, name) ? fields[name] : undefined) };
}

// Classes, since a condition makes one at every hit: literals with getters take longer than all the rest.

class PhysicalFact implements Fact {
  readonly typeName = 'physical address';
  readonly isPhysical = true;
  readonly number: number;

  constructor(address: number) {
    this.number = address;
  }

  get text(): string {
    return hex(this.number);
  }
}

/** The entry that decides about an address: the page table's, or the directory's where that is the last. */
function pageTableEntry({ target, space: spaceNow }: FactSource, address: number): Result<Fact> {
  const space = spaceNow();
  if (space === PHYSICAL_SPACE) return pagingOff();
  const entry = target.entry(space, address);
  if (entry !== undefined) return success(new PageEntryFact(target, space, address, entry));
  return failure('no-page-directory', {
    cause: `The page directory of this space, ${hex(space)}, is outside RAM.`,
    remedy: 'Look at $cr3.',
  });
}

class PageEntryFact implements Fact {
  readonly number: number;
  private readonly target: Target;
  private readonly space: Space;
  private readonly address: number;

  constructor(target: Target, space: Space, address: number, entry: number) {
    this.target = target;
    this.space = space;
    this.address = address;
    this.number = entry;
  }

  get typeName(): string {
    return this.last.level;
  }

  get text(): string {
    const { physical: end } = this.walk;
    return `${this.last.level} ${entryText(this.last)} ${end === undefined ? 'not present' : `→ ${hex(end)}`}`;
  }

  get fields(): FactFields {
    const { levels, physical: end } = this.walk;
    const { flags, frame } = entryFields(this.last);
    return fieldsOf({
      flags,
      frame,
      ...Object.fromEntries(levels.map((level) => [level.level.toLowerCase(), entryFact(level)])),
      ...(end === undefined ? {} : { phys: physical(end) }),
    });
  }

  private get walk(): PageWalk {
    return this.target.walk(this.space, this.address);
  }

  private get last(): PageWalkLevel {
    return this.walk.levels.at(-1)!;
  }
}

const entryText = ({ value, flags }: PageWalkLevel): string => (flags === '' ? hex(value) : `${hex(value)} ${flags}`);

function entryFact(level: PageWalkLevel): Fact {
  return { ...number(level.value >>> 0, entryText(level), level.level), fields: fieldsOf(entryFields(level)) };
}

function entryFields({ value, flags, entryAddress }: PageWalkLevel): Record<'value' | 'flags' | 'frame' | 'at', Fact> {
  return {
    value: number(value >>> 0, hex(value)),
    flags: { text: flags === '' ? 'none' : flags, word: flags, typeName: 'flags' },
    frame: physical((value & ~0xfff) >>> 0),
    at: physical(entryAddress),
  };
}

function physicalAddress({ target, space }: FactSource, address: number): Result<Fact> {
  const end = target.translate(space(), address);
  if (end !== undefined) return success(physical(end));
  const last = target.walk(space(), address).levels.at(-1);
  return failure('memory-unmapped', {
    cause: `${hex(address)} is not mapped${last ? `: its ${last.level} is ${hex(last.value)}, P is clear` : ''}.`,
    remedy: 'Check the pointer; $pte(address) shows the entry.',
  });
}

function environment({ os, environment: shown }: FactSource): Result<Fact> {
  const found = shown();
  return found ? success(new EnvironmentFact(found)) : noEnvironment(os);
}

const environmentId = (id: number): Fact => number(id, idText(id), 'environment id');

const ENVIRONMENT_FIELDS: ReadonlyMap<string, (environment: Environment) => Fact> = new Map([
  ['id', ({ envId }: Environment) => environmentId(envId)],
  ['program', ({ program }) => word(program)],
  ['status', ({ status }) => word(status)],
  ['parent', ({ parentId }) => environmentId(parentId)],
  ['runs', ({ runs }) => number(runs)],
  ['pgdir', ({ space }) => physical(space)],
]);

class EnvironmentFact implements Fact, FactFields {
  readonly typeName = 'environment id';
  readonly number: number;
  private readonly environment: Environment;

  constructor(environment: Environment) {
    this.environment = environment;
    this.number = environment.envId;
  }

  get text(): string {
    const { envId, program, status } = this.environment;
    return `${program || 'environment'} [${idText(envId)}] ${status}`;
  }

  get fields(): FactFields {
    return this;
  }

  get names(): readonly string[] {
    return [...ENVIRONMENT_FIELDS.keys()];
  }

  get(name: string): Fact | undefined {
    return ENVIRONMENT_FIELDS.get(name)?.(this.environment);
  }
}

function systemCall({ os, environment: shown }: FactSource): Result<Fact> {
  const asked = shown();
  if (!asked) return noEnvironment(os);
  const call = asked.envId === os.current()?.envId ? os.systemCall() : undefined;
  if (!call) {
    return failure('no-system-call', {
      cause: `${asked.program || 'The environment'} [${idText(asked.envId)}] is in no system call.`,
      remedy: 'Ask while the kernel serves one: stop in the kernel, or at the event "System call entered".',
    });
  }
  return success({
    text: call.text,
    number: call.number,
    typeName: 'system call',
    fields: fieldsOf({
      name: word(call.name ?? `${call.number}`),
      number: number(call.number),
      ...Object.fromEntries(call.args.map(([name, value]) => [name, number(value, short(value))])),
    }),
  });
}

const idText = (envId: number): string => envId.toString(16).padStart(8, '0');

const noEnvironment = ({ name }: GuestOs): Result<never> =>
  failure('no-environment', {
    cause:
      name === 'bare' ? 'The environments of this kernel are not known.' : 'The kernel works for no environment here.',
    remedy: name === 'bare' ? 'Look at its own structures.' : 'Select a frame of an environment.',
  });

const pagingOff = (): Result<never> =>
  failure('paging-off', {
    cause: 'Paging is off: every address is physical, and no table has an entry for it.',
    remedy: 'Ask once CR0.PG is set.',
  });
