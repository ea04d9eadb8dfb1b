import { z } from "zod";
import { layerOptions } from "./keras_options.ts";
import { type LayerBase, type LayerKind, valueCount } from "./layer_kind.ts";

/** y = x where x is at least 0, slope x elsewhere. */
export interface LeakyReLULayer extends LayerBase {
  kind: "LeakyReLU";
  /** At least 0. */
  negativeSlope: number;
}

const slope = z.number().min(0).optional();
/** `alpha` is Keras 2's name, `negative_slope` that of Keras 3. */
const kerasOptions = layerOptions({ alpha: slope, negative_slope: slope }).refine(
  ({ alpha, negative_slope }) => (alpha ?? negative_slope) !== undefined,
  { path: ["alpha"], error: "must be number" },
);

export const leakyReluKind: LayerKind<LeakyReLULayer, z.infer<typeof kerasOptions>> = {
  kind: "LeakyReLU",
  inputCount: 1,
  outputShape({ name, negativeSlope }, [input]) {
    if (!(negativeSlope >= 0 && negativeSlope < Infinity)) {
      throw new RangeError(
        `Cannot use layer "${name}": negativeSlope must be at least 0, got ${negativeSlope}`,
      );
    }
    return [...input];
  },
  weights: () => [],
  kerasOptions,
  fromKeras: ({ alpha, negative_slope }) => ({ negativeSlope: (alpha ?? negative_slope)! }),
  // Keras 3 reads `alpha` too.
  toKeras: ({ negativeSlope }) => ({ alpha: negativeSlope }),
  prepare({ negativeSlope }, { outputShape }) {
    const output = new Float64Array(valueCount(outputShape));
    return {
      output,
      run([input]) {
        input.forEach((x, i) => output[i] = x >= 0 ? x : negativeSlope * x);
      },
    };
  },
};
