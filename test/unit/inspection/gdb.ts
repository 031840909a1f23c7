/** `gdb print` as the oracle: an ELF at rest, seen from one of its functions, here and there. */
import { frameScope } from '../../../debug-adapter/inspection/index.ts';
import type { InspectionContext } from '../../../debug-adapter/inspection/index.ts';
import { debugInfo, elfPath, run } from '../debug-info/kit.ts';
import type { Stage } from './kit.ts';

/** The ELF's initial memory, seen from a function, with no registers. */
export function atRest(name: string, functionName = 'work'): Stage {
  const info = debugInfo(name);
  const pc = info.functionsNamed(functionName)[0]!.breakpointAddress;
  const context: InspectionContext = {
    pc,
    register: () => undefined,
    readMemory: (address, size) => info.elf.readLoaded(address, size),
    symbolAt: (address) => {
      const symbol = info.elf.symbolAt(address);
      if (symbol === undefined || symbol.kind === 'other') return undefined;
      return symbol.address === address ? symbol.name : `${symbol.name}+${address - symbol.address}`;
    },
  };
  return { info, context, scope: frameScope(info, pc), written: new Map() };
}

/** @param settings gdb commands that go before; gdb's own words where it refuses an expression */
export function gdbPrint(name: string, expressions: readonly string[], settings: readonly string[] = []): string[] {
  const marks = expressions.flatMap((expression, index) => [
    '-ex',
    `echo @${index}\\n`,
    '-ex',
    `output ${expression}`,
    '-ex',
    'echo \\n',
  ]);
  const before = ['set print repeats unlimited', 'set width 0', ...settings].flatMap((command) => ['-ex', command]);
  const output = run('gdb', '-nx', '-batch', ...before, ...marks, elfPath(name));
  const texts = expressions.map(() => '');
  for (const part of output.split(/^@/m).slice(1)) {
    const [index, ...rest] = part.split('\n');
    texts[Number(index)] = rest.join('\n').trimEnd();
  }
  return texts;
}

/** gdb's pointers carry their type and short digits; characters an octal form. */
export function normalised(text: string): string {
  return text
    .replace(/0x([0-9a-f]{1,8})\b/g, (_, digits: string) => `0x${digits.padStart(8, '0')}`)
    .replace(/ '(?:\\[0-7]{3}|\\[a-z"'\\])'/g, '')
    .replace(/\((?:int|void) \(\*+\)\([^)]*\)\) /g, '')
    .replace(/^\([^()]*\*\) /, '')
    .replace(/^\{.*\} (0x\w+ <)/, '$1');
}
