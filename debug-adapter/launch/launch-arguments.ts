/**
 * The launch arguments: one schema, the same names in launch.json, other DAP clients and the command line.
 * Every mistake is answered with what is wrong and what would be right.
 */
import * as v from 'valibot';
import { failure, success, type Result } from '../result.ts';

const MEMORY_MIB_MIN = 8;
const MEMORY_MIB_MAX = 1024;

const text = (name: string) => v.pipe(v.string(`"${name}" takes a string.`), v.nonEmpty(`"${name}" is empty.`));

const LaunchSchema = v.strictObject({
  /** A user program of the guest image by name (`rustshim`), or the path of an ELF file. */
  program: v.optional(text('program')),
  /** The kernel's ELF file; the guest image's own when left out. */
  kernel: v.optional(text('kernel')),
  /** More multiboot modules: names of the guest image's programs, or paths. */
  modules: v.optional(v.array(text('modules'), '"modules" takes a list of program names or paths.')),
  /** A guest folder (sources and `image/`) to use instead of the one that comes along. */
  guest: v.optional(text('guest')),
  /** Words for the kernel's command line, behind the program's name. */
  append: v.optional(v.string('"append" takes a string.')),
  /** RAM in MiB. */
  memory: v.optional(
    v.pipe(
      v.number('"memory" takes a number of MiB.'),
      v.integer('"memory" takes a whole number of MiB.'),
      v.minValue(MEMORY_MIB_MIN, `"memory" takes ${MEMORY_MIB_MIN} to ${MEMORY_MIB_MAX} MiB.`),
      v.maxValue(MEMORY_MIB_MAX, `"memory" takes ${MEMORY_MIB_MIN} to ${MEMORY_MIB_MAX} MiB.`),
    ),
  ),
  /** Stop at the kernel's first instruction. */
  stopOnEntry: v.optional(v.boolean('"stopOnEntry" takes true or false.')),
  /** SIMD units of the processor beyond MMX. */
  simd: v.optional(v.picklist(['sse', 'sse2'], '"simd" takes "sse" or "sse2".')),
  /** Run without breakpoints. Set by the client for "Run Without Debugging". */
  noDebug: v.optional(v.boolean('"noDebug" takes true or false.')),
  /** Where the serial console goes: a terminal of the editor, the debug console, or nowhere. */
  console: v.optional(
    v.picklist(['terminal', 'debugConsole', 'none'], '"console" takes "terminal", "debugConsole" or "none".'),
  ),
  /** Path prefix in the debug information → folder on this machine. */
  sourceFileMap: v.optional(
    v.record(
      v.string(),
      v.string('"sourceFileMap" takes folders as values.'),
      '"sourceFileMap" takes an object of path pairs.',
    ),
  ),
  /** An instruction budget: the session stops there with a reason. */
  budget: v.optional(
    v.pipe(
      v.number('"budget" takes a number of instructions.'),
      v.integer('"budget" takes a whole number.'),
      v.minValue(1, '"budget" is at least 1.'),
    ),
  ),
});

export type LaunchArguments = v.InferOutput<typeof LaunchSchema>;

/** What clients put beside the arguments of ours, by DAP and by VS Code. */
const CLIENT_KEYS = new Set([
  'name',
  'type',
  'request',
  '__restart',
  '__sessionId',
  '__configurationTarget',
  'presentation',
  'preLaunchTask',
  'postDebugTask',
  'internalConsoleOptions',
  'debugServer',
  'serverReadyAction',
  'suppressMultipleSessionWarning',
  'windows',
  'linux',
  'osx',
  'cwd',
  'trace',
]);

export const LAUNCH_ARGUMENT_NAMES: readonly string[] = Object.keys(LaunchSchema.entries);

export function parseLaunchArguments(given: unknown): Result<LaunchArguments> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return failure('launch-arguments', {
      cause: 'The launch request has no arguments object.',
      remedy: 'Give at least { "program": "rustshim" }.',
    });
  }
  const own = Object.fromEntries(Object.entries(given).filter(([key]) => !CLIENT_KEYS.has(key)));
  const unknown = Object.keys(own).filter((key) => !LAUNCH_ARGUMENT_NAMES.includes(key));
  if (unknown.length > 0) {
    return failure('launch-arguments', {
      cause: `Unknown launch argument ${unknown.map((key) => `"${key}"`).join(', ')}.`,
      remedy: `Known are ${LAUNCH_ARGUMENT_NAMES.join(', ')}.`,
    });
  }
  const parsed = v.safeParse(LaunchSchema, own);
  if (!parsed.success) {
    return failure('launch-arguments', {
      cause: parsed.issues.map((issue) => issue.message).join(' '),
      remedy: 'Correct the configuration in launch.json, or delete it and use the run-<program> one.',
    });
  }
  return success(parsed.output);
}
