import { roundHalfAway } from "./fixed_point.ts";

const INT8_MIN = -128, INT8_MAX = 127;

/** Where to round values to. */
export interface DynamicRange {
  /** First value and one more than the last. */
  from: number;
  to: number;
  /** Whether the integers have a zero point, or stand for [-max, max]. */
  isAsymmetric: boolean;
}

/**
 * Rounds float values to the nearest that int8 can stand for in the scale that their own range asks for: what
 * kernels do to the input of int8 weights in an otherwise float graph. The integers' products are exact in
 * float64, so that the float kernels can go on from here.
 *
 * Source: PortableSymmetricQuantizeFloats and PortableAsymmetricQuantizeFloats in
 * tensorflow/lite/kernels/internal/reference/portable_tensor_utils.cc of TensorFlow 2.9.
 *
 * @param values float32 numbers, whatever the array. @param target Written at the same places; may be the same array.
 */
export function roundToInt8(
  values: Float32Array | Float64Array,
  target: Float32Array | Float64Array,
  { from, to, isAsymmetric }: DynamicRange,
): void {
  let min = Infinity, max = -Infinity;
  for (let i = from; i < to; i++) {
    if (values[i] < min) min = values[i];
    if (values[i] > max) max = values[i];
  }
  const { scale, inverse, zeroPoint, least } = isAsymmetric ? asymmetric(min, max) : symmetric(min, max);
  for (let i = from; i < to; i++) {
    const integer = roundHalfAway(Math.fround(zeroPoint + Math.fround(values[i] * inverse)));
    target[i] = scale * ((integer < least ? least : integer > INT8_MAX ? INT8_MAX : integer) - zeroPoint);
  }
}

function symmetric(min: number, max: number) {
  const range = Math.max(Math.abs(min), Math.abs(max));
  if (range === 0) return { scale: 1, inverse: 1, zeroPoint: 0, least: -INT8_MAX };
  return {
    scale: Math.fround(range / INT8_MAX),
    inverse: Math.fround(INT8_MAX / range),
    zeroPoint: 0,
    least: -INT8_MAX,
  };
}

function asymmetric(min: number, max: number) {
  const low = Math.min(0, min), high = Math.max(0, max), least = INT8_MIN;
  if (low === high) return { scale: 1, inverse: 1, zeroPoint: 0, least };
  const exact = (high - low) / (INT8_MAX - INT8_MIN), scale = Math.fround(exact);
  // The end with the smaller numbers gives the more precise zero point.
  const real = -INT8_MIN - low / exact < INT8_MAX + high / exact
    ? INT8_MIN - low / exact
    : INT8_MAX - high / exact;
  const zeroPoint = Math.min(Math.max(roundHalfAway(real), INT8_MIN), INT8_MAX);
  return { scale, inverse: Math.fround(1 / scale), zeroPoint, least };
}
