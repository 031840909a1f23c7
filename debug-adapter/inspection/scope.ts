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
  /** Names of the caller's own, asked before anything else. */
  readonly extra?: (name: string) => ConvenienceValue | undefined;
}

export function frameScope(info: DebugInfo, pc: number, options: ScopeOptions = {}): NameScope {
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
    return info.staticsNamed(name, pc)[0] ?? info.functionsNamed(name)[0];
  };
  return {
    language: info.languageAt(pc) === 'rust' ? 'rust' : 'c',
    pc,
    lookup,
    typeNamed: (name) => info.typeNamed(name),
    symbolNamed: (name) => info.elf.symbolNamed(name)?.address,
    ...(options.isRegister === undefined ? {} : { isRegister: options.isRegister }),
    ...(options.factNamed === undefined ? {} : { factNamed: options.factNamed }),
  };
}
