/**
 * What this adapter answers to `initialize`. DAP, `Capabilities`; docs/capabilities.md names the test of each.
 *
 * Left out, and why:
 *   supportsStepBack, supportsRestartFrame   until the machine can go back
 *   supportsTerminateThreadsRequest          only the kernel can end an environment, and no function of the guest is called
 *   supportsExceptionOptions                 they choose exception classes by path and module; filters with conditions say more
 *   supportedChecksumAlgorithms              DWARF 4 has no checksums of sources, and in DWARF 5 they are optional
 */
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
  supportsCancelRequest: true,
  supportsANSIStyling: true,
  supportsRestartRequest: true,
  supportsTerminateRequest: true,
  supportTerminateDebuggee: true,
  supportSuspendDebuggee: true,
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
