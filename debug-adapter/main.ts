/**
 * The debug adapter as a program of its own. Editors start it with DAP on stdin and stdout; `--port 0` serves a TCP port
 * instead, which is written to stdout as a line, and ends with its stdin.
 */
import './engine-flags.ts';
import { AdapterServer } from './server.ts';

const adapter = new AdapterServer(__dirname, () => process.exit(0));
const option = process.argv.indexOf('--port');
if (option < 0) adapter.serveStreams(process.stdin, process.stdout);
else {
  process.stdin.on('end', () => process.exit(0)).resume();
  void adapter.listen(Number(process.argv[option + 1] ?? 0)).then(({ port }) => process.stdout.write(`${port}\n`));
}
