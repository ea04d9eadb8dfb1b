import { z } from "zod";
import { layerOptions, off } from "./keras_options.ts";
import { checkRank, type LayerBase, type LayerKind, valueCount } from "./layer_kind.ts";

/** Mean over time: [time, channels] -> [channels]. */
export interface GlobalAveragePooling1DLayer extends LayerBase {
  kind: "GlobalAveragePooling1D";
}

const kerasOptions = layerOptions({ data_format: z.literal("channels_last"), keepdims: off });

export const globalAveragePooling1dKind: LayerKind<
  GlobalAveragePooling1DLayer,
  z.infer<typeof kerasOptions>
> = {
  kind: "GlobalAveragePooling1D",
  inputCount: 1,
  outputShape(layer, [input]) {
    checkRank(layer, input, 2);
    return [input[1]];
  },
  weights: () => [],
  kerasOptions,
  fromKeras: () => ({}),
  toKeras: () => ({ data_format: "channels_last", keepdims: false }),
  prepare(_, { outputShape }) {
    const output = new Float64Array(valueCount(outputShape));
    return { output, run: ([input]) => globalAveragePooling1d(input, output) };
  },
};

/**
 * Averages one window over time.
 *
 * @param input [time, channels].
 * @param output [channels], written.
 */
export function globalAveragePooling1d(input: Float64Array, output: Float64Array): void {
  const channels = output.length, steps = input.length / channels;
  output.fill(0);
  for (let t = 0; t < steps; t++) {
    for (let c = 0; c < channels; c++) output[c] += input[t * channels + c];
  }
  for (let c = 0; c < channels; c++) output[c] /= steps;
}
