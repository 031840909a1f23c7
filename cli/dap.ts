/** `ringside dap`: the debug adapter for editors other than VS Code, on stdio or a TCP port of this machine. */
import type { Command } from 'commander';
import { STATUS } from './exit-status.ts';
import { PROGRAM_FOLDER } from './image.ts';
import { parsePort } from './options.ts';
import { formatFailure, note } from './report.ts';

export function addDapCommand(program: Command, exit: (status: number) => void): void {
  program
    .command('dap')
    .summary('serve the Debug Adapter Protocol')
    .description('Serves the Debug Adapter Protocol, on stdin and stdout or to each client of a TCP port.')
    .option('-p, --port <number>', 'listen on this TCP port of 127.0.0.1 (0 picks a free one)', parsePort)
    .addHelpText(
      'after',
      `
The launch arguments are those of launch.json: program, kernel, modules, guest, append, memory, simd, stopOnEntry, console,
sourceFileMap, budget.

Examples:
  ringside dap                 one session on stdio, as most editors start it
  ringside dap --port 4711     as many as connect`,
    )
    .action(async ({ port }: { port?: number }) => {
      // Loaded when asked for: the other commands start without a debugger.
      const { AdapterServer } = await import('../debug-adapter/server.ts');
      if (port === undefined) {
        await new Promise<void>((resolve) => {
          new AdapterServer(PROGRAM_FOLDER, resolve).serveStreams(process.stdin, process.stdout);
        });
        process.exit(STATUS.ok);
      }
      try {
        const { server, port: actual } = await new AdapterServer(PROGRAM_FOLDER).listen(port);
        process.stderr.write(note(`listening on 127.0.0.1:${actual}`));
        await new Promise<void>((resolve) => server.on('close', resolve));
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        const why = code === 'EADDRINUSE' ? 'another program listens there' : message;
        process.stderr.write(
          formatFailure({
            id: 'port-unavailable',
            cause: `Cannot listen on 127.0.0.1:${port}: ${why}.`,
            remedy: 'Choose another port, or --port 0 for any free one.',
          }),
        );
        exit(STATUS.usage);
      }
    });
}
