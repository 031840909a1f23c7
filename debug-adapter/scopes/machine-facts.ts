/**
 * What expressions may ask of the machine and its operating system: `$pte(a)`, `$phys(a)`, `$env`, `$syscall`.
 * Page walks are read from memory as the CPU would make them, without setting a bit; the rest is the `GuestOs`'s.
 */
import type { Fact } from '../inspection/index.ts';
import type { Environment, GuestOs } from '../kernel/guest-os.ts';
import { failure, success, type Result } from '../result.ts';
import { PHYSICAL_SPACE, type PageWalkLevel, type Space, type Target } from '../target/target.ts';

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
const physical = (value: number): Fact => ({ ...number(value, hex(value), 'physical address'), isPhysical: true });

/** The entry that decides about an address: the page table's, or the directory's where that is the last. */
function pageTableEntry({ target, space }: FactSource, address: number): Result<Fact> {
  if (space() === PHYSICAL_SPACE) return pagingOff();
  const { levels, physical: end } = target.walk(space(), address);
  const last = levels.at(-1);
  if (!last) {
    return failure('no-page-directory', {
      cause: `The page directory of this space, ${hex(space())}, is outside RAM.`,
      remedy: 'Look at $cr3.',
    });
  }
  const leads = end === undefined ? 'not present' : `→ ${hex(end)}`;
  const entry = entryFact(last);
  return success({
    ...entry,
    text: `${last.level} ${entryText(last)} ${leads}`,
    fields: [
      ...entry.fields.filter(([name]) => name === 'flags' || name === 'frame'),
      ...levels.map((level) => [level.level.toLowerCase(), entryFact(level)] as const),
      ...(end === undefined ? [] : [['phys', physical(end)] as const]),
    ],
  });
}

const entryText = ({ value, flags }: PageWalkLevel): string => (flags === '' ? hex(value) : `${hex(value)} ${flags}`);

function entryFact(level: PageWalkLevel): Fact & { readonly fields: NonNullable<Fact['fields']> } {
  const { value, flags, entryAddress } = level;
  return {
    ...number(value >>> 0, entryText(level), level.level),
    fields: [
      ['value', number(value >>> 0, hex(value))],
      ['flags', { text: flags === '' ? 'none' : flags, word: flags, typeName: 'flags' }],
      ['frame', physical((value & ~0xfff) >>> 0)],
      ['at', physical(entryAddress)],
    ],
  };
}

function physicalAddress({ target, space }: FactSource, address: number): Result<Fact> {
  const { levels, physical: end } = target.walk(space(), address);
  if (end !== undefined) return success(physical(end));
  const last = levels.at(-1);
  return failure('memory-unmapped', {
    cause: `${hex(address)} is not mapped${last ? `: its ${last.level} is ${hex(last.value)}, P is clear` : ''}.`,
    remedy: 'Check the pointer; $pte(address) shows the entry.',
  });
}

function environment({ os, environment: shown }: FactSource): Result<Fact> {
  const found = shown();
  if (!found) return noEnvironment(os);
  const { envId, parentId, program, status, runs, space } = found;
  const id = (value: number): Fact => number(value, idText(value), 'environment id');
  return success({
    ...id(envId),
    text: `${program || 'environment'} [${idText(envId)}] ${status}`,
    fields: [
      ['id', id(envId)],
      ['program', word(program)],
      ['status', word(status)],
      ['parent', id(parentId)],
      ['runs', number(runs)],
      ['pgdir', physical(space)],
    ],
  });
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
    fields: [
      ['name', word(call.name ?? `${call.number}`)],
      ['number', number(call.number)],
      ...call.args.map(([name, value]) => [name, number(value, value < 10 ? String(value) : hex(value))] as const),
    ],
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
