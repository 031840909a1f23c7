/** What this adapter answers to `initialize`. DAP, `Capabilities`; members left out are not supported. */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import { BREAKPOINT_MODES } from '../breakpoints/breakpoint-modes.ts';
import { EVENTS } from '../events/event-table.ts';
import { MODULE_COLUMNS } from './modules.ts';

export const CAPABILITIES: Dap.Capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsFunctionBreakpoints: true,
  supportsConditionalBreakpoints: true,
  supportsHitConditionalBreakpoints: true,
  supportsLogPoints: true,
  supportsInstructionBreakpoints: true,
  supportsDataBreakpoints: true,
  supportsDataBreakpointBytes: true,
  breakpointModes: [...BREAKPOINT_MODES],
  supportsBreakpointLocationsRequest: true,
  supportsSteppingGranularity: true,
  supportsStepInTargetsRequest: true,
  supportsSingleThreadExecutionRequests: true,
  supportsGotoTargetsRequest: true,
  supportsEvaluateForHovers: true,
  supportsSetVariable: true,
  supportsSetExpression: true,
  supportsValueFormattingOptions: true,
  supportsClipboardContext: true,
  supportsCompletionsRequest: true,
  completionTriggerCharacters: ['.', ':', '$', '>'],
  supportsReadMemoryRequest: true,
  supportsWriteMemoryRequest: true,
  supportsDisassembleRequest: true,
  supportsExceptionInfoRequest: true,
  supportsDelayedStackTraceLoading: true,
  supportsLoadedSourcesRequest: true,
  supportsModulesRequest: true,
  additionalModuleColumns: [...MODULE_COLUMNS],
  supportsRestartRequest: true,
  supportsTerminateRequest: true,
  supportsExceptionFilterOptions: true,
  exceptionBreakpointFilters: EVENTS.map(({ id, label, description, example, isDefault = false }) => ({
    filter: id,
    label,
    description,
    default: isDefault,
    supportsCondition: true,
    conditionDescription: `Stops only where this holds: ${example}`,
  })),
};
