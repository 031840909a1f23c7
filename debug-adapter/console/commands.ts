/**
 * Commands of the debug console: the words that kernel people know from QEMU's monitor and gdb. Anything else is an
 * expression; a variable of the frame wins over a command of one word.
 */
import type { Disassembler } from '../disassembly/disassembler.ts';
import { symbolName } from '../kernel/symbol-name.ts';
import { failure, success, type Result } from '../result.ts';
import { describeDescriptor, readGdt, readIdt, readLdt, type Descriptor } from '../target/descriptor-tables.ts';
import type { Space } from '../target/target.ts';
import { vectorName } from '../target/vectors.ts';
import { examine, parseExamineFormat } from './examine.ts';
import { hex, listEnvironments, listHeap, listRegisters, listStack, locateInHeap, type Listed } from './listings.ts';
import { infoMem, infoPg, infoTlb } from './paging.ts';
import { listRegions, showRegion } from './regions.ts';

/** What a command works on: the selected frame's thread and space, and expressions in that frame. */
export interface ConsoleView extends Listed {
  readonly threadId: number;
  readonly space: Space;
  /** An expression as an address: its value, or for aggregates where it is; in the frame's space or the one it names. */
  place(expression: string): Result<{ readonly space: Space; readonly address: number }>;
  /**
   * An expression's value; an assignment writes.
   * @param format one of gdb's letters, or empty
   */
  text(expression: string, format: string): Result<string>;
  /** Whether the program has a name here that a command would hide. */
  hasName(name: string): boolean;
  disassembler(): Promise<Disassembler>;
}

interface Command {
  /** As the user writes it, for `help`. */
  readonly usage: string;
  readonly what: string;
  /** Matches the whole input; groups are the arguments. */
  readonly pattern: RegExp;
  readonly run: (view: ConsoleView, args: readonly string[]) => Promise<Result<string>> | Result<string>;
}

const lines = (text: readonly string[]): Result<string> => success(text.join('\n'));

const descriptors = (entries: readonly Descriptor[], label: (d: Descriptor) => string): Result<string> =>
  lines(
    entries.length === 0
      ? ['The table is empty or not mapped.']
      : entries.map((d) => `${label(d)}: ${describeDescriptor(d)}`),
  );

const selector = (d: Descriptor): string => `0x${d.index.toString(16).padStart(4, '0')}`;

//  usage, what it shows, pattern, how
const COMMANDS: readonly Command[] = [
  {
    usage: 'info registers',
    what: 'all registers, flags by name',
    pattern: /^info\s+reg(?:isters)?$/,
    run: (v) => lines(listRegisters(v)),
  },
  {
    usage: 'info pg',
    what: 'page tables, as 6.828 prints them',
    pattern: /^info\s+pg$/,
    run: (v) => lines(infoPg(v.target, v.space)),
  },
  {
    usage: 'info mem',
    what: 'mapped ranges with their rights',
    pattern: /^info\s+mem$/,
    run: (v) => lines(infoMem(v.target, v.space)),
  },
  {
    usage: 'info tlb',
    what: 'every mapping with its flags',
    pattern: /^info\s+tlb$/,
    run: (v) => lines(infoTlb(v.target, v.space)),
  },
  {
    usage: 'info gdt',
    what: 'segment descriptors',
    pattern: /^info\s+gdt$/,
    run: (v) => descriptors(readGdt(v.target), selector),
  },
  {
    usage: 'info ldt',
    what: 'local segment descriptors',
    pattern: /^info\s+ldt$/,
    run: (v) => descriptors(readLdt(v.target), selector),
  },
  {
    usage: 'info idt',
    what: 'gates by vector',
    pattern: /^info\s+idt$/,
    run: (v) => descriptors(readIdt(v.target), (d) => `${d.index} ${vectorName(d.index)}`),
  },
  {
    usage: 'info irq',
    what: 'interrupt controllers',
    pattern: /^info\s+(?:irq|pic)$/,
    run: (v) => lines(devices(v, /pic/i)),
  },
  {
    usage: 'info devices',
    what: 'registers of all devices',
    pattern: /^info\s+devices$/,
    run: (v) => lines(devices(v, /./)),
  },
  {
    usage: 'x/8wx ADDRESS',
    what: 'memory: count, format (x d u o t c a s i), unit (b h w g)',
    pattern: /^x(?:\/(\S*))?\s+(.+)$/s,
    run: runExamine,
  },
  {
    usage: 'p EXPRESSION',
    what: 'the value of an expression, p/x in a format (x d u o t c a z); an assignment writes',
    pattern: /^p(?:rint)?(?:\/(\w*))?\s+(.+)$/s,
    run: (v, [format = '', expression]) => v.text(expression!, format),
  },
  {
    usage: 'bt',
    what: 'the call stack with arguments',
    pattern: /^(?:bt|backtrace|info\s+stack)$/,
    run: (v) => lines(listStack(v, v.threadId)),
  },
  { usage: 'env', what: 'environments', pattern: /^(?:info\s+)?envs?$/, run: (v) => lines(listEnvironments(v)) },
  {
    usage: 'heap',
    what: 'slab heap of the selected program',
    pattern: /^(?:info\s+)?heap$/,
    run: (v) => lines(listHeap(v, v.threadId)),
  },
  {
    usage: 'slab ADDRESS',
    what: 'which cache, slab and object an address belongs to',
    pattern: /^(?:info\s+)?slab\s+(.+)$/s,
    run: runSlab,
  },
  {
    usage: 'info regions',
    what: 'code that runs as WebAssembly',
    pattern: /^info\s+regions$/,
    run: (v) => lines(listRegions(v.target.translatedRegions(), (at) => symbolName(v.os, v.space, at))),
  },
  {
    usage: 'region ADDRESS',
    what: 'one of them: its x86, its WebAssembly, its counts',
    pattern: /^region\s+(.+)$/s,
    run: runRegion,
  },
  { usage: 'help', what: 'this list', pattern: /^(?:help|\?)$/, run: () => lines(help()) },
];

/** @returns undefined when the text is no command, so that it is an expression */
export function runCommand(text: string, view: ConsoleView): Promise<Result<string>> | undefined {
  const input = text.trim();
  if (/^\w+$/.test(input) && view.hasName(input)) return undefined;
  for (const { pattern, run } of COMMANDS) {
    const match = pattern.exec(input);
    if (match) return Promise.resolve(run(view, match.slice(1)));
  }
  const usage = usageOf(input, view);
  if (usage) return Promise.resolve(usage);
  if (/^info(\s|$)/.test(input) && !view.hasName('info')) {
    const known = COMMANDS.map((c) => c.usage).filter((usage) => usage.startsWith('info'));
    return Promise.resolve(
      failure('unknown-command', {
        cause: `"${input}" is not known.`,
        remedy: `Known are ${known.join(', ')}; "help" lists all.`,
      }),
    );
  }
  return undefined;
}

/** A command that stands there without its argument. */
function usageOf(input: string, view: ConsoleView): Result<string> | undefined {
  const word = /^(\w+)(?:\/\w*)?$/.exec(input)?.[1];
  if (word === undefined || view.hasName(word)) return undefined;
  const wanted = word === 'print' ? 'p' : word;
  const command = COMMANDS.find(({ usage }) => /^(\w+)\S* [A-Z]+$/.exec(usage)?.[1] === wanted);
  if (!command) return undefined;
  return failure('argument-missing', {
    cause: `"${input}" lacks what it is to show: ${command.what}.`,
    remedy: `Write ${command.usage}.`,
  });
}

/** Words for completion. */
export const COMMAND_WORDS: readonly string[] = COMMANDS.map(({ usage }) =>
  usage.replace(/ [A-Z]+$/, ' ').replace('x/8wx ', 'x/8wx '),
);

async function runExamine(
  view: ConsoleView,
  [format = '', expression = '']: readonly string[],
): Promise<Result<string>> {
  const parsed = parseExamineFormat(format);
  if (!parsed.ok) return parsed;
  const place = view.place(expression);
  if (!place.ok) return place;
  const source = {
    target: view.target,
    space: place.value.space,
    disassembler: await view.disassembler(),
    symbolAt: (at: number) => symbolName(view.os, place.value.space, at),
  };
  return lines(examine(source, parsed.value, place.value.address >>> 0));
}

function runSlab(view: ConsoleView, [expression = '']: readonly string[]): Result<string> {
  const place = view.place(expression);
  if (!place.ok) return place;
  const { space, address } = place.value;
  const owner = space === view.space ? undefined : view.os.environments().find((e) => e.space === space);
  return success(locateInHeap(view, owner?.envId ?? view.threadId, address >>> 0));
}

async function runRegion(view: ConsoleView, [expression = '']: readonly string[]): Promise<Result<string>> {
  const place = view.place(expression);
  if (!place.ok) return place;
  const { space, address } = place.value;
  const [region] = view.target.translatedRegions(address >>> 0);
  if (!region) {
    return failure('no-region', {
      cause: `No translated region begins at ${hex(address)}.`,
      remedy: '"info regions" lists where they begin. Code is translated when it has run often enough.',
    });
  }
  const nameAt = (at: number): string | undefined => symbolName(view.os, space, at);
  const read = (at: number, length: number): Uint8Array => view.target.read(space, at, length);
  return lines(showRegion(region, read, await view.disassembler(), nameAt));
}

function devices(view: ConsoleView, name: RegExp): string[] {
  return view.target
    .inspectDevices()
    .filter((device) => name.test(device.name))
    .flatMap((device) => [
      device.name,
      ...Object.entries(device.registers).map(
        ([register, value]) =>
          `  ${register.padEnd(20)} ${typeof value === 'number' && value > 9 ? `${value} (${hex(value)})` : String(value)}`,
      ),
    ]);
}

function help(): string[] {
  const width = Math.max(...COMMANDS.map((c) => c.usage.length));
  return [
    ...COMMANDS.map(({ usage, what }) => `${usage.padEnd(width)}  ${what}`),
    'Anything else is an expression; an assignment writes.',
  ];
}
