/** Runs one grading case on the embedded PC or under QEMU, and says what is wrong with what came of it. */
import pc from 'picocolors';
import type { GuestImageFiles } from '../../debug-adapter/launch/files.ts';
import { success, type Result } from '../../emulator/result.ts';
import { loadProgram } from '../image.ts';
import type { GradeCase } from './cases.ts';
import { runEmbedded } from './embedded.ts';
import { judge } from './judge.ts';
import type { GuestRun, Outcome } from './outcome.ts';
import { runUnderQemu } from './qemu.ts';

export interface GradedOn {
  readonly memoryBytes: number;
  /** Under QEMU instead of the embedded PC. */
  readonly qemu: boolean;
}

export interface Graded {
  readonly each: GradeCase;
  readonly outcome: Outcome;
  /** The transcript with marks where it went wrong; undefined when all is well. */
  readonly problem: string | undefined;
}

/** A case that cannot even be started has failed, with the reason as its problem. */
export async function gradeCase(each: GradeCase, image: GuestImageFiles, on: GradedOn): Promise<Graded> {
  const outcome = await runCase(each, image, on);
  if (outcome.ok) return { each, outcome: outcome.value, problem: problemOf(each, outcome.value) };
  const { cause, remedy } = outcome.failure;
  const nothing: Outcome = { transcript: '', seconds: 0, ended: false, end: cause, verdict: undefined };
  return { each, outcome: nothing, problem: `${cause}\n${remedy}` };
}

async function runCase(each: GradeCase, image: GuestImageFiles, on: GradedOn): Promise<Result<Outcome>> {
  const kernel = await image.load('kernel');
  if (!kernel.ok) return kernel;
  const modules: { name: string; bytes: Uint8Array }[] = [];
  for (const name of each.modules ?? (each.program === null ? [] : [each.program])) {
    const bytes = await loadProgram(image, name);
    if (!bytes.ok) return bytes;
    modules.push({ name, bytes: bytes.value });
  }
  const commandLine = [...(each.program === null ? [] : [each.program]), ...each.options].join(' ');
  const run: GuestRun = {
    kernel: kernel.value,
    modules,
    commandLine,
    memoryBytes: on.memoryBytes,
    script: each,
  };
  return on.qemu ? success(await runUnderQemu(run)) : runEmbedded(run, each.budget);
}

/** What is wrong with an outcome, as a marked transcript; undefined if nothing is. */
function problemOf(each: GradeCase, outcome: Outcome): string | undefined {
  const { passed, report } = judge(outcome.transcript, each);
  const problems = passed ? [] : [report];
  if (each.verdict !== undefined && outcome.verdict !== each.verdict) {
    const was = outcome.verdict === undefined ? `none: ${outcome.end}` : String(outcome.verdict);
    problems.push(`${pc.red('VERDICT')} ${each.verdict} expected, and there was ${was}`);
  } else if (!outcome.ended) problems.push(outcome.end);
  return problems.length === 0 ? undefined : problems.join('\n');
}
