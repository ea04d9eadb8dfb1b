import type { Conv1DLayer, Model } from "../model.ts";
import { checkModel } from "../shapes.ts";
import type { ArchitectureSizes } from "./architecture.ts";

/** Strides of the first two convolutions. */
const STRIDES = [2, 4] as const;

/**
 * Builds the convolutional classifier: Conv1D 16 filters of 7 with stride 2, 32 of 7 with stride 4, both "same", then 64
 * that each see the whole window, all with relu -> their average over the one step that is left -> Dense with softmax.
 *
 * That the last convolution spans the window lets it tell where in the beat something is. With short kernels and an
 * average over time instead, the same training reached 94-96 % of intra-patient validation beats and not 98 %.
 *
 * @throws RangeError Sizes that are no integers of at least 1.
 */
export function buildCnn({ windowSamples, channels, classes }: ArchitectureSizes): Model {
  const steps = STRIDES.reduce((length, stride) => Math.ceil(length / stride), windowSamples);
  const model: Model = {
    name: "cnn",
    layers: [
      { kind: "InputLayer", name: "input", inputs: [], shape: [windowSamples, channels] },
      convolution("conv1d", "input", { filters: 16, kernelSize: 7, strides: STRIDES[0], padding: "same" }),
      convolution("conv1d_1", "conv1d", { filters: 32, kernelSize: 7, strides: STRIDES[1], padding: "same" }),
      convolution("conv1d_2", "conv1d_1", { filters: 64, kernelSize: steps, strides: 1, padding: "valid" }),
      { kind: "GlobalAveragePooling1D", name: "global_average_pooling1d", inputs: ["conv1d_2"] },
      {
        kind: "Dense",
        name: "dense",
        inputs: ["global_average_pooling1d"],
        units: classes,
        activation: "softmax",
      },
    ],
    output: "dense",
  };
  checkModel(model);
  return model;
}

function convolution(
  name: string,
  input: string,
  sizes: Pick<Conv1DLayer, "filters" | "kernelSize" | "strides" | "padding">,
): Conv1DLayer {
  return { kind: "Conv1D", name, inputs: [input], ...sizes, activation: "relu" };
}
