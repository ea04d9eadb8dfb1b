import type { Model, Weights } from "../nn/model.ts";

/** Windows with their classes. */
export interface TrainingBatch {
  /** [count, ...inputShape]. */
  windows: Float32Array;
  /** [count], class indices. */
  labels: Uint8Array;
  /** Number of windows, 1 to the engine's `batchSize`. */
  count: number;
}

/** What Adam remembers between two steps, in the order of the weights, each weight row-major. */
export interface OptimizerState {
  /** Steps done, at least 0. */
  step: number;
  /** Running mean of the gradient, [parameters]. */
  firstMoments: Float32Array;
  /** Running mean of the gradient's square, [parameters]. */
  secondMoments: Float32Array;
}

/** Constants of Adam. */
export interface AdamOptions {
  /** Decay of the first moments, in [0, 1). Default 0.9. */
  beta1?: number;
  /** Decay of the second moments, in [0, 1). Default 0.999. */
  beta2?: number;
  /** Added to the root of the uncorrected second moment, > 0. Default 1e-7, as in Keras. */
  epsilon?: number;
}

/**
 * Trains one model: forward and backward passes and the optimizer. Its calls must not overlap.
 *
 * The loss is the weighted cross-entropy, mean over the batch's windows: sum(w[label] * -log p[label]) / count.
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
   * Does one step of Adam.
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
