import type { TfliteModel } from "../formats/tflite/graph.ts";
import { windowInputs } from "../formats/tflite/window_inputs.ts";
import { createEvaluator } from "../reference/evaluator.ts";
import type { TensorValues } from "../reference/tensor_values.ts";
import { leastErrorRange, percentileRange } from "./clipping.ts";
import { createHistogram } from "./histogram.ts";
import { type Range, type Ranges, unionOf } from "./ranges.ts";

/** How ranges follow from the values seen: their ends, percentiles near the ends, or the least mean square error. */
export type CalibrationMethod = "minmax" | "percentile" | "mse";

/** How ranges are found. */
export interface CalibrationOptions {
  /** Default minmax, the reference behaviour of TensorFlow Lite's calibrator. */
  method?: CalibrationMethod;
  /** Part of the values inside each end for the method percentile, in (50, 100]; default 99.99. */
  percentile?: number;
}

/** Sees a tensor's values and says their range in the end. */
interface Observer {
  observe(values: Float32Array, range: Range): void;
  range(): Range;
}

/**
 * Runs a float32 graph on calibration windows and finds the range of every tensor that depends on them.
 *
 * States of an LSTM get their least and greatest value in every method: `cellQuantization` knows where cutting them does
 * no harm.
 *
 * @param windows Training windows only, `count` of them one behind the other, each with the values of the graph's inputs
 *   as `windowInputs` takes them; one that the test uses would leak.
 * @param count Number of windows, at least 1; a few hundred suffice.
 * @returns Ranges by tensor name.
 * @throws RangeError No windows, windows of another length, or a value that is not finite.
 */
export function calibrate(
  floatGraph: TfliteModel,
  windows: Float32Array,
  count: number,
  options: CalibrationOptions = {},
): Ranges {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`Cannot calibrate: count must be at least 1, got ${count}`);
  }
  const { tensors, inputs } = floatGraph;
  const observers = new Map<number, Observer>();
  const observe = (tensor: number, values: TensorValues) => {
    if (!(values instanceof Float32Array)) return;
    let observer = observers.get(tensor);
    if (observer === undefined) {
      observer = createObserver(tensors[tensor].isVariable ? {} : options);
      observers.set(tensor, observer);
    }
    observer.observe(values, finiteRange(values, tensors[tensor].name));
  };
  const evaluator = createEvaluator(floatGraph), size = windows.length / count;
  for (let window = 0; window < count; window++) {
    const values = windowInputs(floatGraph, windows.subarray(window * size, (window + 1) * size));
    inputs.forEach((tensor, i) => observe(tensor, values[i]));
    evaluator.run(values, observe);
  }
  const ranges: Ranges = new Map();
  for (const [tensor, observer] of observers) {
    const { name } = tensors[tensor];
    ranges.set(name, unionOf(ranges.get(name), observer.range())!);
  }
  return ranges;
}

function createObserver({ method = "minmax", percentile = 99.99 }: CalibrationOptions): Observer {
  if (method !== "minmax") {
    const histogram = createHistogram();
    return {
      observe: histogram.add,
      range: () => method === "mse" ? leastErrorRange(histogram) : percentileRange(histogram, percentile),
    };
  }
  const seen: Range = { min: Infinity, max: -Infinity };
  return {
    observe(_, { min, max }) {
      if (min < seen.min) seen.min = min;
      if (max > seen.max) seen.max = max;
    },
    range: () => seen,
  };
}

/** @throws RangeError NaN or an infinity among the values. */
function finiteRange(values: Float32Array, name: string): Range {
  let min = Infinity, max = -Infinity, sum = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
  }
  // NaN and infinities survive in the sum, so one test a tensor is enough.
  if (!Number.isFinite(sum)) {
    throw new RangeError(
      `Cannot calibrate: values of tensor "${name}" must be finite, got a sum of ${sum}`,
    );
  }
  return { min, max };
}
