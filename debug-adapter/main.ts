/** The debug adapter as a program of its own: DAP on stdin and stdout, as editors start it. */
import { serveStreams } from './server.ts';

serveStreams(process.stdin, process.stdout, __dirname, () => process.exit(0));
