/**
 * The floating-point helpers of translated code against the general ways of cpu/float: where they do not decline, the
 * same value, flags and C1; where they do, nothing has changed.
 */
import { expect, test } from 'vitest';
import { add, subtract } from '../../../emulator/cpu/float/add.ts';
import { EQUAL, LESS, compare } from '../../../emulator/cpu/float/compare.ts';
import { divide } from '../../../emulator/cpu/float/divide.ts';
import { FORMAT_DOUBLE, FORMAT_SINGLE, ROUNDING_CONTROL } from '../../../emulator/cpu/float/format.ts';
import { fromInt32, fromInt64, toInteger } from '../../../emulator/cpu/float/integer.ts';
import { multiply } from '../../../emulator/cpu/float/multiply.ts';
import {
  doubleHigh,
  doubleLow,
  fromDouble,
  fromSingle,
  narrow,
  singleBits,
} from '../../../emulator/cpu/float/narrow.ts';
import { squareRoot } from '../../../emulator/cpu/float/square-root.ts';
import { Status, controlOf, report, setConditions } from '../../../emulator/cpu/execute/x87/unit.ts';
import { FPU, FPU_CONTROL, FPU_STATUS, RESULT_VALUE } from '../../../emulator/cpu/registers.ts';
import { encodeModule } from '../../../emulator/translator/wasm-module.ts';
import { X87_HELPERS, X87_PARAMETERS, x87Functions, type X87Helper } from '../../../emulator/translator/x87/helpers.ts';
import { extended } from '../../conformance/host/values.ts';
import { Random } from '../cpu/random.ts';

const CASES = 60_000;
const SLOTS = 520;
// Byte offsets from the register file, and slots.
const [X, Y, OUT] = [0, 16, 32];
const slot = (value: number): number => FPU + value / 4;
const HOST = 2048;

const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
const table = new WebAssembly.Table({ element: 'anyfunc', initial: 1 });
const types = [{ parameters: X87_PARAMETERS, results: 1 }];
const bytes = encodeModule({ types, imports: [], functions: x87Functions(0) });
const helpers = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory, table } })
  .exports as unknown as Record<X87Helper, (a: number, b: number, c: number) => number>;

/** Parameters; undefined: the number at HOST. The general way of `x87Order` returns the helper's answer, which is 1 elsewhere. */
type Parameters = readonly [number | undefined, number, number];
type Ways = readonly [parameters: Parameters, general: (m: Int32Array, control: number) => unknown];

const binary =
  (operation: typeof add) =>
  (m: Int32Array, control: number): void => {
    report(m, operation(m, slot(X), slot(Y), slot(OUT), control));
  };

const storing =
  (format: number) =>
  (m: Int32Array, control: number): void => {
    report(m, narrow(m, slot(X), RESULT_VALUE, control, format));
    m[HOST / 4] = format === FORMAT_SINGLE ? singleBits(m, RESULT_VALUE) : doubleLow(m, RESULT_VALUE);
    if (format === FORMAT_DOUBLE) m[HOST / 4 + 1] = doubleHigh(m, RESULT_VALUE);
  };

const storingInteger =
  (bits: number) =>
  (m: Int32Array, control: number): void => {
    report(m, toInteger(m, slot(X), RESULT_VALUE, bits, control & ROUNDING_CONTROL));
    if (bits === 16) new Uint16Array(m.buffer)[HOST / 2] = m[RESULT_VALUE];
    else m[HOST / 4] = m[RESULT_VALUE];
    if (bits === 64) m[HOST / 4 + 1] = m[RESULT_VALUE + 1];
  };

//  helper              parameters        the general way
const ways: Readonly<Record<X87Helper, Ways>> = {
  x87Add: [[X, Y, OUT], binary(add)],
  x87Subtract: [[X, Y, OUT], binary(subtract)],
  x87Multiply: [[X, Y, OUT], binary(multiply)],
  x87Divide: [[X, Y, OUT], binary(divide)],
  x87SquareRoot: [[X, 0, X], (m, control) => report(m, squareRoot(m, slot(X), slot(X), control))],
  x87Compare: [
    [X, Y, 0],
    (m) => {
      const relation = compare(m, slot(X), slot(Y), false);
      report(m, relation);
      setConditions(m, (relation & EQUAL) !== 0 ? Status.C3 : (relation & LESS) !== 0 ? Status.C0 : 0);
    },
  ],
  x87Order: [[X, Y, 0], (m) => ((compare(m, slot(X), slot(Y), false) & LESS) !== 0 ? 2 : 1)],
  x87LoadSingle: [[HOST, OUT, 0], (m) => fromSingle(m, slot(OUT), m[HOST / 4])],
  x87LoadDouble: [[HOST, OUT, 0], (m) => fromDouble(m, slot(OUT), m[HOST / 4 + 1], m[HOST / 4])],
  x87LoadInt32: [[undefined, OUT, 0], (m) => fromInt32(m, slot(OUT), m[HOST / 4])],
  x87LoadInt64: [[HOST, OUT, 0], (m) => fromInt64(m, slot(OUT), m[HOST / 4 + 1], m[HOST / 4])],
  x87StoreSingle: [[X, HOST, 0], storing(FORMAT_SINGLE)],
  x87StoreDouble: [[X, HOST, 0], storing(FORMAT_DOUBLE)],
  x87StoreInt16: [[X, HOST, 0], storingInteger(16)],
  x87StoreInt32: [[X, HOST, 0], storingInteger(32)],
  x87StoreInt64: [[X, HOST, 0], storingInteger(64)],
};

/** Anything; or a number, of a size that conversions and sums have something to do with, and often with few bits. */
function putValue(random: Random, m: Int32Array, at: number): void {
  if (random.below(6) === 0) {
    const view = new DataView(extended(random).slice().buffer);
    m[at] = view.getInt32(0, true);
    m[at + 1] = view.getInt32(4, true);
    m[at + 2] = view.getUint16(8, true);
    return;
  }
  const bits = random.below(65);
  const keep = (shift: number): number => (shift <= 0 ? 0 : shift >= 32 ? -1 : -1 << (32 - shift));
  const fill = random.below(3) === 0 ? -1 : random.int32();
  m[at] = (random.below(2) === 0 ? fill : random.int32()) & keep(bits - 32);
  m[at + 1] = (fill & keep(bits)) | (0x8000_0000 | 0);
  m[at + 2] = (random.int32() & 0x8000) | (0x3fff + random.below(140) - 70);
}

/** Slots, but for the scratch of the general ways. */
function differing(a: Int32Array, b: Int32Array): number[] {
  const slots: number[] = [];
  for (let index = slot(X); index < SLOTS; index++) {
    if (a[index] !== b[index] && (index < RESULT_VALUE || index > RESULT_VALUE + 2)) slots.push(index);
  }
  return slots;
}

test.each(X87_HELPERS)('%s', (helper) => {
  const random = new Random(0x5e1f);
  const quick = new Int32Array(memory.buffer, 0, SLOTS);
  const [parameters, general] = ways[helper];
  const [start, slow] = [quick.slice(), quick.slice()];
  let done = 0;
  for (let n = 0; n < CASES; n++) {
    putValue(random, quick, slot(X));
    putValue(random, quick, slot(Y));
    if (random.below(4) === 0) {
      // Nearly the same number.
      quick.copyWithin(slot(Y), slot(X), slot(X) + 3);
      quick[slot(Y)] += random.below(5) - 2;
      quick[slot(Y) + 2] ^= random.below(2) << 15;
    }
    quick[HOST / 4] = random.int32();
    quick[HOST / 4 + 1] = random.below(8) === 0 ? 0 : random.int32();
    quick[FPU_CONTROL] = 0x7f | (random.below(2) === 0 ? 0x300 : random.below(16) << 8);
    quick[FPU_STATUS] = random.int32() & 0x477f;
    start.set(quick);
    slow.set(quick);
    const returned = general(slow, controlOf(slow));
    const answer = helper === 'x87Order' ? returned : 1;
    const [first, second, third] = parameters;
    const answered = helpers[helper](first ?? quick[HOST / 4], second, third);
    const executed = answered !== 0;
    done += executed ? 1 : 0;
    const wrong = differing(quick, executed ? slow : start);
    if (wrong.length === 0 && (!executed || answered === answer)) continue;
    const values = [...start.subarray(slot(X), slot(X) + 7), start[FPU_CONTROL]];
    expect.fail(`${n}: slots ${wrong.join(' ')} of ${values.map((word) => (word >>> 0).toString(16)).join(' ')}`);
  }
  expect(done / CASES).toBeGreaterThan(0.3);
});
