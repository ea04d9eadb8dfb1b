import type { z } from "zod";
import { activatedStep, type Activation, checkActivation } from "./activations.ts";
import { biasSpec, kernelSpec } from "./initializers.ts";
import {
  activation,
  initializers,
  layerOptions,
  nulls,
  size,
  useBias,
  weightOptions,
} from "./keras_options.ts";
import { checkRank, checkSize, type LayerBase, type LayerKind } from "./layer_kind.ts";

/** Weights: kernel [inFeatures, units], bias [units]. */
export interface DenseLayer extends LayerBase {
  kind: "Dense";
  units: number;
  activation: Activation;
}

const kerasOptions = layerOptions({ ...weightOptions, units: size, activation, use_bias: useBias });

export const denseKind: LayerKind<DenseLayer, z.infer<typeof kerasOptions>> = {
  kind: "Dense",
  inputCount: 1,
  outputShape(layer, [input]) {
    checkRank(layer, input, 1);
    checkSize(layer.name, "units", layer.units);
    checkActivation(layer.name, layer.activation);
    return [layer.units];
  },
  weights: ({ units }, [input]) => [kernelSpec(input[0], units), biasSpec(units)],
  kerasOptions,
  fromKeras: ({ units, activation }) => ({ units, activation }),
  toKeras: ({ units, activation }) => ({
    units,
    activation,
    use_bias: true,
    ...initializers(["kernel", "bias"]),
    ...nulls("regularizer", ["kernel", "bias", "activity"]),
    ...nulls("constraint", ["kernel", "bias"]),
  }),
  prepare(layer, { outputShape, weight }) {
    const kernel = weight("kernel"), bias = weight("bias");
    return activatedStep(layer, outputShape, (input, output) => dense({ input, kernel, bias, output }));
  },
};

/** What `dense` computes on; all arrays row-major. */
export interface DenseBuffers {
  /** [inFeatures]. */
  input: Float64Array;
  /** [inFeatures, units]. */
  kernel: Float32Array;
  /** [units]. */
  bias: Float32Array;
  /** [units], written. */
  output: Float64Array;
}

/** Computes a fully connected layer for one window, before its activation. */
export function dense({ input, kernel, bias, output }: DenseBuffers): void {
  const units = output.length;
  output.set(bias);
  for (let i = 0; i < input.length; i++) {
    const x = input[i], row = i * units;
    for (let u = 0; u < units; u++) output[u] += x * kernel[row + u];
  }
}
