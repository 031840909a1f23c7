/** The one door into this folder: ELF and DWARF as plain values. Specified by the ELF gABI, the i386 psABI and DWARF 4 and 5. */
export type * from './api.ts';
export type * from './types.ts';
export { resolved } from './types.ts';
export { failure, success } from './result.ts';
export type { Failure, Result } from './result.ts';
export { parseElf } from './elf.ts';
export { loadDebugInfo } from './debug-info.ts';
export { demangle } from './demangle.ts';
export { builtinType, elementOf, makeArray, makePointer } from './made-types.ts';
export { i386Registers, registerNumber } from './registers.ts';
