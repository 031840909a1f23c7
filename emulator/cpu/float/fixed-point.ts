/**
 * Elementary functions of numbers in fixed point: integers of any length that count units of 2^-bits.
 *
 * Integers alone, so that every engine computes the same digits; the errors are a few units in the last place, and the
 * callers work with some seventy bits more than they keep.
 */

/** Bits behind the point of the constants below. */
const CONSTANT_BITS = 256;
const PI = 0x3243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89n;
const LN2 = 0xb17217f7d1cf79abc9e3b39803f2f6af40f343267298b62d8a0d175b8baafa2bn;
const LOG2_E = 0x171547652b82fe1777d0ffda0d23a7d11d6aef551bad2b4b1164a2cd9a342648fn;

function constant(value: bigint, bits: number): bigint {
  return value >> BigInt(CONSTANT_BITS - bits);
}

/** Up to 256 bits behind the point. */
export function pi(bits: number): bigint {
  return constant(PI, bits);
}

export function ln2(bits: number): bigint {
  return constant(LN2, bits);
}

export function log2e(bits: number): bigint {
  return constant(LOG2_E, bits);
}

export function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(16).length * 4 - 3 + LENGTH_OF_DIGIT[parseInt(value.toString(16)[0], 16)];
}

/** Bits of a hexadecimal digit, less one. */
const LENGTH_OF_DIGIT = [0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3];

/** For |x| below one. */
export function sine(x: bigint, bits: number): bigint {
  const shift = BigInt(bits);
  const square = (x * x) >> shift;
  let term = x;
  let sum = x;
  for (let n = 2n; term !== 0n && term !== -1n; n += 2n) {
    term = -((term * square) >> shift) / (n * (n + 1n));
    sum += term;
  }
  return sum;
}

export function cosine(x: bigint, bits: number): bigint {
  const shift = BigInt(bits);
  const square = (x * x) >> shift;
  let term = 1n << shift;
  let sum = term;
  for (let n = 1n; term !== 0n && term !== -1n; n += 2n) {
    term = -((term * square) >> shift) / (n * (n + 1n));
    sum += term;
  }
  return sum;
}

/** e^x - 1 for |x| below one. */
export function exponentialMinusOne(x: bigint, bits: number): bigint {
  const shift = BigInt(bits);
  let term = x;
  let sum = x;
  for (let n = 2n; term !== 0n && term !== -1n; n++) {
    term = ((term * x) >> shift) / n;
    sum += term;
  }
  return sum;
}

/** ln((1 + z) / (1 - z)) for |z| below a fifth: ln of a number from about 2/3 to 3/2. */
export function logarithm(z: bigint, bits: number): bigint {
  const shift = BigInt(bits);
  const square = (z * z) >> shift;
  let power = z;
  let sum = z;
  for (let n = 3n; power !== 0n && power !== -1n; n += 2n) {
    power = (power * square) >> shift;
    sum += power / n;
  }
  return 2n * sum;
}

const STEPS = 16;
/** Arctangents of 0/16 to 16/16. */
const STEP_ARCTANGENTS = stepArctangents();

function stepArctangents(): readonly bigint[] {
  const unit = 1n << BigInt(CONSTANT_BITS);
  const table = [0n];
  for (let step = 1n; step <= STEPS; step++) {
    // atan a - atan b = atan((a - b) / (1 + ab))
    const difference = (unit * 16n) / (256n + step * (step - 1n));
    table.push(table[table.length - 1] + arctangentSeries(difference, CONSTANT_BITS));
  }
  return table;
}

function arctangentSeries(x: bigint, bits: number): bigint {
  const shift = BigInt(bits);
  const square = (x * x) >> shift;
  let power = x;
  let sum = x;
  for (let n = 3n; power !== 0n && power !== -1n; n += 2n) {
    power = -((power * square) >> shift);
    sum += power / n;
  }
  return sum;
}

/** For x from 0 to 1; up to 240 bits behind the point where x is 1/32 or more. */
export function arctangent(x: bigint, bits: number): bigint {
  const unit = 1n << BigInt(bits);
  const step = (x * BigInt(STEPS) + unit / 2n) >> BigInt(bits);
  if (step === 0n) return arctangentSeries(x, bits);
  const rest = ((x * 16n - step * unit) << BigInt(bits)) / (16n * unit + x * step);
  return constant(STEP_ARCTANGENTS[Number(step)], bits) + arctangentSeries(rest, bits);
}
