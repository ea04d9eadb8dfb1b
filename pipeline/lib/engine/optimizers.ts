import type { Kernels } from "./kernels/kernels.ts";

/** What is done to the gradient before any optimizer uses it, and to the weights beside it. All default to 0: off. */
export interface GradientOptions {
  /** Penalty on |w|, at least 0: adds l1 * sign(w) to the gradient. */
  l1?: number;
  /** Penalty on w^2, at least 0: adds 2 * l2 * w to the gradient, as Keras' L2. */
  l2?: number;
  /** Longest gradient over all parameters together, above 0; a longer one is shortened to it. 0: any. */
  clipNorm?: number;
  /** Largest magnitude of one parameter's gradient, above 0; after `clipNorm`. 0: any. */
  clipValue?: number;
  /** Decoupled weight decay, at least 0: w = w - learningRate * weightDecay * w before the step. */
  weightDecay?: number;
}

/** Constants of Adam; with `weightDecay` it is AdamW. */
export interface AdamOptions extends GradientOptions {
  kind?: "adam";
  /** Decay of the first moments, in [0, 1). Default 0.9. */
  beta1?: number;
  /** Decay of the second moments, in [0, 1). Default 0.999. */
  beta2?: number;
  /** Added to the root of the uncorrected second moment, > 0. Default 1e-7, as in Keras. */
  epsilon?: number;
}

/** Constants of stochastic gradient descent. */
export interface SgdOptions extends GradientOptions {
  kind: "sgd";
  /** Share of the velocity that stays, in [0, 1). Default 0. */
  momentum?: number;
  /** Whether the gradient counts as if the velocity had been followed already. Default false. */
  nesterov?: boolean;
}

/** An optimizer by its constants. Adam is the default. */
export type OptimizerOptions = AdamOptions | SgdOptions;

/** An optimizer with all of its constants. */
export type CheckedOptimizer = Required<AdamOptions> | Required<SgdOptions>;

/** Where the parameters and what belongs to them lie, byte addresses of arrays of one layout. */
export interface OptimizerMemory {
  /** With padding, a multiple of 4. */
  parameterCount: number;
  gradients: number;
  weights: number;
  /** 1 for a weight that decay and penalties hold for, else 0. */
  penalized: number;
  /** One array for each name in `slots`, 0 before the first step. */
  slots: number[];
}

/** One way to turn gradients into better weights. */
export interface Optimizer {
  /** Names of the arrays that it keeps between two steps. */
  slots: readonly string[];
  /** @param at.step Counted from 1. */
  step(kernels: Kernels, memory: OptimizerMemory, at: { step: number; learningRate: number }): void;
}

/** The arrays that each kind of optimizer keeps. */
export const OPTIMIZER_SLOTS = {
  adam: ["firstMoments", "secondMoments"],
  sgd: ["velocity"],
} as const satisfies Record<NonNullable<OptimizerOptions["kind"]>, readonly string[]>;

/**
 * Whether weight decay and penalties hold for a weight: for what multiplies inputs, not for biases, for the gains and
 * offsets of a normalization or for moving statistics, which say where values lie and not how strongly they act.
 *
 * @param name "<layer>/<weight>".
 */
export function isPenalized(name: string): boolean {
  return name.endsWith("kernel");
}

/** @returns The constants with their defaults. @throws RangeError One out of its range. */
export function checkOptimizer(options: OptimizerOptions = {}): CheckedOptimizer {
  const { l1 = 0, l2 = 0, clipNorm = 0, clipValue = 0, weightDecay = 0 } = options;
  const shared = { l1, l2, clipNorm, clipValue, weightDecay };
  for (const [name, value] of Object.entries(shared)) check(name, value, value >= 0, "at least 0");
  if (options.kind === "sgd") {
    const { momentum = 0, nesterov = false } = options;
    check("momentum", momentum, momentum >= 0 && momentum < 1, "in [0, 1)");
    return { kind: "sgd", momentum, nesterov, ...shared };
  }
  const { kind = "adam", beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = options;
  if (kind !== "adam") {
    throw new RangeError(`Cannot start the engine: optimizer must be adam or sgd, got ${kind}`);
  }
  check("beta1", beta1, beta1 >= 0 && beta1 < 1, "in [0, 1)");
  check("beta2", beta2, beta2 >= 0 && beta2 < 1, "in [0, 1)");
  check("epsilon", epsilon, epsilon > 0, "above 0");
  return { kind, beta1, beta2, epsilon, ...shared };
}

function check(name: string, value: number, isInRange: boolean, range: string): void {
  if (isInRange && value < Infinity) return;
  throw new RangeError(`Cannot start the engine: ${name} must be ${range}, got ${value}`);
}

/**
 * Makes an optimizer on the kernels.
 *
 * Source: Adam: Kingma and Ba, "Adam: a method for stochastic optimization", 2015, in the order of computation of section
 * 2's end, where epsilon is added to the root of the uncorrected second moment, as in Keras. AdamW: Loshchilov and Hutter,
 * "Decoupled weight decay regularization", 2019, the decay times the learning rate, as in Keras. sgd: Keras' SGD. Clipping
 * by norm: Pascanu et al., "On the difficulty of training recurrent neural networks", 2013, algorithm 1.
 *
 * @throws RangeError A constant out of its range.
 */
export function createOptimizer(options?: OptimizerOptions): Optimizer {
  const checked = checkOptimizer(options);
  return {
    slots: OPTIMIZER_SLOTS[checked.kind],
    step(kernels, memory, at) {
      const { parameterCount: count, gradients, weights, slots } = memory;
      prepareStep(kernels, checked, memory, at.learningRate);
      if (checked.kind === "sgd") {
        const { momentum, nesterov } = checked;
        kernels.momentumStep(count, gradients, weights, slots[0], at.learningRate, momentum, nesterov);
        return;
      }
      const { beta1, beta2, epsilon } = checked;
      kernels.adam(
        count,
        gradients,
        weights,
        slots[0],
        slots[1],
        at.learningRate * Math.sqrt(1 - beta2 ** at.step) / (1 - beta1 ** at.step),
        1 - beta1,
        1 - beta2,
        epsilon,
      );
    },
  };
}

/** Penalties, clipping and decay: what comes before the step itself. */
function prepareStep(
  kernels: Kernels,
  { l1, l2, clipNorm, clipValue, weightDecay }: CheckedOptimizer,
  { parameterCount: count, gradients, weights, penalized }: OptimizerMemory,
  learningRate: number,
): void {
  if (l1 > 0 || l2 > 0) kernels.addPenalty(count, gradients, weights, penalized, l1, l2);
  if (clipNorm > 0) {
    const norm = Math.sqrt(kernels.sumOfSquares(count, gradients));
    if (norm > clipNorm) kernels.scaleValues(count, gradients, clipNorm / norm);
  }
  if (clipValue > 0) kernels.clampValues(count, gradients, clipValue);
  if (weightDecay > 0) kernels.decayWeights(count, weights, penalized, learningRate * weightDecay);
}
