import type { OptimizerState } from "./engine.ts";
import type { CheckedOptimizer } from "./optimizers.ts";

/** All parameters in the order of the weights, [parameters] each. */
export interface FlatParameters {
  weights: Float32Array;
  gradient: Float32Array;
  /** 1 for a weight that decay and penalties hold for, else 0. */
  penalized: ArrayLike<number>;
}

/**
 * One step of an optimizer in plain TypeScript: what the kernels are held against, and for engines without them.
 *
 * @param options With all constants: see `checkOptimizer`.
 * @param parameters `weights` are replaced in place; the gradient too, by the clipped one with its penalties.
 * @param state Replaced in place; its slots must be there, 0 before the first step.
 */
export function stepOptimizer(
  options: CheckedOptimizer,
  { weights, gradient, penalized }: FlatParameters,
  state: OptimizerState,
  learningRate: number,
): void {
  const { l1, l2, clipNorm, clipValue, weightDecay } = options;
  let squares = 0;
  gradient.forEach((value, i) => {
    gradient[i] = value + penalized[i] * (l1 * Math.sign(weights[i]) + 2 * l2 * weights[i]);
    squares += gradient[i] ** 2;
  });
  const norm = Math.sqrt(squares), shortened = clipNorm > 0 && norm > clipNorm ? clipNorm / norm : 1;
  const limit = clipValue > 0 ? clipValue : Infinity;
  state.step++;
  for (let i = 0; i < weights.length; i++) {
    const g = gradient[i] = Math.max(-limit, Math.min(limit, shortened * gradient[i]));
    const weight = weights[i] * (1 - learningRate * weightDecay * penalized[i]);
    weights[i] = weight + change(options, { i, g, learningRate }, state);
  }
}

function change(
  options: CheckedOptimizer,
  { i, g, learningRate }: { i: number; g: number; learningRate: number },
  { step, slots }: OptimizerState,
): number {
  if (options.kind === "sgd") {
    const { momentum, nesterov } = options, { velocity } = slots;
    velocity[i] = momentum * velocity[i] - learningRate * g;
    return nesterov ? momentum * velocity[i] - learningRate * g : velocity[i];
  }
  const { beta1, beta2, epsilon } = options, { firstMoments: m, secondMoments: v } = slots;
  m[i] += (1 - beta1) * (g - m[i]);
  v[i] += (1 - beta2) * (g * g - v[i]);
  const stepSize = learningRate * Math.sqrt(1 - beta2 ** step) / (1 - beta1 ** step);
  return -stepSize * m[i] / (Math.sqrt(v[i]) + epsilon);
}
