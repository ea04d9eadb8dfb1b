import { requireFinite } from "./finite.ts";

/** A signal scaled to [0, 1] and what it was scaled by. */
export interface UnitSignal {
  samples: Float32Array<ArrayBuffer>;
  /** Smallest and largest value of the signal before scaling, in its own unit. */
  min: number;
  max: number;
  /** True where all values were equal: the samples are then all 0. */
  constant: boolean;
}

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

/**
 * Scales an array by its own minimum and maximum to [0, 1].
 *
 * @param x Finite samples, at least one: a whole record or one window.
 * @returns The samples in [0, 1], smallest value 0 and largest 1; a constant signal gives zeros and says so.
 * @throws RangeError if there are no samples or one is not finite.
 */
export function scaleToUnit(x: Float32Array | Float64Array): UnitSignal {
  if (x.length === 0) throw new RangeError("Cannot scale a signal: it must hold at least one sample, got 0");
  requireFinite(x, "scale a signal");
  let min = Infinity, max = -Infinity;
  for (let i = 0; i < x.length; i++) {
    if (x[i] < min) min = x[i];
    if (x[i] > max) max = x[i];
  }
  if (min === max) return { samples: new Float32Array(x.length), min, max, constant: true };
  return { samples: scaleRange(x, { min, max }), min, max, constant: false };
}
