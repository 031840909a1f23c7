/** Texts kept from the last stop are the texts a fresh look gives, whichever byte has changed since. */
import { describe, expect, test } from 'vitest';
import { RenderCache, renderValue, valueOfVariable } from '../../../debug-adapter/inspection/index.ts';
import type { InspectionContext, Value } from '../../../debug-adapter/inspection/index.ts';
import { recordedStops } from '../debug-info/kit.ts';
import { stage, variable, type Stage } from './kit.ts';

const PROGRAMS = ['rust5-values', 'c5-values'];
const STOPS = PROGRAMS.flatMap((program) => recordedStops(program).map(({ name }) => ({ program, name })));
const BYTES_MAX = 24;

function valuesOf({ info, context }: Stage): Value[] {
  const level = info.inlineFramesAt(context.pc)[0];
  return (level?.variablesAt(context.pc) ?? []).map((found) => valueOfVariable(found, context));
}

/** The addresses a rendering reads. */
function addressesOf(value: Value): number[] {
  const read = new Set<number>();
  const context = Object.create(value.context) as { -readonly [K in keyof InspectionContext]: InspectionContext[K] };
  context.readMemory = (address, sizeBytes) => {
    for (let index = 0; index < Math.min(sizeBytes, 64); index++) read.add(address + index);
    return value.context.readMemory(address, sizeBytes);
  };
  renderValue({ ...value, context });
  return [...read];
}

describe.each(STOPS)('$program at $name', ({ program, name }) => {
  test('a byte that changed is seen, and so is one that changed back', () => {
    const at = stage(program, name);
    const cache = new RenderCache();
    for (const value of valuesOf(at)) {
      const addresses = addressesOf(value);
      const every = Math.max(1, Math.floor(addresses.length / BYTES_MAX));
      for (const address of addresses.filter((_, index) => index % every === 0)) {
        const before = at.context.readMemory(address, 1);
        if (before === undefined) continue;
        for (const byte of [before[0]! ^ 0x81, before[0]!]) {
          at.context.writeMemory!(address, Uint8Array.of(byte));
          for (const hex of [false, true]) {
            expect(cache.render(value, hex), `${value.evaluateName} ${address.toString(16)}`).toEqual(
              renderValue(value, { hex }),
            );
          }
          cache.nextStop();
        }
      }
    }
  });
});

const at = stage('rust5-values', 'objects');

test('what has not changed is the text of the last stop', () => {
  const cache = new RenderCache();
  const first = cache.render(variable(at, 'zoo'), false);
  cache.nextStop();
  expect(cache.render(variable(at, 'zoo'), false)).toBe(first);
  // A second rotation without a look between them is none.
  cache.nextStop();
  cache.nextStop();
  expect(cache.render(variable(at, 'zoo'), false)).toBe(first);
  expect(cache.render(variable(at, 'zoo'), true)).not.toBe(first);
});

test('what was not looked at for a whole stop is forgotten', () => {
  const cache = new RenderCache();
  const first = cache.render(variable(at, 'zoo'), false);
  cache.nextStop();
  cache.render(variable(at, 'shown'), false);
  cache.nextStop();
  expect(cache.render(variable(at, 'zoo'), false)).not.toBe(first);
});

test('other images at the same addresses are seen, though no byte has changed', () => {
  const cache = new RenderCache();
  const value = variable(at, 'shown');
  const first = cache.render(value, false);
  expect(first.typeName).toContain('Point');
  const context = Object.create(value.context, {
    concreteTypeOfVtable: { value: () => undefined },
  }) as InspectionContext;
  const elsewhere = { ...value, context };
  expect(cache.render(elsewhere, false)).toEqual(renderValue(elsewhere));
  expect(cache.render(elsewhere, false).text).not.toBe(first.text);
});
