/**
 * JOS's events: system calls and the lives of environments, as conditions ask for them and as a stop shows them.
 * guest/README.md, "What a debugger reads".
 *
 * Invariant: what is said is read at the event itself; only a system call's number is remembered from its entry, because
 * the result takes its register.
 */
import { frameScope, readBytes, renderValue, valueOfVariable, type InspectionContext } from '../inspection/index.ts';
import type { ImageSet } from '../launch/images.ts';
import { DWARF_REGISTERS } from '../target/registers.ts';
import type { Target } from '../target/target.ts';
import type { Environment, OsEvent, OsEventId, OsEvents, SystemCall } from './guest-os.ts';
import { ARGUMENT_REGISTERS, ENDINGS, ERRORS, EVENT_POINTS, SYSTEM_CALLS, T_SYSCALL } from './jos-tables.ts';
import { readScalar, type RecordView } from './typed-memory.ts';

/** What the events need to know of the machine. */
export interface JosView {
  readonly target: Target;
  readonly images: ImageSet;
  current(): Environment | undefined;
  environments(): readonly Environment[];
  record(envId: number): RecordView | undefined;
  trapFrame(): RecordView | undefined;
}

const SYS_EXOFORK = SYSTEM_CALLS.findIndex(([name]) => name === 'sys_exofork');
/** Results from here on are errors' numbers, negated. */
const ERRORS_MIN = Math.min(...Object.values(ERRORS));

export class JosEvents implements OsEvents {
  readonly points = EVENT_POINTS;
  readonly callNames = SYSTEM_CALLS.map(([name]) => name);
  readonly endings = Object.keys(ENDINGS);
  readonly argumentNames = [...new Set(SYSTEM_CALLS.flatMap(([, ...args]) => args))];
  readonly results = ERRORS;
  private readonly view: JosView;
  /** Environment → number of the system call it is in. */
  private readonly calls = new Map<number, number>();
  private existing: ReadonlySet<number> = new Set();

  constructor(view: JosView) {
    this.view = view;
  }

  noteCall(): void {
    const environment = this.view.current();
    const number = this.view.trapFrame()?.number('regs.eax');
    if (environment && number !== undefined) this.calls.set(environment.envId, number);
  }

  before(): void {
    this.existing = new Set(this.living().map((environment) => environment.envId));
  }

  now(id: OsEventId): OsEvent | undefined {
    return this[HANDLERS[id]]();
  }

  entered(): OsEvent | undefined {
    const environment = this.view.current();
    const frame = this.view.trapFrame();
    if (!environment || !frame) return undefined;
    const call = callOf(frame.number('regs.eax') ?? 0, (register) => frame.number(`regs.${register}`));
    return {
      text: `${nameOf(environment)} called ${call.text}`,
      values: { ...common(environment), ...call.values, eip: frame.number('eip') ?? 0 },
    };
  }

  /** In user mode again, or for the first time, with a system call's result in EAX. */
  returned(): OsEvent | undefined {
    const { target } = this.view;
    const environment = this.view.current();
    const record = environment && this.view.record(environment.envId);
    if (target.cpl !== 3 || !record || record.number('tf.trapno') !== T_SYSCALL) return undefined;
    const call = callOf(this.numberOf(environment, record), (register) => target.readRegister(register));
    const result = target.readRegister('eax') | 0;
    return {
      text: `${nameOf(environment)} ${call.text} returned ${describeResult(result)}`,
      values: { ...common(environment), ...call.values, result, eip: target.readRegister('eip') },
    };
  }

  created(): OsEvent | undefined {
    const environment = this.living().find(({ envId }) => !this.existing.has(envId));
    if (!environment) return undefined;
    const { envId, parentId, program } = environment;
    const by = parentId === 0 ? `from the program ${program}` : `by ${idText(parentId)} (fork of ${program})`;
    return { text: `environment ${idText(envId)} created ${by}`, values: { ...common(environment), parent: parentId } };
  }

  destroyed(): OsEvent | undefined {
    const envId = this.argument('id');
    const environment = this.living().find((e) => e.envId === envId?.number);
    if (!environment) return undefined;
    const ending = this.argument('ending')?.text.split('::').at(-1) ?? '';
    const why = ENDINGS[ending];
    return {
      text: `${nameOf(environment)} is about to be destroyed${why === undefined ? '' : `: ${why}`}`,
      values: { ...common(environment), parent: environment.parentId, ending },
    };
  }

  scheduled(): OsEvent | undefined {
    const envId = this.argument('id')?.number;
    const before = this.view.current();
    const environment = this.living().find((e) => e.envId === envId);
    if (!environment || before?.envId === envId) return undefined;
    const after = before ? `after ${nameOf(before)}` : 'after the kernel itself';
    return {
      text: `${nameOf(environment)} scheduled in ${after}`,
      values: { ...common(environment), previous: before?.envId ?? 0, runs: environment.runs + 1 },
    };
  }

  started(): OsEvent | undefined {
    const { target, images } = this.view;
    const environment = this.view.current();
    const eip = target.readRegister('eip');
    const entry = environment && images.programs.get(environment.program)?.elf.entry;
    if (!environment || target.cpl !== 3 || environment.runs !== 1 || eip !== entry) return undefined;
    return {
      text: `${nameOf(environment)} is about to run its first instruction`,
      values: { ...common(environment), eip, parent: environment.parentId },
    };
  }

  /** The call that an environment comes back from. Without having seen its entry: the frame it left on the stack. */
  private numberOf({ envId, runs }: Environment, record: RecordView): number | undefined {
    const noted = this.calls.get(envId);
    this.calls.delete(envId);
    if (noted !== undefined) return noted;
    if (runs === 1) return SYS_EXOFORK;
    const frame = this.view.trapFrame();
    const same = ['eip', 'esp', ...ARGUMENT_REGISTERS.map((register) => `regs.${register}`)].every(
      (field) => frame?.number(field) === record.number(`tf.${field}`),
    );
    return same ? frame?.number('regs.eax') : undefined;
  }

  private living(): Environment[] {
    return this.view.environments().filter(({ status }) => status !== 'free');
  }

  /** An argument of the kernel's function that the CPU stands in. */
  private argument(name: string): { number: number | undefined; text: string } | undefined {
    const { target, images } = this.view;
    const pc = target.readRegister('eip');
    const variable = frameScope(images.kernel.debug, pc).lookup(name);
    if (!variable || !('locate' in variable)) return undefined;
    const context: InspectionContext = {
      pc,
      register: (number) => {
        const register = DWARF_REGISTERS[number];
        return register && target.readRegister(register);
      },
      readMemory: (address, size) => {
        const bytes = target.read(target.space, address, size);
        return bytes.length === size ? bytes : undefined;
      },
    };
    const value = valueOfVariable(variable, context);
    const bytes = readBytes(value);
    const number = bytes.ok ? readScalar(bytes.value, 0, Math.min(4, bytes.value.length)) : undefined;
    return { number, text: renderValue(value, {}).text };
  }
}

const HANDLERS = {
  'syscall-entered': 'entered',
  'syscall-returned': 'returned',
  'env-created': 'created',
  'env-destroyed': 'destroyed',
  'env-scheduled': 'scheduled',
  'program-start': 'started',
} as const;

const common = ({ envId, program }: Environment): Record<string, number | string> => ({ env: envId, program });

function callOf(
  number: number | undefined,
  register: (name: (typeof ARGUMENT_REGISTERS)[number]) => number | undefined,
): { text: string; values: Record<string, number | string>; args: readonly (readonly [string, number])[] } {
  const call = number === undefined ? undefined : SYSTEM_CALLS[number];
  if (number === undefined) return { text: 'a system call', values: {}, args: [] };
  if (!call) return { text: `system call ${number}`, values: { number }, args: [] };
  const [name, ...names] = call;
  const args = names.map((arg, i) => [arg, register(ARGUMENT_REGISTERS[i]!) ?? 0] as const);
  const text = `${name}(${args.map(([arg, value]) => `${arg}=${short(value)}`).join(', ')})`;
  return { text, values: { number, name, ...Object.fromEntries(args) }, args };
}

/** As a trap's label on the call stack: `sys_page_alloc(envid=0, va=0x10000000, perm=7)`. */
export function describeSystemCall(frame: RecordView): string {
  return callOf(frame.number('regs.eax'), (register) => frame.number(`regs.${register}`)).text;
}

/** The call in a trap frame: its number is in EAX until it returns. */
export function systemCallOf(frame: RecordView): SystemCall {
  const number = frame.number('regs.eax') ?? 0;
  const { text, args } = callOf(number, (register) => frame.number(`regs.${register}`));
  return { number, name: SYSTEM_CALLS[number]?.[0], args, text };
}

function describeResult(result: number): string {
  if (result >= 0 || result < ERRORS_MIN) return short(result >>> 0);
  return `${Object.keys(ERRORS).find((name) => ERRORS[name] === result)!} (${result})`;
}

const nameOf = ({ program, envId }: Environment): string => `${program || 'environment'} [${idText(envId)}]`;
const short = (value: number): string => (value < 10 ? String(value) : '0x' + value.toString(16));
const idText = (envId: number): string => envId.toString(16).padStart(8, '0');
