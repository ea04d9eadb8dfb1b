/** Integers of 16 bits that stand for fractions: raw / 2^(15 - integerBits). */

const MIN = -32768, MAX = 32767;
/** 1 as a number with 2 integer bits, in which divisions are done. */
const ONE_2 = 1 << 13;
// Constants of the library are given with 31 fractional bits.
const EXP_MINUS_EIGHTH = constant(1895147668), THIRD = constant(715827883);
const CONSTANT_48_OVER_17 = constant(1515870810), CONSTANT_NEG_32_OVER_17 = constant(-1010580540);
/** exp(-2^exponent), for the exponents from -2 on. */
const EXPONENTIALS = [1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242].map(constant);
const FIRST_EXPONENT = -2;

/**
 * @param raw Q3.12: 3 integer bits.
 * @returns The logistic function, Q0.15, as the reference kernels compute it.
 *
 * Source: logistic in gemmlowp's fixedpoint/fixedpoint.h for int16.
 */
export function fixedLogistic(raw: number): number {
  if (raw === 0) return 1 << 14;
  const positive = oneOverOnePlus(expOfNegative(wrap(raw > 0 ? -raw : raw), 3));
  return raw > 0 ? positive : MAX - positive;
}

/**
 * @param raw With `integerBits` integer bits, 0 to 6.
 * @returns tanh, Q0.15, as the reference kernels compute it.
 *
 * Source: tanh in gemmlowp's fixedpoint/fixedpoint.h for int16.
 */
export function fixedTanh(raw: number, integerBits: number): number {
  if (raw === 0) return 0;
  // The same bits read with one more integer bit are twice the number.
  const exponential = expOfNegative(raw < 0 ? raw : -raw, integerBits + 1);
  const magnitude = oneMinusOverOnePlus(exponential);
  return raw < 0 ? wrap(-magnitude) : magnitude;
}

/** @returns exp of a number that is at most 0, Q0.15. */
function expOfNegative(raw: number, integerBits: number): number {
  if (raw === 0) return MAX;
  const fractionalBits = 15 - integerBits, quarter = 1 << (fractionalBits - 2);
  if (integerBits > 5 && raw < roundingShift(-(2 ** (36 - integerBits)), 16)) return 0;
  const inQuarter = (raw & (quarter - 1)) - quarter;
  const rest = wrap(inQuarter - raw);
  let result = expInQuarter(multiplyByPowerOfTwo(inQuarter, integerBits));
  for (let exponent = FIRST_EXPONENT; exponent < integerBits; exponent++) {
    const factor = EXPONENTIALS[exponent - FIRST_EXPONENT];
    if (factor !== undefined && (rest & (1 << (fractionalBits + exponent))) !== 0) {
      result = multiply(result, factor);
    }
  }
  return result;
}

/** @param raw Q0.15 in [-1/4, 0). @returns Its exponential by Taylor's series around -1/8. */
function expInQuarter(raw: number): number {
  const x = wrap(raw + (1 << 12));
  const square = multiply(x, x), cube = multiply(square, x);
  const fourth = roundingShift(multiply(square, square), 2);
  const rest = roundingShift(wrap(multiply(wrap(fourth + cube), THIRD) + square), 1);
  return saturate(EXP_MINUS_EIGHTH + multiply(EXP_MINUS_EIGHTH, wrap(x + rest)));
}

/** @param raw Q0.15 in (0, 1). @returns 1 / (1 + x). */
function oneOverOnePlus(raw: number): number {
  return multiplyByPowerOfTwo(twiceReciprocal(raw), 1);
}

/** @param raw Q0.15 in (0, 1). @returns (1 - x) / (1 + x). */
function oneMinusOverOnePlus(raw: number): number {
  return multiplyByPowerOfTwo(wrap(twiceReciprocal(raw) - ONE_2), 2);
}

/** @returns 2 / (1 + x) with 2 integer bits, by Newton's method. */
function twiceReciprocal(raw: number): number {
  // (raw + 1) / 2 with the half rounded up; both are positive.
  const halfDenominator = (raw + MAX + 1) >> 1;
  let x = wrap(CONSTANT_48_OVER_17 + multiply(halfDenominator, CONSTANT_NEG_32_OVER_17));
  for (let i = 0; i < 3; i++) {
    const error = wrap(ONE_2 - multiply(halfDenominator, x));
    x = wrap(x + multiplyByPowerOfTwo(multiply(x, error), 2));
  }
  return x;
}

/** Product of two numbers of 15 fractional bits, halves upwards. */
function multiply(a: number, b: number): number {
  return a === MIN && b === MIN ? MAX : (a * b + (1 << 14)) >> 15;
}

function multiplyByPowerOfTwo(raw: number, exponent: number): number {
  const limit = (1 << (15 - exponent)) - 1;
  return raw > limit ? MAX : raw < -limit ? MIN : raw << exponent;
}

/** Halves away from zero. */
function roundingShift(raw: number, exponent: number): number {
  const half = 1 << (exponent - 1);
  return raw < 0 ? -((-raw + half) >> exponent) : (raw + half) >> exponent;
}

function constant(int32: number): number {
  return Math.round(int32 / 2 ** 16);
}

function wrap(value: number): number {
  return value << 16 >> 16;
}

function saturate(value: number): number {
  return value > MAX ? MAX : value < MIN ? MIN : value;
}
