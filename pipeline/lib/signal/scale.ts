import { requireFinite } from "./finite.ts";

/**
 * Maps [min, max] linearly to [0, 1]; values outside land outside, nothing is clipped.
 *
 * @param x Finite samples.
 * @param range Range to map, in the signal's unit; min < max.
 * @param out Where the result goes, as long as `x`, which it may be; new memory when left out.
 * @returns Scaled samples, same length.
 * @throws RangeError if the range is empty or not finite, or a sample is not finite.
 */
export function scaleRange(
  x: Float32Array | Float64Array,
  { min, max }: { min: number; max: number },
  out: Float32Array<ArrayBuffer> = new Float32Array(x.length),
): Float32Array<ArrayBuffer> {
  if (!(max - min > 0 && max - min < Infinity)) {
    throw new RangeError(`Cannot scale a signal: min must lie below max, got [${min}, ${max}]`);
  }
  requireFinite(x, "scale a signal");
  // Dividing, not multiplying by the reciprocal, makes the maximum land on 1 exactly.
  const span = max - min;
  for (let i = 0; i < x.length; i++) out[i] = (x[i] - min) / span;
  return out;
}
