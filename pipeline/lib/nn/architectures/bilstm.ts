import type { Model } from "../model.ts";
import { checkModel } from "../shapes.ts";
import type { ArchitectureSizes } from "./architecture.ts";

/**
 * Builds the recurrent classifier that reads the window in both directions: Bidirectional LSTM(64) -> Dense with softmax.
 *
 * @throws RangeError Sizes that are no integers of at least 1.
 */
export function buildBilstm({ windowSamples, channels, classes }: ArchitectureSizes): Model {
  const model: Model = {
    name: "bilstm",
    layers: [
      { kind: "InputLayer", name: "input", inputs: [], shape: [windowSamples, channels] },
      {
        kind: "Bidirectional",
        name: "bidirectional",
        inputs: ["input"],
        layer: { kind: "LSTM", units: 64, returnSequences: false },
        mergeMode: "concat",
      },
      { kind: "Dense", name: "dense", inputs: ["bidirectional"], units: classes, activation: "softmax" },
    ],
    output: "dense",
  };
  checkModel(model);
  return model;
}
