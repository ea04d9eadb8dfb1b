import type { Model } from "../model.ts";
import { checkModel } from "../shapes.ts";
import type { ArchitectureSizes } from "./architecture.ts";

/**
 * Builds the recurrent classifier with three gates instead of four: GRU(64) -> Dense with softmax.
 *
 * @throws RangeError Sizes that are no integers of at least 1.
 */
export function buildGru({ windowSamples, channels, classes }: ArchitectureSizes): Model {
  const model: Model = {
    name: "gru",
    layers: [
      { kind: "InputLayer", name: "input", inputs: [], shape: [windowSamples, channels] },
      { kind: "GRU", name: "gru", inputs: ["input"], units: 64, returnSequences: false, resetAfter: true },
      { kind: "Dense", name: "dense", inputs: ["gru"], units: classes, activation: "softmax" },
    ],
    output: "dense",
  };
  checkModel(model);
  return model;
}
