/** The answer to `exceptionInfo`: a stop's whole story. DAP, `ExceptionInfoResponse`, `ExceptionDetails`. */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import type { Disassembler } from '../disassembly/disassembler.ts';
import type { DecodeInstruction, Story, StoppedReport } from '../execution/stop-report.ts';
import type { Debugged } from './session-state.ts';

const FRAMES_MAX = 32;
const CR0_PE = 1;

export function exceptionInfo(
  debugged: Debugged,
  stop: StoppedReport,
  disassembler: Disassembler | undefined,
): Dap.ExceptionInfoResponse['body'] {
  const bits = debugged.target.readRegister('cr0') & CR0_PE ? 32 : 16;
  const decode: DecodeInstruction = (bytes, address) => disassembler?.one(bytes, address, bits);
  const exceptionId = stop.description ?? 'exception';
  const story = stop.story?.(decode);
  const headline = stop.text ?? exceptionId;
  return {
    exceptionId,
    description: [headline, ...(story?.lines ?? [])].join('\n'),
    breakMode: stop.breakMode ?? 'unhandled',
    details: { ...detailsOf(story ?? { id: exceptionId, headline, lines: [] }), stackTrace: stackText(debugged) },
  };
}

function detailsOf({ id, headline, lines, inner }: Story): Dap.ExceptionDetails {
  return {
    message: [headline, ...lines].join('\n'),
    typeName: id,
    ...(inner ? { innerException: [detailsOf(inner)] } : {}),
  };
}

function stackText({ threads }: Debugged): string {
  const frames = threads.stack(threads.currentId(), 0, FRAMES_MAX)?.frames ?? [];
  return frames
    .map(({ frame }) => {
      if (frame.kind === 'label') return `-- ${frame.name} --`;
      const line = frame.position ? ` (${frame.position.file.split('/').at(-1)!}:${frame.position.line})` : '';
      return `${frame.name}${line}`;
    })
    .join('\n');
}
