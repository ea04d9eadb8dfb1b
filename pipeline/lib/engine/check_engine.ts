import { StageError } from "../core/errors.ts";
import { createRng } from "../core/rng.ts";
import { forward } from "../nn/forward.ts";
import { initializeWeights } from "../nn/initialize.ts";
import type { Model } from "../nn/model.ts";
import { ENGINES } from "./engines.ts";

/** Whether an engine can be used on this computer. */
export interface EngineCheck {
  isUsable: boolean;
  /** Why not, or what is to be known of it. */
  reason: string;
  /** What to do to be able to use it. */
  hint?: string;
}

const CLASSES = 3, STEPS = 12, CHANNELS = 2;

/** A convolution, an LSTM and a Dense layer: about all that the engines compute differently. */
export const CHECK_MODEL: Model = {
  name: "check",
  layers: [
    { kind: "InputLayer", name: "input", inputs: [], shape: [STEPS, CHANNELS] },
    {
      kind: "Conv1D",
      name: "conv",
      inputs: ["input"],
      filters: 3,
      kernelSize: 3,
      strides: 2,
      padding: "same",
      activation: "relu",
    },
    { kind: "LSTM", name: "lstm", inputs: ["conv"], units: 4, returnSequences: false },
    { kind: "Dense", name: "dense", inputs: ["lstm"], units: CLASSES, activation: "softmax" },
  ],
  output: "dense",
};
const LOSS_TOLERANCE = 1e-4;

/** @returns Weights and windows for the model, always the same, and the probabilities that the plain reference gives. */
export function checkCase(count: number) {
  const rng = createRng(1), weights = initializeWeights(CHECK_MODEL, rng);
  const windows = Float32Array.from({ length: count * STEPS * CHANNELS }, rng.normal);
  const labels = Uint8Array.from({ length: count }, () => rng.integer(CLASSES));
  return { weights, windows, labels, expected: forward(CHECK_MODEL, weights, windows, count) };
}

/**
 * Tries an engine: starts it on a small model, does one step, and holds the loss against the plain reference's.
 *
 * @param name A name in `ENGINES`.
 */
export async function checkEngine(name: string): Promise<EngineCheck> {
  const count = 5, { weights, windows, labels, expected } = checkCase(count);
  const expectedLoss = labels.reduce(
    (sum, label, i) => sum - Math.log(expected[CLASSES * i + label]) / count,
    0,
  );
  try {
    const engine = await ENGINES[name].create(CHECK_MODEL, weights, { batchSize: count });
    try {
      const loss = await engine.trainBatch({ windows, labels, count }, 1e-3);
      if (!(Math.abs(loss - expectedLoss) < LOSS_TOLERANCE)) {
        return { isUsable: false, reason: `its loss must be the reference's ${expectedLoss}, got ${loss}` };
      }
      return { isUsable: true, reason: `${engine.workers} ${engine.workers === 1 ? "thread" : "threads"}` };
    } finally {
      engine.close();
    }
  } catch (error) {
    const { message } = error as Error;
    return { isUsable: false, reason: message, hint: error instanceof StageError ? error.hint : undefined };
  }
}
