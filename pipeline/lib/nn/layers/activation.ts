import { z } from "zod";
import { activatedStep, type Activation, checkActivation } from "./activations.ts";
import { activation, layerOptions } from "./keras_options.ts";
import type { LayerBase, LayerKind } from "./layer_kind.ts";

/** An activation function as a layer of its own; softmax works along the last axis. */
export interface ActivationLayer extends LayerBase {
  kind: "Activation";
  activation: Activation;
}

/** The rectified linear unit as Keras' layer ReLU. */
export interface ReLULayer extends LayerBase {
  kind: "ReLU";
  /** Upper end of the output; null: none. */
  maxValue: 6 | null;
}

const activationOptions = layerOptions({ activation });

export const activationKind: LayerKind<ActivationLayer, z.infer<typeof activationOptions>> = {
  kind: "Activation",
  inputCount: 1,
  outputShape(layer, [input]) {
    checkActivation(layer.name, layer.activation);
    return [...input];
  },
  weights: () => [],
  kerasOptions: activationOptions,
  fromKeras: ({ activation }) => ({ activation }),
  toKeras: ({ activation }) => ({ activation }),
  prepare: (layer, { outputShape }) =>
    activatedStep(layer, outputShape, (input, output) => output.set(input)),
};

const reluOptions = layerOptions({
  max_value: z.literal(6).nullable().optional(),
  negative_slope: z.literal(0).optional(),
  threshold: z.literal(0).optional(),
});

export const reluKind: LayerKind<ReLULayer, z.infer<typeof reluOptions>> = {
  kind: "ReLU",
  inputCount: 1,
  outputShape({ name, maxValue }, [input]) {
    if (maxValue !== null && maxValue !== 6) {
      throw new RangeError(`Cannot use layer "${name}": maxValue must be 6 or null, got ${maxValue}`);
    }
    return [...input];
  },
  weights: () => [],
  kerasOptions: reluOptions,
  fromKeras: ({ max_value }) => ({ maxValue: max_value ?? null }),
  toKeras: ({ maxValue }) => ({ max_value: maxValue, negative_slope: 0, threshold: 0 }),
  prepare: (layer, { outputShape }) =>
    activatedStep(
      { name: layer.name, activation: reluActivation(layer) },
      outputShape,
      (input, output) => output.set(input),
    ),
};

/** @returns The activation function that a ReLU layer is. */
export function reluActivation({ maxValue }: ReLULayer): Activation {
  return maxValue === null ? "relu" : "relu6";
}
