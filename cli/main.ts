#!/usr/bin/env node
/**
 * `ringside`: the embedded PC, the grader and the debug adapter without an editor.
 * Statuses of commands are in exit-status.ts; wrong usage is 2, as for anything else that is wrong with the input.
 */
import { Command, CommanderError } from 'commander';
import packageFile from '../package.json' with { type: 'json' };
import { addDapCommand } from './dap.ts';
import { STATUS } from './exit-status.ts';
import { addGradeCommand } from './grade/command.ts';
import { addRunCommand } from './run.ts';

const setStatus = (status: number): void => {
  process.exitCode = status;
};

const program = new Command('ringside')
  .description('A small PC with a debugger: runs, grades and debugs i386 kernels and their user programs.')
  .version(packageFile.version)
  .showHelpAfterError('Try --help.')
  .exitOverride();
addRunCommand(program, setStatus);
addGradeCommand(program, setStatus);
addDapCommand(program, setStatus);
for (const command of program.commands) command.exitOverride();

// A reader that has seen enough, such as `head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(STATUS.ok);
});

void program.parseAsync().catch((error: unknown) => {
  if (!(error instanceof CommanderError)) throw error;
  setStatus(error.exitCode === 0 ? STATUS.ok : STATUS.usage);
});
