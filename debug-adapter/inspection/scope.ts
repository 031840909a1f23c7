/**
 * What names mean at an address: the frame's variables, then statics, then functions.
 *
 * Invariant: the innermost declaration that is visible at the address wins, as in the source.
 */
import type { DebugInfo, FunctionScope, InlineFrame, Variable } from '../debug-info/index.ts';
import type { ConvenienceValue, NameScope } from './api.ts';

export interface ScopeOptions {
  /** An inlined call of the frame; left out: the innermost. */
  readonly frame?: InlineFrame;
  readonly isRegister?: (name: string) => boolean;
  readonly factNamed?: NameScope['factNamed'];
  /** An image that is mapped beside `info`: its statics, functions and types, where `info` has none of that name. */
  readonly beside?: DebugInfo | undefined;
  /** Names of the caller's own, asked before anything else. */
  readonly extra?: (name: string) => ConvenienceValue | undefined;
}

export function frameScope(info: DebugInfo, pc: number, options: ScopeOptions = {}): NameScope {
  const { beside } = options;
  const frames = options.frame === undefined ? info.inlineFramesAt(pc).slice(0, 1) : [options.frame];
  const lookup = (name: string): Variable | FunctionScope | ConvenienceValue | undefined => {
    const extra = options.extra?.(name);
    if (extra !== undefined) return extra;
    if (!name.includes('::')) {
      for (const frame of frames) {
        const local = frame.variablesAt(pc).find((variable) => variable.name === name);
        if (local !== undefined) return local;
      }
    }
    return globalNamed(info, name, pc) ?? (beside && globalNamed(beside, name, pc));
  };
  return {
    language: info.languageAt(pc) === 'rust' ? 'rust' : 'c',
    pc,
    lookup,
    typeNamed: (name) => info.typeNamed(name) ?? beside?.typeNamed(name),
    symbolNamed: (name) => (info.elf.symbolNamed(name) ?? beside?.elf.symbolNamed(name))?.address,
    ...(options.isRegister === undefined ? {} : { isRegister: options.isRegister }),
    ...(options.factNamed === undefined ? {} : { factNamed: options.factNamed }),
  };
}

function globalNamed(info: DebugInfo, name: string, pc: number): Variable | FunctionScope | undefined {
  return info.staticsNamed(name, pc)[0] ?? info.functionsNamed(name)[0];
}
