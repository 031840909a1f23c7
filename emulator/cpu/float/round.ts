/**
 * The last step of every operation: an exact result, or one with a sticky bit, becomes a value of the destination's
 * precision and range. IEEE 754-2008 §4.3 and §7.4-7.6; SDM Vol. 1, "Rounding", "Numeric Overflow Exception",
 * "Numeric Underflow Exception".
 *
 * Invariant: tininess is detected after rounding, as on every x86 processor.
 */
import {
  EXPONENT_MAX,
  FLUSH_TO_ZERO,
  FORMAT,
  FORMAT_DOUBLE,
  FORMAT_EXTENDED,
  INTEGER_BIT,
  OVERFLOW,
  PRECISION,
  PRECISION_24,
  PRECISION_53,
  PRECISION_64,
  PRECISION_CONTROL,
  ROUND_DOWN,
  ROUND_NEAREST,
  ROUND_TO_ZERO,
  ROUND_UP,
  ROUNDED_UP,
  ROUNDING_CONTROL,
  SIMD,
  UNDERFLOW,
  WRAP,
  setInfinity,
  setValue,
} from './format.ts';

// Biased exponents of the smallest and the largest normal number, in the 15-bit range.
const EXTENDED_MIN = 1;
const EXTENDED_MAX = EXPONENT_MAX - 1;
const DOUBLE_MIN = 0x3c01;
const DOUBLE_MAX = 0x43fe;
const SINGLE_MIN = 0x3f81;
const SINGLE_MAX = 0x407e;

/** @param format bits FORMAT of a control word */
export function smallestExponent(format: number): number {
  if (format === FORMAT_EXTENDED) return EXTENDED_MIN;
  return format === FORMAT_DOUBLE ? DOUBLE_MIN : SINGLE_MIN;
}

function largestExponent(format: number): number {
  if (format === FORMAT_EXTENDED) return EXTENDED_MAX;
  return format === FORMAT_DOUBLE ? DOUBLE_MAX : SINGLE_MAX;
}

/**
 * @param sign 0 or SIGN
 * @param exponent biased; any integer
 * @param high with the integer bit set
 * @param extra what follows the low half; its last bit is sticky
 * @returns flags. In a narrow format a denormal result keeps the smallest exponent and has no integer bit.
 */
export function round(
  m: Int32Array,
  out: number,
  control: number,
  sign: number,
  exponent: number,
  high: number,
  low: number,
  extra: number,
): number {
  if ((control & (FORMAT | PRECISION_CONTROL | ROUNDING_CONTROL)) === PRECISION_64) {
    // The usual case: 64 bits, to nearest, far from the ends of the range.
    if (exponent > 0 && exponent < EXTENDED_MAX) {
      m[out + 2] = sign | exponent;
      if (extra === 0) {
        m[out] = low;
        m[out + 1] = high;
        return 0;
      }
      if (extra < 0 && ((extra & 0x7fff_ffff) | (low & 1)) !== 0) {
        const up = (low + 1) | 0;
        m[out] = up;
        m[out + 1] = high;
        if (up === 0) {
          const carried = (high + 1) | 0;
          m[out + 1] = carried;
          if (carried === 0) {
            m[out + 1] = INTEGER_BIT;
            m[out + 2] = sign | (exponent + 1);
          }
        }
        return PRECISION | ROUNDED_UP;
      }
      m[out] = low;
      m[out + 1] = high;
      return PRECISION;
    }
  }
  return roundAny(m, out, control, sign, exponent, high, low, extra);
}

function roundAny(
  m: Int32Array,
  out: number,
  control: number,
  sign: number,
  exponent: number,
  high: number,
  low: number,
  extra: number,
): number {
  const format = control & FORMAT;
  const exponentMin = smallestExponent(format);
  if (exponent >= exponentMin) return roundNormal(m, out, control, sign, exponent, high, low, extra);

  const unmasked = (control & UNDERFLOW) === 0;
  // Tiny unless rounding with an unbounded exponent reaches the smallest normal number.
  const unbounded = roundSignificand(m, out, control, sign, high, low, extra);
  const tiny = exponent !== exponentMin - 1 || m[out + 2] === 0;
  if (unmasked && tiny && format === FORMAT_EXTENDED) {
    // SDM Vol. 2, FSCALE: what the adjusted exponent cannot express either becomes zero, or infinity.
    if (exponent + WRAP < EXTENDED_MIN) {
      setValue(m, out, sign, 0, 0);
      return UNDERFLOW | PRECISION;
    }
    return roundNormal(m, out, control, sign, exponent + WRAP, high, low, extra) | UNDERFLOW;
  }
  if (unmasked && tiny && format !== FORMAT_EXTENDED) return unbounded | UNDERFLOW;
  if (tiny && (control & FLUSH_TO_ZERO) !== 0 && !unmasked) {
    setValue(m, out, sign, 0, 0);
    return UNDERFLOW | PRECISION;
  }
  let shift = exponentMin - exponent;
  let [a, b, c] = [high, low, extra];
  if (shift >= 96) {
    shift = 0;
    [a, b, c] = [0, 0, 1];
  }
  for (; shift >= 32; shift -= 32) {
    c = b | (c !== 0 ? 1 : 0);
    b = a;
    a = 0;
  }
  if (shift > 0) {
    const lost = c << (32 - shift);
    c = (c >>> shift) | (b << (32 - shift)) | (lost !== 0 ? 1 : 0);
    b = (b >>> shift) | (a << (32 - shift));
    a >>>= shift;
  }
  const flags = roundSignificand(m, out, control, sign, a | 0, b, c);
  // Rounding up to the integer bit makes it the smallest normal number.
  const normal = m[out + 1] < 0;
  m[out + 2] = sign | (normal || format !== FORMAT_EXTENDED ? exponentMin : 0);
  if ((m[out] | m[out + 1]) === 0) m[out + 2] = sign;
  return tiny && flags !== 0 ? flags | UNDERFLOW : flags;
}

function roundNormal(
  m: Int32Array,
  out: number,
  control: number,
  sign: number,
  exponent: number,
  high: number,
  low: number,
  extra: number,
): number {
  const flags = roundSignificand(m, out, control, sign, high, low, extra);
  const rounded = exponent + m[out + 2];
  const format = control & FORMAT;
  if (rounded <= largestExponent(format)) {
    m[out + 2] = sign | rounded;
    return flags;
  }
  if ((control & OVERFLOW) === 0) {
    if (format === FORMAT_EXTENDED && rounded - WRAP > EXTENDED_MAX) {
      setInfinity(m, out, sign);
      return OVERFLOW | PRECISION | ROUNDED_UP;
    }
    if (format === FORMAT_EXTENDED) m[out + 2] = sign | (rounded - WRAP);
    return flags | OVERFLOW;
  }
  return overflow(m, out, control, sign);
}

/** The masked response: infinity, or the largest number where rounding goes towards zero. */
function overflow(m: Int32Array, out: number, control: number, sign: number): number {
  const rounding = control & ROUNDING_CONTROL;
  const towardsZero = rounding === ROUND_TO_ZERO || rounding === (sign === 0 ? ROUND_DOWN : ROUND_UP);
  if (!towardsZero) {
    setInfinity(m, out, sign);
    return OVERFLOW | PRECISION | ROUNDED_UP;
  }
  const precision = control & PRECISION_CONTROL;
  const exponent = largestExponent(control & FORMAT);
  if (precision === PRECISION_24) setValue(m, out, sign | exponent, 0xffff_ff00 | 0, 0);
  else setValue(m, out, sign | exponent, -1, precision === PRECISION_53 ? -0x800 : -1);
  return OVERFLOW | PRECISION;
}

/**
 * Rounds to the precision, whatever the exponent. Leaves the significand in `out`, and in its third slot whether it has
 * reached the next power of two (1), being the integer bit alone then.
 */
function roundSignificand(
  m: Int32Array,
  out: number,
  control: number,
  sign: number,
  high: number,
  low: number,
  extra: number,
): number {
  const precision = control & PRECISION_CONTROL;
  let half: boolean;
  let rest: boolean;
  let odd: boolean;
  let [a, b] = [high, low];
  if (precision === PRECISION_24) {
    half = (high & 0x80) !== 0;
    rest = ((high & 0x7f) | low | extra) !== 0;
    odd = (high & 0x100) !== 0;
    a = high & ~0xff;
    b = 0;
  } else if (precision === PRECISION_53) {
    half = (low & 0x400) !== 0;
    rest = ((low & 0x3ff) | extra) !== 0;
    odd = (low & 0x800) !== 0;
    b = low & ~0x7ff;
  } else {
    half = extra < 0;
    rest = (extra & 0x7fff_ffff) !== 0;
    odd = (low & 1) !== 0;
  }
  m[out + 2] = 0;
  m[out] = b;
  m[out + 1] = a;
  if (!half && !rest) return 0;
  const rounding = control & ROUNDING_CONTROL;
  const up = rounding === ROUND_NEAREST ? half && (rest || odd) : rounding === (sign === 0 ? ROUND_UP : ROUND_DOWN);
  if (!up) return PRECISION;
  if (precision === PRECISION_24) a = (a + 0x100) | 0;
  else {
    b = (b + (precision === PRECISION_53 ? 0x800 : 1)) | 0;
    if (b === 0) a = (a + 1) | 0;
  }
  if (a === 0 && b === 0 && high < 0) {
    a = INTEGER_BIT;
    m[out + 2] = 1;
  }
  m[out] = b;
  m[out + 1] = a;
  return PRECISION | ROUNDED_UP;
}

/** Whether the flags leave the destination of a store or an SSE operation as it was. */
export function suppresses(flags: number, control: number): boolean {
  return (flags & ~control & 0x3f & ((control & SIMD) !== 0 ? 0x3f : ~PRECISION)) !== 0;
}
