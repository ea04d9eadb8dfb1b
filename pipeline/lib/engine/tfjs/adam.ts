import type { AdamOptions, OptimizerState } from "../engine.ts";

/**
 * Does one step of Adam on flat arrays.
 *
 * Source: Kingma and Ba, "Adam: a method for stochastic optimization", 2015, in the order of computation of section 2's
 * end, where epsilon is added to the root of the uncorrected second moment, as in Keras.
 *
 * @param weights [parameters], updated. @param gradient [parameters]. @param state Updated, its step counted up.
 */
export function stepAdam(
  weights: Float32Array,
  gradient: Float32Array,
  state: OptimizerState,
  { beta1, beta2, epsilon, learningRate }: Required<AdamOptions> & { learningRate: number },
): void {
  const { firstMoments: m, secondMoments: v } = state;
  state.step++;
  const stepSize = learningRate * Math.sqrt(1 - beta2 ** state.step) / (1 - beta1 ** state.step);
  for (let i = 0; i < weights.length; i++) {
    m[i] += (1 - beta1) * (gradient[i] - m[i]);
    v[i] += (1 - beta2) * (gradient[i] * gradient[i] - v[i]);
    weights[i] -= stepSize * m[i] / (Math.sqrt(v[i]) + epsilon);
  }
}
