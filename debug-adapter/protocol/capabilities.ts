/** What this adapter answers to `initialize`. DAP, `Capabilities`; members left out are not supported. */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';

export const CAPABILITIES: Dap.Capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsFunctionBreakpoints: true,
  supportsConditionalBreakpoints: true,
  supportsHitConditionalBreakpoints: true,
  supportsLogPoints: true,
  supportsInstructionBreakpoints: true,
  supportsBreakpointLocationsRequest: true,
  supportsSteppingGranularity: true,
  supportsEvaluateForHovers: true,
  supportsSetVariable: true,
  supportsSetExpression: true,
  supportsValueFormattingOptions: true,
  supportsClipboardContext: true,
  supportsReadMemoryRequest: true,
  supportsWriteMemoryRequest: true,
  supportsDisassembleRequest: true,
  supportsExceptionInfoRequest: true,
  supportsDelayedStackTraceLoading: true,
  supportsLoadedSourcesRequest: true,
  supportsModulesRequest: true,
  supportsRestartRequest: true,
  supportsTerminateRequest: true,
  supportTerminateDebuggee: true,
  exceptionBreakpointFilters: [
    {
      filter: 'unhandled-fault',
      label: 'Unhandled faults',
      description: 'An environment faults and the kernel is about to destroy it.',
      default: true,
    },
    { filter: 'user-panic', label: 'User panics', description: 'A user program panics.', default: true },
    { filter: 'kernel-panic', label: 'Kernel panics', description: 'The kernel panics.', default: true },
  ],
};
