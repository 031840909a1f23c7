/** Functions, variables, inlined calls and unwinding, against llvm-dwarfdump, readelf and the stops gdb recorded. */
import { describe, expect, test } from 'vitest';
import type { FrameContext, InlineFrame } from '../../../debug-adapter/debug-info/index.ts';
import { callerOf, debugInfo, elfPath, fixtureNames, frameOf, guestNames, hasTool, recordedStops, run } from './kit.ts';

const names = [...fixtureNames, ...guestNames];
const recorded = ['c4-O0', 'c5-O2', 'rust4', 'rust5'];

describe.runIf(hasTool('llvm-dwarfdump'))('llvm-dwarfdump --debug-info', () => {
  test.each(names)('%s: the same functions, with the same ranges, lines and parameters', (name) => {
    const info = debugInfo(name);
    const expected = dumpedFunctions(name).filter(
      (dumped) => info.elf.symbolAt(dumped.low) !== undefined && dumped.low !== 0,
    );
    expect(expected.length).toBeGreaterThan(5);
    const wrong: string[] = [];
    for (const dumped of expected) {
      const found = info.functionAt(dumped.low);
      const range = found?.ranges[0];
      if (found === undefined || range === undefined)
        wrong.push(`${dumped.name}: not found at ${dumped.low.toString(16)}`);
      else if (range.start !== dumped.low || range.end !== dumped.high)
        wrong.push(`${dumped.name}: ${range.start} ${range.end}`);
      else if (dumped.name !== undefined && found.name !== dumped.name) wrong.push(`${found.name}, not ${dumped.name}`);
      else if (dumped.name !== undefined && !info.functionsNamed(found.name).some((other) => other.id === found.id))
        wrong.push(`${found.name} by name`);
      else if (
        dumped.parameters !== undefined &&
        found.parameters.map((p) => p.name).join() !== dumped.parameters.join()
      ) {
        wrong.push(
          `${found.name}: parameters ${found.parameters.map((p) => p.name).join()}, not ${dumped.parameters.join()}`,
        );
      }
    }
    expect(wrong.slice(0, 10)).toEqual([]);
    expect(info.warnings).toEqual([]);
  });
});

interface Dumped {
  name: string | undefined;
  low: number;
  high: number;
  parameters: string[] | undefined;
}

/** Subprograms with a low_pc; parameters only where they have names of their own. */
function dumpedFunctions(name: string): Dumped[] {
  const functions: Dumped[] = [];
  let indent = -1;
  let current: { name?: string; low?: number; high?: number; parameters: string[]; plain: boolean } | undefined;
  let inParameter = false;
  const finish = (): void => {
    if (current?.low !== undefined && current.high !== undefined) {
      functions.push({
        name: current.name,
        low: current.low,
        high: current.high,
        parameters: current.plain ? current.parameters : undefined,
      });
    }
    current = undefined;
  };
  for (const text of run('llvm-dwarfdump', '--debug-info', elfPath(name)).split('\n')) {
    const entry = /^0x[0-9a-f]+:(\s+)(DW_TAG_\w+|NULL)/.exec(text);
    if (entry !== null) {
      const depth = entry[1]!.length;
      if (current !== undefined && depth <= indent) finish();
      inParameter = current !== undefined && entry[2] === 'DW_TAG_formal_parameter' && depth === indent + 2;
      if (entry[2] === 'DW_TAG_subprogram' && current === undefined) {
        indent = depth;
        current = { parameters: [], plain: true };
      } else if (inParameter) current!.parameters.push('');
      else if (current !== undefined) inParameter = false;
      if (current !== undefined && depth > indent && !inParameter) inChild = true;
      else inChild = false;
      continue;
    }
    if (current === undefined) continue;
    const attribute = /^\s+(DW_AT_\w+)\s+\((.*)\)$/.exec(text);
    if (attribute === null) continue;
    if (inParameter) {
      if (attribute[1] === 'DW_AT_name')
        current.parameters[current.parameters.length - 1] = JSON.parse(attribute[2]!) as string;
      if (attribute[1] === 'DW_AT_abstract_origin') current.plain = false;
    } else if (!inChild) {
      if (attribute[1] === 'DW_AT_name') current.name = JSON.parse(attribute[2]!) as string;
      if (attribute[1] === 'DW_AT_low_pc') current.low = parseInt(attribute[2]!, 16);
      if (attribute[1] === 'DW_AT_high_pc') current.high = parseInt(attribute[2]!, 16);
    }
  }
  finish();
  return functions;
}
let inChild = false;

interface Level {
  readonly frame: FrameContext;
  readonly inline: InlineFrame;
}

/** The whole stack of a stop, inlined calls as frames of their own. */
function stackOf(name: string, start: FrameContext): Level[] {
  const info = debugInfo(name);
  const levels: Level[] = [];
  for (
    let frame: FrameContext | undefined = start;
    frame !== undefined && levels.length < 30;
    frame = callerOf(info, frame)
  ) {
    const inlines = info.inlineFramesAt(frame.pc);
    if (inlines.length === 0) break;
    for (const inline of inlines) levels.push({ frame, inline });
  }
  return levels;
}

describe('stops recorded by gdb', () => {
  test.each(recorded)('%s: the same stack, line by line', (name) => {
    const info = debugInfo(name);
    for (const stop of recordedStops(name)) {
      const levels = stackOf(name, frameOf(stop, info.elf));
      const ours = levels.map(
        ({ frame, inline }) =>
          `${inline.name}:${inline.line} ebp=${frame.register(5)?.toString(16)} esp=${frame.register(4)?.toString(16)}`,
      );
      const theirs = stop.frames.map(
        (frame) =>
          `${lastName(frame.function ?? '')}:${frame.line} ebp=${frame.ebp.toString(16)} esp=${frame.esp.toString(16)}`,
      );
      expect(ours.slice(0, theirs.length), stop.name).toEqual(theirs);
    }
  });

  test.each(recorded)('%s: each frame has the same variables, with values of 4 bytes the same', (name) => {
    const info = debugInfo(name);
    let compared = 0;
    for (const stop of recordedStops(name)) {
      const levels = stackOf(name, frameOf(stop, info.elf));
      stop.frames.forEach((recordedFrame, index) => {
        const { frame, inline } = levels[index]!;
        const variables = inline.variablesAt(frame.pc);
        const visible = [...new Set(variables.map((variable) => variable.name))].sort();
        expect(visible, `${stop.name}, ${inline.name}`).toEqual(
          recordedFrame.variables.map((variable) => variable.name).sort(),
        );
        for (const expected of recordedFrame.variables) {
          if (!/^-?\d+$/.test(expected.text)) continue;
          const variable = variables.find((candidate) => candidate.name === expected.name)!;
          const located = variable.locate(frame);
          if (!located.ok) throw new Error(`${stop.name}, ${inline.name}, ${expected.name}: ${located.failure.cause}`);
          const [piece] = located.value.pieces;
          const size = variable.type!.sizeBytes;
          const bytes =
            piece?.kind === 'memory'
              ? frame.readMemory(piece.address, size)
              : piece?.kind === 'value'
                ? piece.bytes
                : piece?.kind === 'register'
                  ? new Uint8Array(new Uint32Array([frame.register(piece.register)!]).buffer)
                  : undefined;
          if (bytes === undefined || located.value.pieces.length > 1) continue;
          let value = 0n;
          for (let at = Math.min(size, bytes.length) - 1; at >= 0; at--) value = (value << 8n) | BigInt(bytes[at]!);
          expect(
            BigInt.asUintN(size * 8, BigInt(expected.text)),
            `${stop.name}, ${inline.name}, ${expected.name}`,
          ).toBe(value);
          compared++;
          const simple = variable.simpleLocation(frame.pc);
          if (piece?.kind === 'memory' && simple?.kind === 'register-offset') {
            expect((frame.register(simple.register)! + simple.offset) >>> 0).toBe(piece.address);
          }
        }
      });
    }
    expect(compared).toBeGreaterThan(5);
  });
});

/** `shapes::kinds::Point<u32>::moved` → `moved`, as the debug information names it. */
function lastName(qualified: string): string {
  return /(?:^|::)([^:]+(?:<.*>)?)$/.exec(qualified.replace(/\(.*\)$/, ''))?.[1] ?? qualified;
}
