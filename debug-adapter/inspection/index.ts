/** The one door into this folder: values, their text in the language's own style, and expressions over them. */
export type * from './api.ts';
export { frameScope } from './scope.ts';
export { childrenOf, renderValue } from './render.ts';
export { RenderCache } from './render-cache.ts';
export { readBytes, valueOfVariable } from './value.ts';
export { compileExpression, evaluateExpression } from './compile.ts';
export { assignText, textToBytes } from './assign.ts';
export { registerBehind, wideRegisterType } from './registers.ts';
