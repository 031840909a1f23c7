/** Conditions and log expressions, compiled once per breakpoint location and run in the CPU's state at each hit. */
import type { BoundLocation, ConditionCompiler } from '../breakpoints/breakpoint-table.ts';
import { compileExpression, frameScope, renderValue } from '../inspection/index.ts';
import type { GuestOs } from '../kernel/guest-os.ts';
import { success } from '../result.ts';
import type { Target } from '../target/target.ts';
import { cpuContext, MACHINE_NAMES } from './inspection-context.ts';

export function conditionCompiler(target: Target, os: GuestOs): ConditionCompiler {
  const compile = (text: string, { image, linked }: BoundLocation): ReturnType<typeof compileExpression> => {
    return compileExpression(text, frameScope((image ?? os.kernel).debug, linked, MACHINE_NAMES));
  };
  const context = cpuContext({ target, os });
  return {
    condition: (text, at) => {
      const compiled = compile(text, at);
      if (!compiled.ok) return compiled;
      return success(() => compiled.value.test(context));
    },
    display: (text, at) => {
      const compiled = compile(text, at);
      if (!compiled.ok) return () => `<${compiled.failure.cause}>`;
      return () => {
        const value = compiled.value.evaluate(context);
        return value.ok ? renderValue(value.value, {}).text : `<${value.failure.cause}>`;
      };
    },
  };
}
