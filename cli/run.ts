/** `ringside run`: boots a guest on the embedded PC beside this terminal, and exits with its verdict. */
import { basename } from 'node:path';
import { Option, type Command } from 'commander';
import { Machine, type MachineOptions } from '../emulator/machine/machine.ts';
import type { GuestImageFiles } from '../debug-adapter/launch/files.ts';
import { failure, success, type Failure, type Result } from '../emulator/result.ts';
import type { PrintStop } from './break.ts';
import { STATUS, STATUS_HELP } from './exit-status.ts';
import { readUserFile } from './files.ts';
import { loadProgram, openGuestImage, programsOf } from './image.ts';
import { collect, parseInstructions, parseMemory, parseShow, SHOWABLE, type Showable } from './options.ts';
import { conclude, formatFailure, note } from './report.ts';
import { runBeside } from './run-loop.ts';
import { Statistics } from './stats.ts';
import { openTerminal } from './terminal.ts';

interface RunFlags {
  readonly kernel?: string;
  readonly module?: readonly string[];
  readonly append?: string;
  readonly memory: number;
  readonly simd?: 'sse' | 'sse2';
  readonly budget?: number;
  readonly stats?: true;
  readonly break?: readonly string[];
  readonly show: readonly Showable[];
}

/** Where nobody sits at a terminal, a guest that never ends is given up after this many instructions. */
const UNATTENDED_BUDGET = 20_000_000_000;

export function addRunCommand(program: Command, exit: (status: number) => void): void {
  program
    .command('run')
    .summary('boot a guest and run it to its end')
    .description(
      'Boots a guest on the embedded PC. Its console (COM1) is stdout and stdin; the exit status is its verdict.\n' +
        'PROGRAM is a user program of the guest that comes with Ringside; --kernel boots a Multiboot kernel of your own.',
    )
    .argument('[program]', 'user program to run, such as rustshim')
    .option('-k, --kernel <file>', 'boot this Multiboot 1 kernel (ELF, i386)')
    .option(
      '-m, --module <what>',
      'give the kernel a module: a file, or a program of the guest; words after the name are its parameters',
      collect,
    )
    .option('-a, --append <text>', "more words for the kernel's command line")
    .option('--memory <MiB>', 'amount of RAM', parseMemory, 32)
    .addOption(new Option('--simd <unit>', 'SIMD units that the processor has beyond MMX').choices(['sse', 'sse2']))
    .option('-b, --budget <count>', 'give up after so many instructions (5M, 2G)', parseInstructions)
    .option('-s, --stats', 'print instructions, speed and interrupts at the end')
    .option('--break <where>', 'print a stop at a function, file:line or address, and go on; repeatable', collect)
    .option('--show <what>', `what to print at a stop: ${SHOWABLE.join(',')}`, parseShow, ['stack'] as Showable[])
    .addHelpText(
      'after',
      `
Keys on a terminal:
  Ctrl-A X, Ctrl-C   quit
  Ctrl-A C           send Ctrl-C to the guest
  Ctrl-A Ctrl-A      send Ctrl-A to the guest

${STATUS_HELP}

Without a terminal on stdin the budget is ${UNATTENDED_BUDGET / 1e9}G instructions unless given.

Examples:
  ringside run rustshim
  ringside run rustshim --break sys_page_alloc --show stack,heap
  ringside run --append '' --module hello            (the kernel monitor; try help, run hello)
  ringside run --kernel kernel.elf --module "init.elf fast" --append "root=ram"`,
    )
    .action(async (name: string | undefined, flags: RunFlags) => exit(await run(name, flags)));
}

async function run(name: string | undefined, flags: RunFlags): Promise<number> {
  const options = await machineOptions(name, flags);
  if (!options.ok) return fail(options);
  const created = Machine.create(options.value);
  if (!created.ok) return fail(created);
  const machine = created.value;
  const printStop = await printerOfStops(machine, options.value, flags);
  if (!printStop.ok) return fail(printStop);

  const statistics = flags.stats ? new Statistics(machine) : undefined;
  const terminal = openTerminal(process.stdin, process.stdout);
  const budget = flags.budget ?? (terminal.interactive ? Infinity : UNATTENDED_BUDGET);
  const end = await runBeside(machine, terminal, {
    budget,
    ...(printStop.value && { onProbe: printStop.value }),
    onRing: () => statistics?.onRing(),
  });
  terminal.close();

  const { status, message } =
    end.kind === 'stopped'
      ? conclude(end.stop, machine.instructionCount)
      : { status: STATUS.interrupted, message: 'interrupted.' };
  if (message !== undefined) process.stderr.write(`${terminal.midLine ? '\n' : ''}${note(message)}`);
  if (statistics) process.stderr.write(statistics.format());
  return status;
}

/** Loaded when asked for: a run without stops needs no debug information. */
async function printerOfStops(
  machine: Machine,
  options: MachineOptions,
  flags: RunFlags,
): Promise<Result<PrintStop | undefined>> {
  if (!flags.break) return success(undefined);
  const { setBreaks } = await import('./break.ts');
  return setBreaks(machine, options, { where: flags.break, show: flags.show });
}

function fail(failed: Result<unknown> & { ok: false }): number {
  process.stderr.write(formatFailure(failed.failure));
  return STATUS.usage;
}

/** A module that is no file may have been meant for a program of the guest. */
function withPrograms({ id, cause, remedy }: Failure, { programs }: GuestImageFiles, name: string): Result<never> {
  if (/[\\/.]/.test(name)) return failure(id, { cause, remedy });
  return failure(id, { cause, remedy: `${remedy} ${programsOf(programs, name)}` });
}

async function machineOptions(name: string | undefined, flags: RunFlags): Promise<Result<MachineOptions>> {
  // As in launch.json: "append" alone, even empty, boots the guest's kernel, which then starts its monitor.
  if (name === undefined && flags.kernel === undefined && flags.append === undefined) {
    return failure('nothing-to-run', {
      cause: 'Neither a program nor a kernel is named.',
      remedy:
        'Try "ringside run rustshim", "ringside run --kernel FILE", or "ringside run --append \'\'" for the kernel monitor; ' +
        '"ringside run --help" tells more.',
    });
  }
  const modules: { name: string; bytes: Uint8Array; commandLine?: string }[] = [];
  const words: string[] = [];
  let kernel: Uint8Array | undefined;
  let kernelName = 'kernel.elf';
  if (flags.kernel !== undefined) {
    const file = readUserFile(flags.kernel, 'kernel');
    if (!file.ok) return file;
    kernel = file.value;
    kernelName = basename(flags.kernel);
  }
  const guest = flags.kernel === undefined || name !== undefined || flags.module ? await openGuestImage() : undefined;
  if (kernel === undefined && guest) {
    const file = guest.ok ? await guest.value.load('kernel') : guest;
    if (!file.ok) return file;
    kernel = file.value;
  }
  if (name !== undefined && guest) {
    const program = guest.ok ? await loadProgram(guest.value, name) : guest;
    if (!program.ok) return program;
    modules.push({ name, bytes: program.value });
    words.push(name);
  }
  for (const given of flags.module ?? []) {
    const [path, ...parameters] = given.split(' ');
    const isProgram = guest?.ok === true && guest.value.programs.includes(path);
    const file = isProgram ? await guest.value.load(path) : readUserFile(path, 'module');
    if (!file.ok) return guest?.ok && !isProgram ? withPrograms(file.failure, guest.value, path) : file;
    const commandLine = parameters.join(' ');
    modules.push({
      name: basename(path).replace(/\.elf$/, ''),
      bytes: file.value,
      ...(commandLine && { commandLine }),
    });
  }
  if (flags.append !== undefined) words.push(flags.append);
  return success({
    memoryBytes: flags.memory * 2 ** 20,
    kernel: kernel!,
    kernelName,
    commandLine: words.join(' '),
    modules,
    ...(flags.simd && { simd: flags.simd }),
  });
}
