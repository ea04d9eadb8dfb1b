import { z } from "zod";
import { activatedStep } from "./activations.ts";
import { layerOptions } from "./keras_options.ts";
import type { LayerBase, LayerKind } from "./layer_kind.ts";

/** Softmax along the last axis as Keras' layer of its own. */
export interface SoftmaxLayer extends LayerBase {
  kind: "Softmax";
  /** As Keras counts, the batch being axis 0: the last one, or -1. */
  axis: number;
}

const axis = z.int();
const kerasOptions = layerOptions({
  axis: z.union([axis, z.tuple([axis]).transform(([axis]) => axis)], { error: "must be one axis" }),
});

export const softmaxKind: LayerKind<SoftmaxLayer, z.infer<typeof kerasOptions>> = {
  kind: "Softmax",
  inputCount: 1,
  outputShape({ name, axis }, [input]) {
    if (axis !== -1 && axis !== input.length) {
      throw new RangeError(
        `Cannot use layer "${name}": axis must be the last one, -1 or ${input.length}, got ${axis}`,
      );
    }
    return [...input];
  },
  weights: () => [],
  kerasOptions,
  fromKeras: ({ axis }) => ({ axis }),
  toKeras: ({ axis }) => ({ axis }),
  prepare: ({ name }, { outputShape }) =>
    activatedStep({ name, activation: "softmax" }, outputShape, (input, output) => output.set(input)),
};
