import type { Conv1DLayer, Model } from "../model.ts";
import { checkModel } from "../shapes.ts";
import type { ArchitectureSizes } from "./architecture.ts";

/**
 * Builds the convolutional classifier: Conv1D 16 filters of 7 with stride 2, 32 of 5, 64 of 5, all "same" with relu
 * -> average over time -> Dense with softmax.
 *
 * @throws RangeError Sizes that are no integers of at least 1.
 */
export function buildCnn({ windowSamples, channels, classes }: ArchitectureSizes): Model {
  const model: Model = {
    name: "cnn",
    layers: [
      { kind: "InputLayer", name: "input", inputs: [], shape: [windowSamples, channels] },
      convolution("conv1d", "input", { filters: 16, kernelSize: 7, strides: 2 }),
      convolution("conv1d_1", "conv1d", { filters: 32, kernelSize: 5, strides: 1 }),
      convolution("conv1d_2", "conv1d_1", { filters: 64, kernelSize: 5, strides: 1 }),
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
  sizes: Pick<Conv1DLayer, "filters" | "kernelSize" | "strides">,
): Conv1DLayer {
  return { kind: "Conv1D", name, inputs: [input], ...sizes, padding: "same", activation: "relu" };
}
