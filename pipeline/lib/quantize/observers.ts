import { forward } from "../nn/forward.ts";
import type { Model, Weights } from "../nn/model.ts";

/** Least and greatest value of a tensor. */
export interface Range {
  min: number;
  max: number;
}

/** Ranges by tensor name. */
export type Ranges = Map<string, Range>;

/**
 * Runs the reference forward pass on calibration windows and keeps each tensor's least and greatest value.
 *
 * Source: the reference behaviour of TensorFlow Lite's calibrator (minmax). Percentiles and moving averages
 * differed little.
 *
 * @param windows Training windows only, [count, ...inputShape]; one that the test uses would leak.
 * @param count Number of windows, at least 1; a few hundred suffice.
 * @returns Ranges of every tensor that `forward` reports: "<layer>", "<layer>/preactivation",
 *   "<layer>/hidden", "<layer>/cell".
 * @throws RangeError No windows, windows of another length, or a value that is not finite.
 */
export function calibrate(model: Model, weights: Weights, windows: Float32Array, count: number): Ranges {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`Cannot calibrate model "${model.name}": count must be at least 1, got ${count}`);
  }
  const ranges: Ranges = new Map();
  forward(model, weights, windows, count, (name, values) => {
    let range = ranges.get(name);
    if (range === undefined) ranges.set(name, range = { min: Infinity, max: -Infinity });
    let { min, max } = range, sum = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (value < min) min = value;
      if (value > max) max = value;
      sum += value;
    }
    // NaN and infinities survive in the sum, so one test a tensor is enough.
    if (!Number.isFinite(sum)) {
      throw new RangeError(
        `Cannot calibrate model "${model.name}": values of tensor "${name}" must be finite, got a sum of ${sum}`,
      );
    }
    range.min = min;
    range.max = max;
  });
  return ranges;
}
