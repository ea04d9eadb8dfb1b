/** A real factor as the integer kernels multiply by it: multiplier x 2^(shift - 31). */
export interface QuantizedMultiplier {
  /** In [2^30, 2^31), or 0. */
  multiplier: number;
  /** Bits to the left; to the right if negative, at least -31. */
  shift: number;
}

const INT32_ONE = 2 ** 31;

/** @returns The nearest integer; halves go away from zero, where Math.round(-2.5) is -2. */
export function roundHalfAway(value: number): number {
  return value < 0 ? -Math.round(-value) : Math.round(value);
}

/**
 * Source: QuantizeMultiplier in tensorflow/lite/kernels/internal/quantization_util.cc of TensorFlow 2.9.
 *
 * @param real At least 0 and below 2^30.
 * @throws RangeError Another number.
 */
export function quantizeMultiplier(real: number): QuantizedMultiplier {
  if (!(real >= 0 && real < 2 ** 30)) {
    throw new RangeError(`its scales must give a factor in [0, 2^30), got ${real}`);
  }
  if (real === 0) return { multiplier: 0, shift: 0 };
  let shift = Math.floor(Math.log2(real)) + 1;
  // The logarithm of a number next to a power of two may be rounded to the power.
  if (real >= 2 ** shift) shift++;
  else if (real < 2 ** (shift - 1)) shift--;
  let multiplier = Math.round(real / 2 ** shift * INT32_ONE);
  if (multiplier === INT32_ONE) {
    multiplier /= 2;
    shift++;
  }
  return shift < -31 ? { multiplier: 0, shift: 0 } : { multiplier, shift };
}

/** Multiplies an int32 by a factor and rounds to an int32. */
export type Rescale = (x: number, factor: QuantizedMultiplier) => number;

/**
 * Rounds twice: the product's high half, halves upwards, and after the shift to the right again, halves away
 * from zero.
 *
 * Source: MultiplyByQuantizedMultiplier in tensorflow/lite/kernels/internal/common.h of TensorFlow 2.9.
 */
export const rescaleTwice: Rescale = (x, { multiplier, shift }) =>
  shift > 0
    ? doublingHighMultiply(x << shift, multiplier)
    : roundHalfAway(doublingHighMultiply(x, multiplier) / 2 ** -shift);

/**
 * As `rescaleTwice`, the second time with halves upwards.
 *
 * Source: ruy's kernels for AVX2 and AVX-512, which CONV_2D and FULLY_CONNECTED of the TFLite 2.9.0 library run
 * on; found by comparison, with RUY_PATHS=0x10 and 0x20. On processors without them its plain path (0x2) rounds
 * as `rescaleOnce`.
 */
export const rescaleTwiceUpwards: Rescale = (x, { multiplier, shift }) =>
  shift > 0
    ? doublingHighMultiply(x << shift, multiplier)
    : Math.floor(doublingHighMultiply(x, multiplier) / 2 ** -shift + 0.5);

/**
 * Rounds once, halves upwards.
 *
 * Source: MultiplyByQuantizedMultiplier with TFLITE_SINGLE_ROUNDING in the same file.
 */
export const rescaleOnce: Rescale = (x, { multiplier, shift }) => {
  const total = 31 - shift;
  // Factors above 2^14 leave only products that a float64 holds.
  if (total < 17) return Math.floor((x * multiplier + 2 ** (total - 1)) / 2 ** total) | 0;
  // The product but for its lowest 16 bits, which lie below the bit that rounds.
  const upper = x * (multiplier >>> 16) + Math.floor(x * (multiplier & 0xffff) / 2 ** 16);
  return Math.floor((upper + 2 ** (total - 17)) / 2 ** (total - 16)) | 0;
};

/** How a build of TFLite rescales. */
export interface Rescaling {
  /** In most operators. */
  rescale: Rescale;
  /** In CONV_2D and FULLY_CONNECTED, which may be computed by a matrix library. */
  rescaleProducts: Rescale;
}

/** Builds of TFLite whose integer arithmetic is known. */
export const RESCALINGS = {
  /** The reference kernels, and tflite-micro's, before single rounding became the default. */
  reference: { rescale: rescaleTwice, rescaleProducts: rescaleTwice },
  /** The TFLite 2.9.0 library on x86-64 with AVX2. */
  native: { rescale: rescaleTwice, rescaleProducts: rescaleTwiceUpwards },
  /** Builds with TFLITE_SINGLE_ROUNDING. */
  "single-rounding": { rescale: rescaleOnce, rescaleProducts: rescaleOnce },
} as const satisfies Record<string, Rescaling>;

/**
 * Multiplies two int32 numbers as fractions of 2^31, rounding halves upwards, without 64-bit integers.
 *
 * Source: SaturatingRoundingDoublingHighMul in gemmlowp's fixedpoint/fixedpoint.h, which says it with a nudge
 * by sign and a division towards zero.
 *
 * @param b At least 0.
 */
export function doublingHighMultiply(a: number, b: number): number {
  // a b = 2^16 a high + a low; both are below 2^48 and so exact, and so are all steps that follow.
  const carried = Math.floor((a * (b & 0xffff) + 2 ** 30) / 2 ** 16);
  return Math.floor((a * (b >>> 16) + carried) / 2 ** 15);
}
