/**
 * Random DAP messages: requests as a client would send them, the same with broken arguments, and what is no message.
 * Everything is drawn from one seeded source, so that a seed is a session.
 */
import { EVENTS } from '../../debug-adapter/events/event-table.ts';
import type { Random } from '../kit/random.ts';
import { lineWith, sourcePath } from '../kit/repository.ts';

/** What earlier answers showed: numbers that mean something for later requests. */
export interface Seen {
  readonly threads: number[];
  readonly frames: number[];
  readonly variables: number[];
  readonly names: string[];
  readonly memory: string[];
  readonly targets: number[];
}

type Arguments = Record<string, unknown>;
type Make = (random: Random, seen: Seen) => Arguments;

export const PROGRAMS = ['hello', 'rustshim', 'forktree', 'pingpong', 'faultalloc', 'faultread', 'stresssched', 'spin'];

const FILES: readonly (readonly [path: string, lines: readonly number[]])[] = [
  [
    sourcePath('guest/kernel/src/syscall/page.rs'),
    [lineWith('guest/kernel/src/syscall/page.rs', '// #page-alloc'), 30],
  ],
  [sourcePath('guest/user/src/bin/rustshim.rs'), [lineWith('guest/user/src/bin/rustshim.rs', '// #system-call'), 60]],
  [sourcePath('guest/user/src/bin/forktree.rs'), [20, 27, 33, 9999]],
  [sourcePath('guest/lib/src/syscall.rs'), [20, 40, 60]],
  [sourcePath('guest/kernel/src/trap/trapentry.S'), [40, 80, 90]],
  ['/nowhere/file.c', [1]],
  ['C:\\Windows\\file.rs', [7]],
];
const FUNCTIONS = [
  'sys_page_alloc',
  'kernel!env_run',
  'main',
  'sys_yield',
  'trap',
  'no_such',
  '',
  'a::b::<c>',
  '!',
  '🦀',
];
const EXPRESSIONS = [
  '*env:1000:0x00800020',
  'phys:0x1000 as *const u32',
  'kernel:0xf0101000',
  'envid',
  'envid.0 == 0',
  'va.0.0 >= 0x10000000',
  '$eip',
  '$eax = 7',
  '$eflags',
  'frame.regs.eax',
  '*frame',
  'journal.sections[0]',
  'title',
  '1 / 0',
  '(((((',
  'x = ',
  '"',
  '&envid',
  '*(u32*)0xf0100000',
  '*(0 as *const u32)',
  'cases[3]',
  'no_such == 1',
  'ENVS',
  '0xffffffff * 0xffffffff',
  '-'.repeat(3000) + '1',
  '('.repeat(5000),
  '$esp + 4',
];
const CONDITIONS = [undefined, undefined, ...EXPRESSIONS.slice(0, 12)];
const HITS = [undefined, undefined, '2', '>= 3', '% 2', '% 0', 'many', '99999999999999999999'];
const LOGS = [undefined, undefined, undefined, 'at {envid} {$eip}', '{', '{{}}', '{1/0}'];

const DATA_IDS = [
  'static:kernel!kernel::env::CURENV|4||kernel::env::CURENV',
  'static:kernel!no|4||x',
  'env:1000:0xeebfde00|256||stack',
  'env:1001:0xeebfdf58|4|change|x',
  'kernel:0xf0000000|65536||low',
  'kernel:0xfffffffe|4||end',
  'phys:0x00100000|4096||kernel',
  'phys:0xfffff000|4096||nothing there',
  'x',
  '||||',
];

const thread: Make = (random, { threads }) => ({ threadId: random.pick(threads) });
const frame: Make = (random, { frames }) => ({ frameId: random.pick(frames) });
const stepping: Make = (random, seen) => ({
  ...thread(random, seen),
  ...random.pick([{}, { granularity: 'instruction' }, { granularity: 'line' }, { granularity: 'statement' }]),
});
const conditions = (random: Random): Arguments => ({
  condition: random.pick(CONDITIONS),
  hitCondition: random.pick(HITS),
  logMessage: random.pick(LOGS),
});
const many = <T>(random: Random, make: () => T): T[] => Array.from({ length: random.below(4) }, make);
const format = (random: Random): Arguments => random.pick([{}, { format: { hex: true } }, { format: {} }]);

const MODES = [undefined, undefined, 'image', 'environment', 'linear', 'physical', 'x'];

/** Weight, name and arguments of every request but those that end a session. */
const REQUESTS: readonly (readonly [weight: number, command: string, make: Make])[] = [
  [6, 'continue', (r, s) => ({ ...thread(r, s), singleThread: r.pick([undefined, false, true]) })],
  [8, 'next', stepping],
  [8, 'stepIn', (r, s) => ({ ...stepping(r, s), ...r.pick([{}, {}, { targetId: r.pick(s.targets) }]) })],
  [3, 'stepInTargets', frame],
  [6, 'stepOut', stepping],
  [10, 'pause', thread],
  [1, 'restart', (random) => (random.chance(50) ? {} : { arguments: launchArguments(random) })],
  [6, 'threads', () => ({})],
  [10, 'stackTrace', (r, s) => ({ ...thread(r, s), ...r.pick([{}, { levels: 20 }, { startFrame: 3, levels: 2 }]) })],
  [8, 'scopes', frame],
  [
    10,
    'variables',
    (r, { variables }) => ({
      variablesReference: r.pick(variables),
      ...format(r),
      ...r.pick([{}, { filter: 'indexed', start: 0, count: 5 }, { filter: 'named' }, { start: 1, count: 1 }]),
    }),
  ],
  [
    3,
    'setVariable',
    (r, { variables, names }) => ({
      variablesReference: r.pick(variables),
      name: r.pick(names),
      value: r.pick(['1', '-1', '0x10', 'x', '"abc"', '']),
      ...format(r),
    }),
  ],
  [
    6,
    'evaluate',
    (r, s) => ({
      expression: r.pick(EXPRESSIONS),
      ...(r.chance(80) ? frame(r, s) : {}),
      context: r.pick(['watch', 'hover', 'repl', 'clipboard', 'variables', undefined]),
      ...format(r),
    }),
  ],
  [2, 'setExpression', (r, s) => ({ expression: r.pick(EXPRESSIONS), value: r.pick(EXPRESSIONS), ...frame(r, s) })],
  [
    4,
    'readMemory',
    (r, { memory }) => ({
      memoryReference: r.pick(memory),
      count: r.pick([0, 1, 64, 5000, 100_000]),
      offset: r.pick([0, -16, 4096, undefined]),
    }),
  ],
  [
    1,
    'writeMemory',
    (r, { memory }) => ({
      memoryReference: r.pick(memory),
      data: r.pick(['', 'AAAA', 'kJCQ', '!']),
      allowPartial: r.chance(50),
    }),
  ],
  [
    4,
    'disassemble',
    (r, { memory }) => ({
      memoryReference: r.pick(memory),
      instructionOffset: r.pick([0, -20, 5, -1]),
      instructionCount: r.pick([0, 1, 40, 200]),
      resolveSymbols: r.chance(50),
    }),
  ],
  [
    6,
    'setBreakpoints',
    (r) => {
      const [path, lines] = r.pick(FILES);
      return {
        source: { path },
        breakpoints: many(r, () => ({ line: r.pick(lines), mode: r.pick(MODES), ...conditions(r) })),
      };
    },
  ],
  [
    3,
    'setFunctionBreakpoints',
    (r) => ({ breakpoints: many(r, () => ({ name: r.pick(FUNCTIONS), ...conditions(r) })) }),
  ],
  [
    2,
    'setInstructionBreakpoints',
    (r, { memory }) => ({
      breakpoints: many(r, () => ({
        instructionReference: r.pick(memory),
        offset: r.pick([0, 4, -4]),
        mode: r.pick(MODES),
        ...conditions(r),
      })),
    }),
  ],
  [
    2,
    'setExceptionBreakpoints',
    (r) => ({
      filters: many(r, () => r.pick(['kernel-panic', 'unhandled-fault', 'x'])),
      filterOptions: many(r, () => ({
        filterId: r.pick([...EVENTS.map(({ id }) => id), 'x']),
        condition: r.pick(['', 'sys_page_alloc', 'result < 0', 'vector == 14', 'env ==', '$eax', '*address', 'timer']),
      })),
    }),
  ],
  [
    3,
    'dataBreakpointInfo',
    (r, s) =>
      r.pick<Arguments>([
        {
          variablesReference: r.pick(s.variables),
          name: r.pick(s.names),
          mode: r.pick([undefined, 'physical', 'change', 'linear', 'x']),
        },
        { name: r.pick(EXPRESSIONS), ...frame(r, s) },
        { name: r.pick(s.memory), asAddress: true, bytes: r.pick([1, 4, 5000, 2 ** 20, undefined]) },
      ]),
  ],
  [
    3,
    'setDataBreakpoints',
    (r) => ({
      breakpoints: many(r, () => ({
        dataId: r.pick(DATA_IDS),
        accessType: r.pick(['read', 'write', 'readWrite', undefined]),
        ...conditions(r),
      })),
    }),
  ],
  [
    2,
    'breakpointLocations',
    (r) => {
      const [path, lines] = r.pick(FILES);
      return { source: { path }, line: r.pick(lines), endLine: r.pick([undefined, 100, 0, 1e9]) };
    },
  ],
  [2, 'exceptionInfo', thread],
  [
    2,
    'gotoTargets',
    (r) => {
      const [path, lines] = r.pick(FILES);
      return { source: { path }, line: r.pick(lines), ...r.pick([{}, { column: 3 }]) };
    },
  ],
  [2, 'goto', (r, s) => ({ ...thread(r, s), targetId: r.pick(s.targets) })],
  [
    2,
    'completions',
    (r, s) => {
      const text = r.pick([...EXPRESSIONS, ...s.names, 'journal.', 'kernel::', '$e', 'bt', 'x/4 ', 'frame->']);
      return { text, column: r.pick([0, 1, text.length + 1, 1e9]), ...r.pick([{}, frame(r, s), { line: 2 }]) };
    },
  ],
  [1, 'modules', (r) => r.pick([{}, { startModule: 1, moduleCount: 1 }])],
  [1, 'loadedSources', () => ({})],
  [1, 'source', (r) => ({ sourceReference: r.below(3), source: { path: '/x' } })],
  [2, 'ringside/environments', () => ({})],
  [2, 'ringside/pageTables', (r, s) => ({ ...thread(r, s), ...r.pick([{}, { start: 0xef000000, end: 2 ** 32 }]) })],
  [2, 'ringside/pageWalk', (r, s) => ({ ...thread(r, s), address: r.pick([0, 0xf0100000, 0x800020, 2 ** 32 - 1]) })],
  [2, 'ringside/heap', thread],
  [2, 'ringside/serialInput', (r) => ({ text: r.pick(['help\n', 'x', '', 'ÿ', '漢']) })],
  [1, 'ringside/keyboardInput', (r) => ({ text: r.pick(['help\n', 'x', '', '漢']) })],
  [2, 'ringside/devices', () => ({})],
  [1, 'cancel', (r) => ({ requestId: r.below(100) })],
  [1, 'attach', () => ({})],
  [1, 'initialize', (r) => initializeArguments(r)],
  [1, 'launch', (r) => launchArguments(r)],
  [1, 'configurationDone', () => ({})],
  [1, 'noSuchRequest', () => ({})],
  [1, 'constructor', () => ({})],
  [1, '__proto__', () => ({})],
];
/** Names of all requests that are sent, those that are none among them. */
export const COMMANDS: ReadonlySet<string> = new Set([
  ...REQUESTS.map(([, command]) => command),
  ...['terminate', 'disconnect'],
]);
const TOTAL = REQUESTS.reduce((sum, [weight]) => sum + weight, 0);

const STRANGE: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  1e300,
  2 ** 53,
  -(2 ** 31),
  '',
  'text',
  '\u0000',
  'x'.repeat(10_000),
  [],
  [[]],
  [null],
  {},
  { path: 7 },
  Array.from({ length: 200 }, (_, i) => i),
];

export function initializeArguments(random: Random): Arguments {
  return {
    adapterID: 'ringside',
    linesStartAt1: random.chance(80),
    columnsStartAt1: random.chance(80),
    supportsInvalidatedEvent: random.chance(50),
    supportsMemoryEvent: random.chance(50),
    ...random.pick([{}, { pathFormat: 'path' }]),
  };
}

export function launchArguments(random: Random): Arguments {
  return {
    program: random.pick(PROGRAMS),
    console: 'none',
    // Enough to run most programs to their end.
    budget: 1_000_000 + random.below(4_000_000),
    stopOnEntry: random.chance(40),
  };
}

/** A request's command and arguments; one in eight is broken somewhere. */
export function randomRequest(random: Random, seen: Seen): { command: string; arguments: unknown } {
  let at = random.below(TOTAL);
  const [, command, make] = REQUESTS.find(([weight]) => (at -= weight) < 0)!;
  const args = make(random, seen);
  return { command, arguments: random.chance(12) ? broken(random, args) : args };
}

/** Something that is no request at all, or hardly one. */
export function randomGarbage(random: Random): unknown {
  return random.pick<unknown>([
    ...STRANGE,
    { type: 'request' },
    { type: 'event', event: 'stopped', seq: 1 },
    { type: 'request', seq: 'x', command: 'threads' },
    { type: 'request', seq: 1.5, command: 'threads' },
    { type: 'response', seq: 3, request_seq: 1, success: true, command: 'runInTerminal' },
  ]);
}

function broken(random: Random, args: Arguments): unknown {
  const keys = Object.keys(args);
  if (keys.length === 0 || random.chance(10)) return random.pick(STRANGE);
  const key = random.pick(keys);
  const others = Object.fromEntries(Object.entries(args).filter(([name]) => name !== key));
  return random.chance(30) ? others : { ...others, [key]: random.pick(STRANGE) };
}
