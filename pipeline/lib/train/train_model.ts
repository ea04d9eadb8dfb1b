import { StageError } from "../core/errors.ts";
import type { Engine } from "../engine/engine.ts";
import type { Weights } from "../nn/model.ts";
import type { Augmenter } from "./augment/augment.ts";
import { readBatches } from "./batches.ts";
import { evaluate, type Evaluation, type LabelledWindows, rowsOf } from "./evaluate.ts";
import type { LearningRateSchedule } from "./schedules.ts";
import type { EpochFigures, TrainState } from "./train_state.ts";

/** How long an epoch took. Kept apart from what decides the result. */
export interface EpochTiming {
  epoch: number;
  /** Training and validation. */
  seconds: number;
  /** Of training alone. */
  windowsPerSecond: number;
}

/** What `onEpoch` learns. */
export interface EpochEvent {
  figures: EpochFigures;
  timing: EpochTiming;
  /** Whether these are the best weights so far. */
  improved: boolean;
  /** For a checkpoint; nothing changes it later. */
  state: TrainState;
}

/** What `onBatch` learns. */
export interface BatchEvent {
  /** Counted from 1. */
  epoch: number;
  /** Batches of the epoch done, counted from 1. */
  batch: number;
  /** Batches of an epoch. */
  batches: number;
  /** The batch's loss. */
  loss: number;
}

/** Figures of the validation windows that can choose the best epoch: of the loss the smallest, else the largest. */
export const MONITORS = ["macroF1", "loss", "accuracy", "balancedAccuracy"] as const satisfies readonly (
  keyof Evaluation
)[];

/** One of {@linkcode MONITORS}. */
export type Monitor = typeof MONITORS[number];

/** How a model is trained. */
export interface TrainOptions {
  /** Holds the model and its first weights, the optimizer and the class weights; not closed. */
  engine: Engine;
  train: LabelledWindows;
  validation: LabelledWindows;
  /** Largest number of epochs, at least 1. */
  epochs: number;
  /** Windows of a batch, 1 to the engine's largest; the last batch of an epoch may be smaller. */
  batchSize: number;
  /** Gives the indices of an epoch's windows in their order; epochs are counted from 1. */
  sampler(epoch: number): Uint32Array;
  /** Changes each training window before it is used. Default: none. */
  augment?: Augmenter;
  /** Of each batch. */
  learningRate: LearningRateSchedule;
  /** Which figure of the validation windows chooses the best epoch. */
  monitor: Monitor;
  /** Stops after this many epochs without a better one, at least 1. Default: never. */
  patience?: number;
  /** Goes on after the state's epoch. The other options must be those that it was made with. */
  resume?: TrainState;
  /** Called after each epoch and awaited. */
  onEpoch?(event: EpochEvent): void | Promise<void>;
  onBatch?(event: BatchEvent): void;
}

/** What training gave. */
export interface TrainResult {
  bestWeights: Weights;
  /** Counted from 1. */
  bestEpoch: number;
  history: EpochFigures[];
  /** Of the epochs that this call did. */
  timings: EpochTiming[];
  /** Whether patience ended it before the last epoch. */
  stoppedEarly: boolean;
}

/**
 * Trains a model epoch by epoch: orders the windows, steps through the batches, validates, keeps the best weights.
 *
 * The same options give the same bytes, also when a run is interrupted and goes on from a state.
 *
 * @throws RangeError An option out of its range.
 * @throws StageError When the loss or a weight is no longer a finite number.
 */
export async function trainModel(options: TrainOptions): Promise<TrainResult> {
  const { engine, train, validation, epochs, monitor, patience = Infinity, resume } = options;
  checkOptions(options);
  const timings: EpochTiming[] = [];
  let state = resume;
  if (state) {
    engine.setWeights(state.weights);
    engine.setOptimizerState(state.optimizer);
  }
  const isOver = () => state !== undefined && state.epoch - state.bestEpoch >= patience;

  for (let epoch = (state?.epoch ?? 0) + 1; epoch <= epochs && !isOver(); epoch++) {
    const started = performance.now();
    const { loss, learningRate } = await trainEpoch(options, epoch);
    const trainSeconds = (performance.now() - started) / 1000;
    const evaluation = await evaluate(engine, validation);
    if (!Number.isFinite(evaluation.loss)) throw divergence(epoch, evaluation.loss);

    const figures: EpochFigures = {
      epoch,
      learningRate,
      loss,
      validationLoss: evaluation.loss,
      validationAccuracy: evaluation.accuracy,
      validationBalancedAccuracy: evaluation.balancedAccuracy,
      validationMacroF1: evaluation.macroF1,
    };
    const weights = engine.getWeights();
    checkFinite(weights, epoch);
    const score = monitor === "loss" ? -evaluation.loss : evaluation[monitor];
    const improved = state === undefined || score > state.bestScore;
    state = {
      epoch,
      weights,
      optimizer: engine.getOptimizerState(),
      bestWeights: improved ? weights : state!.bestWeights,
      bestEpoch: improved ? epoch : state!.bestEpoch,
      bestScore: improved ? score : state!.bestScore,
      history: [...(state?.history ?? []), figures],
    };
    const timing = {
      epoch,
      seconds: (performance.now() - started) / 1000,
      windowsPerSecond: train.labels.length / trainSeconds,
    };
    timings.push(timing);
    await options.onEpoch?.({ figures, timing, improved, state });
  }
  const { bestWeights, bestEpoch, history } = state!;
  return { bestWeights, bestEpoch, history, timings, stoppedEarly: isOver() && state!.epoch < epochs };
}

/** @returns The weighted loss, mean over the windows, and the learning rate of the last batch. */
async function trainEpoch(
  { engine, train, batchSize, sampler, augment, onBatch, ...options }: TrainOptions,
  epoch: number,
): Promise<{ loss: number; learningRate: number }> {
  const order = sampler(epoch), batches = Math.ceil(order.length / batchSize);
  const feed = readBatches({ train, batchSize, order, epoch, augment });
  let sum = 0, learningRate = 0, next = feed.next();
  for (let batch = 1; !next.done; batch++) {
    learningRate = options.learningRate({ epoch, batch, batches });
    const { count } = next.value, step = engine.trainBatch(next.value, learningRate);
    // Read while the engine computes, and awaited together: a failed read must not leave the step to reject unheard.
    const [loss, following] = await Promise.all([step, Promise.try(() => feed.next())]);
    next = following;
    if (!Number.isFinite(loss)) throw divergence(epoch, loss);
    sum += loss * count;
    onBatch?.({ epoch, batch, batches, loss });
  }
  return { loss: sum / order.length, learningRate };
}

/** A loss can stay finite over weights that are not: a ReLU that never fires, or the clamp in a sigmoid, hides them. */
function checkFinite(weights: Weights, epoch: number): void {
  for (const [name, { data }] of weights) {
    const at = data.findIndex((value) => !Number.isFinite(value));
    if (at !== -1) throw divergence(epoch, data[at], `weight ${name}[${at}]`);
  }
}

function divergence(epoch: number, value: number, what = "the loss"): StageError {
  return new StageError(`Cannot go on training: ${what} must be finite, got ${value} in epoch ${epoch}`, {
    hint: "use a lower learning rate or --clipNorm 1, and check that the windows hold finite values",
  });
}

function checkOptions(
  { engine, train, validation, epochs, batchSize, patience = 1, monitor }: TrainOptions,
): void {
  for (
    const [name, value, largest] of [
      ["epochs", epochs, Number.MAX_SAFE_INTEGER],
      ["batchSize", batchSize, engine.batchSize],
      ["patience", patience, Infinity],
    ] as const
  ) {
    if (!(Number.isInteger(value) || value === Infinity) || value < 1 || value > largest) {
      throw new RangeError(`Cannot train: ${name} must be an integer in [1, ${largest}], got ${value}`);
    }
  }
  for (const [name, data] of [["train", train], ["validation", validation]] as const) {
    const { count, values } = rowsOf(data), labels = data.labels.length;
    if (labels === 0 || count !== labels || values === 0 || !Number.isInteger(values)) {
      throw new RangeError(
        `Cannot train: ${name} must hold windows of one size with a label each, got ${
          count * values
        } values and ` +
          `${labels} labels`,
      );
    }
  }
  if (!MONITORS.includes(monitor)) {
    throw new RangeError(`Cannot train: monitor must be one of ${MONITORS.join(", ")}, got ${monitor}`);
  }
}
