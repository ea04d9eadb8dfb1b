import type { Roundings } from "../../engine/layers/rounding.ts";
import { createWasmEngine } from "../../engine/wasm_engine.ts";
import type { Model, Weights } from "../../nn/model.ts";
import { evaluate, type Evaluation, type LabelledWindows } from "../../train/evaluate.ts";
import { createSchedule } from "../../train/schedules.ts";
import { type TrainingSetup } from "../../train/training_setup.ts";
import { trainModel, type TrainOptions, type TrainResult } from "../../train/train_model.ts";
import type { TrainState } from "../../train/train_state.ts";
import { createWeightRounder } from "./round_weights.ts";

/** How a trained model is tuned. */
export interface FineTuneOptions extends Pick<TrainOptions, "resume" | "onEpoch" | "onBatch"> {
  /** Without BatchNormalization: what is tuned must be what is quantized. */
  model: Model;
  weights: Weights;
  /** What activations are rounded to, fixed for all epochs. */
  roundings: Roundings;
  /** As the model was trained. */
  setup: TrainingSetup;
  train: LabelledWindows;
  validation: LabelledWindows;
  /** At least 1. */
  epochs: number;
  /** The largest, at the beginning; it falls along half a cosine to a hundredth. */
  learningRate: number;
}

/**
 * Trains a model on with weights and activations rounded as its integer form rounds them, so that the weights settle where
 * rounding does no harm. The best epoch by the training's monitor is kept; epoch 0 is the model as it came.
 *
 * The ranges of the activations stay those that were calibrated before: the same seed then gives the same bytes for any
 * number of workers, and what was tuned is what is quantized.
 *
 * Source: Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only inference", 2018,
 * section 3. Deviation: no ranges are learned and none are averaged.
 *
 * @returns The result; its weights are not rounded, the quantizer does that.
 * @throws RangeError An option out of its range. @throws StageError A loss that is no longer finite.
 */
export async function fineTune(options: FineTuneOptions): Promise<TrainResult & { before: Evaluation }> {
  const { model, weights, roundings, setup, train, validation, epochs, learningRate } = options;
  const engine = await createWasmEngine(model, weights, {
    ...setup.engineOptions,
    roundings,
    roundWeight: createWeightRounder(model),
  });
  try {
    const before = await evaluate(engine, validation);
    const { monitor } = setup.loopOptions;
    const untouched: TrainState = {
      epoch: 0,
      weights,
      optimizer: engine.getOptimizerState(),
      bestWeights: weights,
      bestEpoch: 0,
      bestScore: monitor === "loss" ? -before.loss : before[monitor],
      history: [],
    };
    const result = await trainModel({
      ...setup.loopOptions,
      engine,
      train,
      validation,
      epochs,
      learningRate: createSchedule({
        kind: "cosine",
        peak: learningRate,
        epochs,
        warmUpEpochs: 0,
        stepEpochs: 1,
        stepFactor: 1,
      }),
      resume: options.resume ?? untouched,
      onEpoch: options.onEpoch,
      onBatch: options.onBatch,
    });
    return { ...result, before };
  } finally {
    engine.close();
  }
}
