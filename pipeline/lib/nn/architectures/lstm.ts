import type { Model } from "../model.ts";
import { checkModel } from "../shapes.ts";
import type { ArchitectureSizes } from "./architecture.ts";

/**
 * Builds the recurrent classifier: LSTM(64) -> Dense with softmax.
 *
 * @throws RangeError Sizes that are no integers of at least 1.
 */
export function buildLstm({ windowSamples, channels, classes }: ArchitectureSizes): Model {
  const model: Model = {
    name: "lstm",
    layers: [
      { kind: "InputLayer", name: "input", inputs: [], shape: [windowSamples, channels] },
      { kind: "LSTM", name: "lstm", inputs: ["input"], units: 64, returnSequences: false },
      { kind: "Dense", name: "dense", inputs: ["lstm"], units: classes, activation: "softmax" },
    ],
    output: "dense",
  };
  checkModel(model);
  return model;
}
