/**
 * The x87's transcendental functions. SDM Vol. 1, "Transcendental Instruction Accuracy", "Approximation of Pi";
 * Vol. 2, F2XM1, FPATAN, FPTAN, FSIN, FCOS, FSINCOS, FYL2X, FYL2XP1.
 *
 * Results are the mathematical ones, rounded once. Processors promise less (one unit in the last place), so the last
 * bit may differ from any of them. Precision control has no say. One peculiarity is theirs, Intel's and AMD's alike, and is
 * kept: angles are reduced by a pi of 66 bits.
 */
import {
  BEFORE_RESULT,
  BIAS,
  Class,
  DENORMAL,
  EXPONENT_MAX,
  INTEGER_BIT,
  PRECISION,
  PRECISION_64,
  SIGN,
  UNDERFLOW,
  ZERO_DIVIDE,
  classify,
  copyValue,
  setInfinity,
  setValue,
  setZero,
} from './format.ts';
import { arctangent, bitLength, cosine, exponentialMinusOne, ln2, log2e, logarithm, pi, sine } from './fixed-point.ts';
import { invalid, isNoNumber, propagate, propagate2 } from './nan.ts';
import { round } from './round.ts';

/** The argument is too large (C2). */
export const OUT_OF_RANGE = 0x1_0000;

/** Bits that a result of magnitude 1 is computed with. */
const WORKING_BITS = 150;
/** Below 2^-TINY the first term of every series is the result, but for a sticky bit. */
const TINY = 70;

/** The pi of 66 bits, in units of 2^-64. */
const PI_66 = 0x3_243f_6a88_85a3_08d3n;
const PI_66_BITS = 64;

/** A finite value as magnitude * 2^exponent. */
interface Magnitude {
  readonly significand: bigint;
  readonly exponent: number;
}

function magnitudeOf(m: Int32Array, at: number): Magnitude {
  const significand = (BigInt(m[at + 1] >>> 0) << 32n) | BigInt(m[at] >>> 0);
  return { significand, exponent: (m[at + 2] & EXPONENT_MAX || 1) - BIAS - 63 };
}

/** Floor of the binary logarithm. */
function scaleOf({ significand, exponent }: Magnitude): number {
  return bitLength(significand) - 1 + exponent;
}

function toFixed({ significand, exponent }: Magnitude, bits: number): bigint {
  const shift = exponent + bits;
  return shift >= 0 ? significand << BigInt(shift) : significand >> BigInt(-shift);
}

/**
 * Rounds value * 2^-bits.
 * @param exact whether nothing was cut off
 */
function put(
  m: Int32Array,
  out: number,
  control: number,
  sign: number,
  value: bigint,
  bits: number,
  exact = false,
): number {
  const length = bitLength(value);
  const shift = length - 96;
  const kept = shift >= 0 ? value >> BigInt(shift) : value << BigInt(-shift);
  const sticky = exact && (shift <= 0 || kept << BigInt(shift) === value) ? 0 : 1;
  const word = (index: bigint): number => Number((kept >> (32n * index)) & 0xffff_ffffn) | 0;
  return round(m, out, control | PRECISION_64, sign, BIAS + length - 1 - bits, word(2n), word(1n), word(0n) | sticky);
}

/** A value of `magnitude` that is a little smaller (`below`) or larger than it looks. */
function putNearly(
  m: Int32Array,
  out: number,
  control: number,
  sign: number,
  { significand, exponent }: Magnitude,
  below: boolean,
): number {
  const wide = (significand << 64n) + (below ? -1n : 1n);
  return put(m, out, control, sign, wide, 64 - exponent);
}

/** Sine, cosine and tangent share their special operands. @returns undefined for a finite value that is in range */
function specialAngle(m: Int32Array, a: number, out: number, control: number): number | undefined {
  const kind = classify(m, a);
  if (isNoNumber(kind)) return propagate(m, a, kind, out, control);
  if (kind === Class.INFINITY) return invalid(m, out, control);
  if ((m[a + 2] & EXPONENT_MAX) >= BIAS + 63) return OUT_OF_RANGE;
  return undefined;
}

interface Reduced {
  /** 0 to 3. */
  readonly quadrant: number;
  /** From -pi/4 to pi/4. */
  readonly negative: boolean;
  readonly angle: Magnitude;
}

/** Takes multiples of pi/2 off an angle's magnitude, exactly. */
function reduce(angle: Magnitude): Reduced {
  if (scaleOf(angle) < -1) return { quadrant: 0, negative: false, angle };
  // In units of 2^-128: an angle above 1/2 has no bits below 2^-64.
  const bits = 128;
  const fixed = toFixed(angle, bits);
  const halfPi = PI_66 << BigInt(bits - PI_66_BITS - 1);
  const count = (2n * fixed + halfPi) / (2n * halfPi);
  const rest = fixed - count * halfPi;
  const negative = rest < 0n;
  return {
    quadrant: Number(count & 3n),
    negative,
    angle: { significand: negative ? -rest : rest, exponent: -bits },
  };
}

function bitsFor(scale: number): number {
  return WORKING_BITS + Math.max(0, -scale);
}

function putSine(m: Int32Array, out: number, control: number, sign: number, angle: Magnitude): number {
  if (angle.significand === 0n) {
    setZero(m, out, sign);
    return 0;
  }
  const scale = scaleOf(angle);
  if (scale < -TINY) return putNearly(m, out, control, sign, angle, true);
  const bits = bitsFor(scale);
  return put(m, out, control, sign, sine(toFixed(angle, bits), bits), bits);
}

function putCosine(m: Int32Array, out: number, control: number, sign: number, angle: Magnitude): number {
  if (angle.significand === 0n) {
    setValue(m, out, sign | BIAS, INTEGER_BIT, 0);
    return 0;
  }
  const bits = WORKING_BITS;
  if (scaleOf(angle) < -TINY) return put(m, out, control, sign, (1n << 100n) - 1n, 100);
  return put(m, out, control, sign, cosine(toFixed(angle, bits), bits), bits);
}

export function fsin(m: Int32Array, a: number, out: number, control: number): number {
  const special = specialAngle(m, a, out, control);
  if (special !== undefined) return special;
  const flags = classify(m, a) === Class.DENORMAL ? DENORMAL : 0;
  if ((flags & ~control & BEFORE_RESULT) !== 0) return flags;
  const { quadrant, negative, angle } = reduce(magnitudeOf(m, a));
  const sign = (m[a + 2] & SIGN) ^ ((quadrant & 2) !== 0 ? SIGN : 0);
  if ((quadrant & 1) !== 0) return flags | putCosine(m, out, control, sign, angle);
  return flags | putSine(m, out, control, sign ^ (negative ? SIGN : 0), angle);
}

export function fcos(m: Int32Array, a: number, out: number, control: number): number {
  const special = specialAngle(m, a, out, control);
  if (special !== undefined) return special;
  const flags = classify(m, a) === Class.DENORMAL ? DENORMAL : 0;
  if ((flags & ~control & BEFORE_RESULT) !== 0) return flags;
  const { quadrant, negative, angle } = reduce(magnitudeOf(m, a));
  const sign = quadrant === 1 || quadrant === 2 ? SIGN : 0;
  if ((quadrant & 1) === 0) return flags | putCosine(m, out, control, sign, angle);
  return flags | putSine(m, out, control, sign ^ (negative ? SIGN : 0), angle);
}

export function tangent(m: Int32Array, a: number, out: number, control: number): number {
  const special = specialAngle(m, a, out, control);
  if (special !== undefined) return special;
  const flags = classify(m, a) === Class.DENORMAL ? DENORMAL : 0;
  if ((flags & ~control & BEFORE_RESULT) !== 0) return flags;
  const sign = m[a + 2] & SIGN;
  const { quadrant, negative, angle } = reduce(magnitudeOf(m, a));
  const odd = (quadrant & 1) !== 0;
  const resultSign = sign ^ (negative !== odd ? SIGN : 0);
  if (angle.significand === 0n) {
    setZero(m, out, resultSign);
    return flags;
  }
  const scale = scaleOf(angle);
  if (scale < -TINY && !odd) return flags | putNearly(m, out, control, resultSign, angle, false);
  const bits = bitsFor(scale) + (odd ? Math.max(0, -scale) : 0);
  const fixed = toFixed(angle, bits);
  const [s, c] = [sine(fixed, bits), cosine(fixed, bits)];
  const ratio = odd ? (c << BigInt(bits)) / s : (s << BigInt(bits)) / c;
  return flags | put(m, out, control, resultSign, ratio, bits);
}

/** 2^x - 1 for x from -1 to 1. Beyond, where the manual leaves the result open, the operand is what comes back. */
export function powerMinusOne(m: Int32Array, a: number, out: number, control: number): number {
  const kind = classify(m, a);
  if (isNoNumber(kind)) return propagate(m, a, kind, out, control);
  const sign = m[a + 2] & SIGN;
  if (kind === Class.INFINITY) {
    if (sign === 0) copyValue(m, a, out);
    else setValue(m, out, SIGN | BIAS, INTEGER_BIT, 0);
    return 0;
  }
  const flags = kind === Class.DENORMAL ? DENORMAL : 0;
  if ((flags & ~control & BEFORE_RESULT) !== 0) return flags;
  if (kind === Class.ZERO) {
    copyValue(m, a, out);
    return 0;
  }
  const value = magnitudeOf(m, a);
  const scale = scaleOf(value);
  if (scale >= 0) {
    const one = scale === 0 && m[a + 1] === INTEGER_BIT && m[a] === 0;
    if (one && sign !== 0) setValue(m, out, SIGN | (BIAS - 1), INTEGER_BIT, 0);
    else copyValue(m, a, out);
    return one ? flags : flags | PRECISION;
  }
  if (scale < -TINY * 2) {
    return flags | put(m, out, control, sign, value.significand * ln2(200), 200 - value.exponent);
  }
  const bits = bitsFor(scale);
  const exponent = (toFixed(value, bits) * ln2(200)) >> 200n;
  const result = exponentialMinusOne(sign === 0 ? exponent : -exponent, bits);
  return flags | put(m, out, control, sign, result < 0n ? -result : result, bits);
}

/** y * log2(x), y in `b`. */
export function logarithmTimes(m: Int32Array, a: number, b: number, out: number, control: number): number {
  const kindX = classify(m, a);
  const kindY = classify(m, b);
  if (isNoNumber(kindX) || isNoNumber(kindY)) return propagate2(m, a, kindX, b, kindY, out, control);
  const signY = m[b + 2] & SIGN;
  const negative = (m[a + 2] & SIGN) !== 0;
  if (kindX !== Class.ZERO && negative) return invalid(m, out, control);
  const exponent = (m[a + 2] & EXPONENT_MAX) - BIAS;
  const one = kindX === Class.NORMAL && exponent === 0 && m[a + 1] === INTEGER_BIT && m[a] === 0;
  if (kindX === Class.ZERO ? kindY === Class.ZERO : kindX === Class.INFINITY && kindY === Class.ZERO) {
    return invalid(m, out, control);
  }
  if (one && kindY === Class.INFINITY) return invalid(m, out, control);
  if (kindX === Class.ZERO && kindY !== Class.INFINITY) {
    if ((control & ZERO_DIVIDE) !== 0) setInfinity(m, out, signY ^ SIGN);
    return ZERO_DIVIDE;
  }
  const flags = kindX === Class.DENORMAL || kindY === Class.DENORMAL ? DENORMAL : 0;
  if ((flags & ~control & BEFORE_RESULT) !== 0) return flags;
  const signLogarithm = kindX !== Class.INFINITY && exponent < 0 ? SIGN : 0;
  const sign = signY ^ signLogarithm;
  if (kindX === Class.INFINITY || kindY === Class.INFINITY) {
    setInfinity(m, out, sign);
    return flags;
  }
  if (one || kindY === Class.ZERO) {
    setZero(m, out, sign);
    return flags;
  }
  return flags | putLogarithm(m, out, control, sign, magnitudeOf(m, a), magnitudeOf(m, b));
}

function putLogarithm(m: Int32Array, out: number, control: number, sign: number, x: Magnitude, y: Magnitude): number {
  let n = scaleOf(x);
  const length = BigInt(bitLength(x.significand) - 1);
  const power = 1n << length;
  if (x.significand === power) {
    // A power of two: the logarithm is an integer. Processors report #P also where the product is exact, and #U with it.
    const product = y.significand * BigInt(Math.abs(n));
    const flags = PRECISION | put(m, out, control, sign, product, -y.exponent, true);
    return classify(m, out) === Class.DENORMAL ? flags | UNDERFLOW : flags;
  }
  // x = 2^n * f / power, with f / power near 1.
  let f = x.significand;
  let unit = power;
  if (f * 2n > unit * 3n) {
    n++;
    unit *= 2n;
  }
  const difference = f - unit;
  const closeness = n === 0 ? bitLength(unit) - bitLength(difference < 0n ? -difference : difference) : 0;
  const bits = WORKING_BITS + closeness;
  f += unit;
  const z = (difference << BigInt(bits)) / f;
  const fraction = (logarithm(z, bits) * log2e(240)) >> 240n;
  const logarithm2 = (BigInt(n) << BigInt(bits)) + fraction;
  const magnitude = logarithm2 < 0n ? -logarithm2 : logarithm2;
  return put(m, out, control, sign, magnitude * y.significand, bits - y.exponent);
}

/** y * log2(1 + x), y in `b`. */
export function logarithmPlusOneTimes(m: Int32Array, a: number, b: number, out: number, control: number): number {
  const kindX = classify(m, a);
  const kindY = classify(m, b);
  if (isNoNumber(kindX) || isNoNumber(kindY)) return propagate2(m, a, kindX, b, kindY, out, control);
  const negative = (m[a + 2] & SIGN) !== 0;
  const sign = (m[a + 2] ^ m[b + 2]) & SIGN;
  const refused =
    (kindX === Class.INFINITY && (negative || kindY === Class.ZERO)) ||
    (kindX === Class.ZERO && kindY === Class.INFINITY);
  if (refused) return invalid(m, out, control);
  const flags = kindX === Class.DENORMAL || kindY === Class.DENORMAL ? DENORMAL : 0;
  if ((flags & ~control & BEFORE_RESULT) !== 0) return flags;
  if (kindX === Class.INFINITY || kindY === Class.INFINITY) {
    setInfinity(m, out, sign);
    return flags;
  }
  if (kindX === Class.ZERO || kindY === Class.ZERO) {
    setZero(m, out, sign);
    return flags;
  }
  const x = magnitudeOf(m, a);
  const y = magnitudeOf(m, b);
  const scale = scaleOf(x);
  if (scale < -TINY * 2) {
    const product = x.significand * y.significand * log2e(200);
    return flags | put(m, out, control, sign, product, 200 - x.exponent - y.exponent);
  }
  if (negative && scale >= 0) {
    // Beyond the domain, which ends far before -1, the operand is what comes back.
    copyValue(m, a, out);
    return flags | PRECISION;
  }
  if (scale >= 0) {
    const shift = BigInt(Math.max(0, -x.exponent));
    const significand = (x.significand << BigInt(Math.max(0, x.exponent))) + (1n << shift);
    return flags | putLogarithm(m, out, control, sign, { significand, exponent: -Number(shift) }, y);
  }
  if (negative && scale === -1) {
    // Towards -1, beyond the domain too, the series below would take for ever.
    const significand = (1n << BigInt(-x.exponent)) - x.significand;
    return flags | putLogarithm(m, out, control, sign, { significand, exponent: x.exponent }, y);
  }
  const bits = bitsFor(scale);
  const fixed = toFixed(x, bits) * (negative ? -1n : 1n);
  const z = (fixed << BigInt(bits)) / ((2n << BigInt(bits)) + fixed);
  const value = (logarithm(z, bits) * log2e(240)) >> 240n;
  return flags | put(m, out, control, sign, (value < 0n ? -value : value) * y.significand, bits - y.exponent);
}

/** The angle of the point with ordinate `b` and abscissa `a`. */
export function arctangentOf(m: Int32Array, a: number, b: number, out: number, control: number): number {
  const kindX = classify(m, a);
  const kindY = classify(m, b);
  if (isNoNumber(kindX) || isNoNumber(kindY)) return propagate2(m, a, kindX, b, kindY, out, control);
  const flags = kindX === Class.DENORMAL || kindY === Class.DENORMAL ? DENORMAL : 0;
  if ((flags & ~control & BEFORE_RESULT) !== 0) return flags;
  const left = (m[a + 2] & SIGN) !== 0;
  const sign = m[b + 2] & SIGN;
  const bits = WORKING_BITS;
  // Multiples of pi/4 that the special points lie at.
  let eighths = -1;
  if (kindY === Class.INFINITY) eighths = kindX === Class.INFINITY ? (left ? 3 : 1) : 2;
  else if (kindX === Class.INFINITY || kindY === Class.ZERO) eighths = left ? 4 : 0;
  else if (kindX === Class.ZERO) eighths = 2;
  if (eighths === 0) {
    setZero(m, out, sign);
    return flags;
  }
  if (eighths > 0) return flags | put(m, out, control, sign, (pi(bits) * BigInt(eighths)) / 4n, bits);
  const x = magnitudeOf(m, a);
  const y = magnitudeOf(m, b);
  const scale = scaleOf(y) - scaleOf(x);
  if (scale < -TINY * 2 && !left) return flags | putQuotient(m, out, control, sign, y, x);
  return flags | put(m, out, control, sign, angleOf(x, y, scale, left), bitsFor(left ? 0 : scale));
}

/** The quotient of two magnitudes, a little less. */
function putQuotient(m: Int32Array, out: number, control: number, sign: number, y: Magnitude, x: Magnitude): number {
  const quotient = (y.significand << 192n) / x.significand;
  return put(m, out, control, sign, quotient - 1n, 192 - y.exponent + x.exponent);
}

function angleOf(x: Magnitude, y: Magnitude, scale: number, left: boolean): bigint {
  const bits = bitsFor(left ? 0 : scale);
  // Both in the unit of the lower exponent, unless they are so far apart that the ratio vanishes.
  const distance = Math.max(-400, Math.min(400, y.exponent - x.exponent));
  const ordinate = y.significand << BigInt(Math.max(0, distance));
  const abscissa = x.significand << BigInt(Math.max(0, -distance));
  const steep = ordinate > abscissa;
  const ratio = steep ? (abscissa << BigInt(bits)) / ordinate : (ordinate << BigInt(bits)) / abscissa;
  const angle = arctangent(ratio, bits);
  const first = steep ? piFor(bits) / 2n - angle : angle;
  return left ? piFor(bits) - first : first;
}

/** Pi where more bits may be asked for than the constant has: those are far behind the last that matters. */
function piFor(bits: number): bigint {
  return bits <= 256 ? pi(bits) : pi(256) << BigInt(bits - 256);
}
