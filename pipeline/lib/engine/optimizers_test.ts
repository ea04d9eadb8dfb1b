import assert from "node:assert/strict";
import fc from "fast-check";
import { createRng } from "../core/rng.ts";
import type { Weights } from "../nn/model.ts";
import type { OptimizerState } from "./engine.ts";
import { compileKernels, createMachine } from "./kernels/kernels.ts";
import { stepOptimizer } from "./optimizer_reference.ts";
import { checkOptimizer, createOptimizer, isPenalized, type OptimizerOptions } from "./optimizers.ts";
import { chain, engineGradient, randomBatch, randomWeights, withEngine } from "./test_gradients.ts";

/** Largest difference between the kernels' float32 and the reference after a few steps. */
const TOLERANCE = 2e-6;

const shared = {
  l1: fc.constantFrom(0, 0.01),
  l2: fc.constantFrom(0, 0.02),
  clipNorm: fc.constantFrom(0, 0.5, 1e3),
  clipValue: fc.constantFrom(0, 0.1),
  weightDecay: fc.constantFrom(0, 0.3),
};
const optimizers: fc.Arbitrary<OptimizerOptions> = fc.oneof(
  fc.record({ kind: fc.constant("adam" as const), beta1: fc.constantFrom(0, 0.9), ...shared }),
  fc.record({
    kind: fc.constant("sgd" as const),
    momentum: fc.constantFrom(0, 0.9),
    nesterov: fc.boolean(),
    ...shared,
  }),
);

/** Kernels on a memory with an array of `count` floats at each address. */
function openMemory(count: number, arrays: number) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const machine = createMachine(compileKernels(false), memory);
  const addresses = Array.from({ length: arrays }, (_, i) => 1024 + 4 * count * i);
  return {
    kernels: machine.kernels,
    addresses,
    viewOf: (address: number) => machine.floats.subarray(address / 4, address / 4 + count),
  };
}

Deno.test("createOptimizer() steps as the plain reference with every option", () => {
  fc.assert(
    fc.property(optimizers, fc.integer(), (options, seed) => {
      const count = 20, shards = 3, rng = createRng(seed);
      const { kernels, addresses, viewOf } = openMemory(count, shards + 4);
      const [weights, penalized, slot1, slot2, gradients] = addresses;
      const optimizer = createOptimizer(options), checked = checkOptimizer(options);
      viewOf(weights).forEach((_, i, view) => view[i] = i === 0 ? 0 : rng.normal());
      viewOf(penalized).forEach((_, i, view) => view[i] = rng.integer(2));
      const expected = viewOf(weights).slice();
      const state: OptimizerState = {
        step: 0,
        slots: Object.fromEntries(optimizer.slots.map((name) => [name, new Float32Array(count)])),
      };
      for (let step = 1; step <= 4; step++) {
        const learningRate = 0.1 / step, gradient = new Float32Array(count);
        for (let shard = 0; shard < shards; shard++) {
          const part = viewOf(gradients + shard * 4 * count);
          part.forEach((_, i) => {
            part[i] = rng.normal();
            gradient[i] += part[i];
          });
        }
        kernels.sumGradients(count, shards, 4 * count, gradients);
        const memory = { parameterCount: count, gradients, weights, penalized, slots: [slot1, slot2] };
        optimizer.step(kernels, memory, { step, learningRate });
        stepOptimizer(
          checked,
          { weights: expected, gradient, penalized: viewOf(penalized) },
          state,
          learningRate,
        );
        viewOf(weights).forEach((weight, i) =>
          assert.ok(
            Math.abs(weight - expected[i]) < TOLERANCE,
            `step ${step}, ${i}: ${weight} is not ${expected[i]}`,
          )
        );
      }
    }),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("sumOfSquares() and clampValues() pass NaN on", () => {
  const { kernels, addresses: [at], viewOf } = openMemory(8, 1), values = viewOf(at);
  values.set([1, -2, 3, 0, 0.5, -4, 0, 2]);
  assert.equal(kernels.sumOfSquares(8, at), 34.25);
  values[5] = NaN;
  assert.ok(Number.isNaN(kernels.sumOfSquares(8, at)));
  kernels.clampValues(8, at, 1);
  assert.deepEqual([...values], [1, -1, 1, 0, 0.5, NaN, 0, 1]);
});

Deno.test("isPenalized() holds for what multiplies and for nothing else", () => {
  const names = ["kernel", "recurrent_kernel", "depthwise_kernel", "bias", "gamma", "beta", "moving_mean"];
  assert.deepEqual(names.map((name) => isPenalized(`layer/${name}`)), [
    true,
    true,
    true,
    ...Array(4).fill(false),
  ]);
});

const model = chain(
  { kind: "InputLayer", shape: [4, 2] },
  { kind: "LSTM", units: 3, returnSequences: false },
  { kind: "Dense", units: 3, activation: "softmax" },
);
const flat = (weights: Weights) => Float32Array.from([...weights.values()].flatMap(({ data }) => [...data]));

Deno.test("trainBatch() decays and penalizes kernels and no biases, wherever they lie in memory", async () => {
  const rng = createRng(1), weights = randomWeights(model, rng), batch = randomBatch(model, 12, rng);
  const options = { kind: "sgd", momentum: 0.5, nesterov: true, l2: 0.05, weightDecay: 0.5 } as const;
  const penalized = [...weights].flatMap(([name, { data }]) =>
    Array(data.length).fill(Number(isPenalized(name)))
  );
  await withEngine(model, { weights, workers: 1, optimizer: options }, async (engine) => {
    const { gradient } = await engineGradient(model, weights, batch, [1, 1, 1]);
    const expected = flat(weights);
    const state = { step: 0, slots: { velocity: new Float32Array(expected.length) } };
    stepOptimizer(checkOptimizer(options), { weights: expected, gradient, penalized }, state, 0.1);
    await engine.trainBatch(batch, 0.1);
    flat(engine.getWeights()).forEach((weight, i) =>
      assert.ok(Math.abs(weight - expected[i]) < TOLERANCE, `${i}: ${weight} is not ${expected[i]}`)
    );
    const { velocity } = engine.getOptimizerState().slots;
    velocity.forEach((value, i) => assert.ok(Math.abs(value - state.slots.velocity[i]) < TOLERANCE));
  });
});

Deno.test("trainBatch() gives the same bytes for 1 and 3 workers with clipping and AdamW", async () => {
  const results = [];
  for (const workers of [1, 3]) {
    const rng = createRng(2), weights = randomWeights(model, rng);
    const optimizer = { clipNorm: 0.1, clipValue: 0.05, l1: 1e-3, weightDecay: 0.1 };
    results.push(
      await withEngine(model, { weights, workers, optimizer }, async (engine) => {
        for (const count of [200, 70]) await engine.trainBatch(randomBatch(model, count, rng), 0.01);
        return { weights: engine.getWeights(), state: engine.getOptimizerState() };
      }),
    );
  }
  assert.deepEqual(results[1], results[0]);
});

Deno.test("checkOptimizer() refuses constants out of their range", () => {
  const wrong = [
    { beta1: 1 },
    { epsilon: 0 },
    { l1: -1 },
    { clipNorm: NaN },
    { weightDecay: Infinity },
    { kind: "sgd", momentum: 1 },
    { kind: "lion" },
  ];
  for (const options of wrong) {
    assert.throws(() => checkOptimizer(options as OptimizerOptions), RangeError, JSON.stringify(options));
  }
});
