import type { Model, Weights } from "../nn/model.ts";

/** Windows with their classes. */
export interface TrainingBatch {
  /** [count, ...inputShape]. */
  windows: Float32Array;
  /** [count], class indices. */
  labels: Uint8Array;
  /** [count, classes], probabilities that a teacher gives, at temperature 1; read by a loss with `teacherWeight`. */
  teacher?: Float32Array;
  /** Number of windows, 1 to the engine's `batchSize`. */
  count: number;
}

/** What an optimizer remembers between two steps. */
export interface OptimizerState {
  /** Steps done, at least 0. */
  step: number;
  /**
   * The optimizer's arrays by name, [parameters] each, in the order of the weights, each weight row-major. Adam:
   * firstMoments and secondMoments, the running means of the gradient and of its square; sgd: velocity.
   */
  slots: Record<string, Float32Array>;
}

/**
 * Trains one model: forward and backward passes and the optimizer. Its calls must not overlap.
 *
 * The loss is the weighted cross-entropy, mean over the batch's windows: sum(w[label] * -log p[label]) / count; or what
 * losses.ts makes of it.
 * Penalties on weights are in the gradient and not in the loss, so that the losses of runs can be compared.
 */
export interface Engine {
  /** For example "wasm". */
  readonly name: string;
  readonly model: Model;
  /** Threads that compute. The results do not depend on their number. */
  readonly workers: number;
  /** Largest batch. */
  readonly batchSize: number;
  /**
   * Does one step of the optimizer.
   *
   * @param learningRate At least 0.
   * @returns The batch's loss before the step.
   */
  trainBatch(batch: TrainingBatch, learningRate: number): Promise<number>;
  /**
   * Computes class probabilities.
   *
   * @param windows [count, ...inputShape]. @param count Any number of windows.
   * @returns [count, classes].
   */
  predict(windows: Float32Array, count: number): Promise<Float32Array>;
  /** @returns A copy in the order and shapes of `weightShapes`. */
  getWeights(): Weights;
  setWeights(weights: Weights): void;
  /** @returns A copy. */
  getOptimizerState(): OptimizerState;
  setOptimizerState(state: OptimizerState): void;
  /** Ends the threads. The engine cannot be used after it. */
  close(): void;
}
