/**
 * Where a breakpoint counts: DAP's `breakpointModes`. A kernel's debugger has several answers, because the same code runs
 * in many address spaces, and the same bytes stand at many addresses.
 */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import { failure, success, type Result } from '../result.ts';

export const BREAKPOINT_MODES: readonly Dap.BreakpointMode[] = [
  {
    mode: 'image',
    label: 'Every environment that maps the image',
    description: 'Wherever this code runs, in programs not started yet and in every fork. The default.',
    appliesTo: ['source', 'instruction'],
  },
  {
    mode: 'environment',
    label: 'This environment',
    description:
      'Only while the CPU works for the environment that is shown now; before there is one, for the first to arrive.',
    appliesTo: ['source', 'instruction'],
  },
  {
    mode: 'linear',
    label: 'This linear address in any space',
    description: 'Whatever code stands there, in every address space.',
    appliesTo: ['source', 'instruction', 'data'],
  },
  {
    mode: 'physical',
    label: 'Physical address',
    description: 'The bytes that are there now, through whatever linear address.',
    appliesTo: ['source', 'instruction', 'data'],
  },
  {
    mode: 'space',
    label: 'In its address space',
    description: "What other spaces have there does not count; the kernel's half is the same in all. The default.",
    appliesTo: ['data'],
  },
  {
    mode: 'change',
    label: 'When the value changes',
    description: 'Writing the same value does not stop.',
    appliesTo: ['data'],
  },
];

/** Where a code breakpoint counts. */
export type CodeScope =
  | { readonly kind: 'image' }
  /** Without an id: the first environment that arrives is the one. */
  | { readonly kind: 'environment'; readonly envId: number | undefined }
  | { readonly kind: 'linear' }
  | { readonly kind: 'physical' };

export const WHOLE_IMAGE: CodeScope = { kind: 'image' };

/** @param envId the environment that "this" means */
export function codeScope(mode: string | undefined, envId: number | undefined): Result<CodeScope> {
  switch (mode) {
    case undefined:
    case 'image':
      return success(WHOLE_IMAGE);
    case 'environment':
      return success({ kind: 'environment', envId });
    case 'linear':
    case 'physical':
      return success({ kind: mode });
    default: {
      const known = BREAKPOINT_MODES.filter(({ appliesTo }) => appliesTo.includes('source')).map((m) => m.mode);
      return failure('breakpoint-mode', {
        cause: `There is no breakpoint mode "${mode}".`,
        remedy: `Known are ${known.join(', ')}.`,
      });
    }
  }
}
