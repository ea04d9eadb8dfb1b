import type { z } from "zod";
import { activatedStep, type Activation, checkActivation } from "./activations.ts";
import { biasSpec, kernelSpec } from "./initializers.ts";
import { activation, flag, initializers, layerOptions, nulls, size, weightOptions } from "./keras_options.ts";
import { checkSize, type LayerBase, type LayerKind } from "./layer_kind.ts";

/** Weights: kernel [inFeatures, units], bias [units] unless `useBias` is false. Of [time, inFeatures] every step goes through the same weights. */
export interface DenseLayer extends LayerBase {
  kind: "Dense";
  units: number;
  /** Default true. */
  useBias?: boolean;
  activation: Activation;
}

const kerasOptions = layerOptions({ ...weightOptions, units: size, activation, use_bias: flag });

export const denseKind: LayerKind<DenseLayer, z.infer<typeof kerasOptions>> = {
  kind: "Dense",
  inputCount: 1,
  outputShape(layer, [input]) {
    checkSize(layer.name, "units", layer.units);
    checkActivation(layer.name, layer.activation);
    return [...input.slice(0, -1), layer.units];
  },
  weights: ({ units, useBias = true }, [input]) => [
    kernelSpec(input[input.length - 1], units),
    ...(useBias ? [biasSpec(units)] : []),
  ],
  kerasOptions,
  fromKeras: ({ units, activation, use_bias }) => ({
    units,
    ...(use_bias ? {} : { useBias: false }),
    activation,
  }),
  toKeras: ({ units, activation, useBias = true }) => ({
    units,
    activation,
    use_bias: useBias,
    ...initializers(["kernel", "bias"]),
    ...nulls("regularizer", ["kernel", "bias", "activity"]),
    ...nulls("constraint", ["kernel", "bias"]),
  }),
  prepare(layer, { outputShape, weight }) {
    const kernel = weight("kernel");
    const bias = layer.useBias === false ? new Float32Array(layer.units) : weight("bias");
    return activatedStep(layer, outputShape, (input, output) => dense({ input, kernel, bias, output }));
  },
};

/** What `dense` computes on; all arrays row-major. */
export interface DenseBuffers {
  /** [rows, inFeatures]. */
  input: Float64Array;
  /** [inFeatures, units]. */
  kernel: Float32Array;
  /** [units]. */
  bias: Float32Array;
  /** [rows, units], written. */
  output: Float64Array;
}

/** Computes a fully connected layer for one window, before its activation. */
export function dense({ input, kernel, bias, output }: DenseBuffers): void {
  const units = bias.length, features = kernel.length / units;
  for (let out = 0, i = 0; out < output.length; out += units) {
    output.set(bias, out);
    for (let feature = 0; feature < features; feature++, i++) {
      const x = input[i], row = feature * units;
      for (let u = 0; u < units; u++) output[out + u] += x * kernel[row + u];
    }
  }
}
