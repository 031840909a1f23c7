/**
 * `ringside grade`: runs the guest's programs and judges their transcripts, as JOS's grading scripts do.
 * Verdicts on the embedded PC depend on nothing but the guest: budgets are instructions.
 */
import type { Command } from 'commander';
import { expectLongRun } from '../engine-memory.ts';
import { collect, parseMemory } from '../options.ts';

export interface GradeFlags {
  readonly qemu?: true;
  readonly junit?: string;
  readonly part?: readonly string[];
  readonly cases?: string;
  readonly memory: number;
  readonly verbose?: true;
}

export function addGradeCommand(program: Command, exit: (status: number) => void): void {
  program
    .command('grade')
    .summary('run the grading cases and print the score')
    .description(
      "Runs the guest's programs against expected and forbidden lines of their consoles, and prints verdicts and score.\n" +
        'On a failure the transcript is shown with marks where it went wrong.',
    )
    .argument('[names...]', 'cases to run; all by default')
    .option('--part <part>', 'only the cases of this part; repeatable', collect)
    .option('--qemu', 'run them under qemu-system-i386 instead of the embedded PC')
    .option('--junit <file>', 'write the verdicts as JUnit XML')
    .option('--cases <file>', "other cases than the guest's own")
    .option('--memory <MiB>', 'amount of RAM', parseMemory, 32)
    .option('-v, --verbose', 'show every transcript in full')
    .addHelpText('after', '\nExit status: 0 when all points were made, 1 when not, 2 when the cases cannot be run.')
    .action(async (names: string[], flags: GradeFlags) => {
      expectLongRun();
      // Loaded when asked for, as in dap.ts.
      const { grade } = await import('./grade.ts');
      exit(await grade(names, flags));
    });
}
