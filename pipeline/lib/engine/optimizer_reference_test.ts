import assert from "node:assert/strict";
import { stepOptimizer } from "./optimizer_reference.ts";
import { checkOptimizer } from "./optimizers.ts";

Deno.test("stepOptimizer() steps as Adam by its paper, with the learning rate of each step", () => {
  const options = checkOptimizer({ beta1: 0.8, beta2: 0.95, epsilon: 1e-3 });
  const weights = Float32Array.of(1, -2, 0.5), gradients = [[0.5, -1, 2], [0, 3, 1e-3], [-0.25, 1, 0]];
  const state = {
    step: 0,
    slots: { firstMoments: new Float32Array(3), secondMoments: new Float32Array(3) },
  };
  const w = [...weights], m = [0, 0, 0], v = [0, 0, 0];
  for (const [t, gradient] of gradients.entries()) {
    const learningRate = 0.1 / (t + 1);
    const parameters = { weights, gradient: Float32Array.from(gradient), penalized: [1, 1, 1] };
    stepOptimizer(options, parameters, state, learningRate);
    gradient.forEach((g, i) => {
      m[i] = 0.8 * m[i] + 0.2 * g;
      v[i] = 0.95 * v[i] + 0.05 * g ** 2;
      w[i] -= learningRate * Math.sqrt(1 - 0.95 ** (t + 1)) / (1 - 0.8 ** (t + 1)) * m[i] /
        (Math.sqrt(v[i]) + 1e-3);
      assert.ok(Math.abs(weights[i] - w[i]) < 1e-6, `step ${t}, weight ${i}: ${weights[i]} is not ${w[i]}`);
    });
    assert.equal(state.step, t + 1);
  }
});
