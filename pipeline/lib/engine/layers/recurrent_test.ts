import assert from "node:assert/strict";
import { createRng } from "../../core/rng.ts";
import { MERGE_MODES, type MergeMode } from "../../nn/layers/bidirectional.ts";
import type { RecurrentActivation } from "../../nn/layers/recurrent.ts";
import {
  assertGradient,
  chain,
  engineGradient,
  type LayerSizes,
  randomBatch,
  randomWeights,
  testModels,
} from "../test_gradients.ts";

const input = (...shape: number[]): LayerSizes => ({ kind: "InputLayer", shape });
const softmax: LayerSizes = { kind: "Dense", units: 3, activation: "softmax" };
const average: LayerSizes = { kind: "GlobalAveragePooling1D" };

interface Options {
  returnSequences?: boolean;
  resetAfter?: boolean;
  goBackwards?: boolean;
  useBias?: boolean;
  recurrentActivation?: RecurrentActivation;
}
const gru = (units: number, options: Options = {}): LayerSizes => ({
  kind: "GRU",
  units,
  returnSequences: false,
  resetAfter: true,
  ...options,
});
const lstm = (units: number, options: Options = {}): LayerSizes => ({
  kind: "LSTM",
  units,
  returnSequences: false,
  ...options,
});
const bidirectional = (layer: LayerSizes, mergeMode: MergeMode = "concat"): LayerSizes =>
  ({ kind: "Bidirectional", layer, mergeMode }) as LayerSizes;
const sequences = { returnSequences: true }, before = { resetAfter: false }, unbiased = { useBias: false };

testModels({
  gru: chain(input(7, 2), gru(5), softmax),
  "gru over more steps than one gradient sum": chain(input(11, 1), gru(3), softmax),
  "gru of one step": chain(input(1, 2), gru(3, sequences), average, softmax),
  "lstm and gru behind a convolution that leaves one step": chain(
    input(3, 2),
    { kind: "Conv1D", filters: 2, kernelSize: 3, strides: 1, padding: "valid", activation: "tanh" },
    lstm(2, sequences),
    bidirectional(gru(1, sequences)),
    average,
    softmax,
  ),
  "gru, reset before": chain(input(7, 2), gru(5, before), softmax),
  "stacked gru": chain(
    input(7, 3),
    gru(5, sequences),
    gru(3, { ...sequences, ...before }),
    gru(6, sequences),
    average,
    softmax,
  ),
  "stacked lstm and gru, backwards": chain(
    input(6, 2),
    lstm(3, { ...sequences, goBackwards: true }),
    gru(5, { ...sequences, goBackwards: true }),
    gru(3, { goBackwards: true, ...before }),
    softmax,
  ),
  "stacked lstm and gru without biases": chain(
    input(6, 2),
    lstm(3, { ...sequences, ...unbiased }),
    gru(5, { ...sequences, ...unbiased }),
    bidirectional(gru(2, { ...sequences, ...unbiased })),
    gru(3, { ...before, ...unbiased }),
    { ...softmax, ...unbiased } as LayerSizes,
  ),
  "bidirectional lstm": chain(input(7, 2), bidirectional(lstm(5)), softmax),
  "bidirectional gru": chain(input(7, 2), bidirectional(gru(3)), softmax),
  "stacked bidirectional": chain(
    input(5, 1),
    bidirectional(lstm(3, sequences)),
    bidirectional(gru(2, { ...sequences, ...before })),
    bidirectional(gru(1)),
    softmax,
  ),
  ...Object.fromEntries(
    MERGE_MODES.map((mode) => [
      `bidirectional lstm of all steps, ${mode}`,
      chain(input(5, 2), lstm(2, sequences), bidirectional(lstm(3, sequences), mode), average, softmax),
    ]),
  ),
});

/** Stacked layers whose gates have a hard sigmoid, and one behind them. */
const hard = (
  recurrentActivation: RecurrentActivation,
  activation: "hard_sigmoid" | "hard_sigmoid_keras3",
) => {
  const all = { ...sequences, recurrentActivation };
  return chain(
    input(4, 2),
    lstm(3, all),
    gru(2, all),
    gru(2, { ...all, ...before }),
    { kind: "Activation", activation },
    bidirectional(lstm(1, { recurrentActivation })),
    softmax,
  );
};
const HARD = {
  hard_sigmoid: hard("hard_sigmoid", "hard_sigmoid"),
  hard_sigmoid_keras3: hard("hard_sigmoid_keras3", "hard_sigmoid_keras3"),
};
testModels({ "stacked lstm and gru with the hard sigmoid of Keras 2": HARD.hard_sigmoid });
testModels({ "stacked lstm and gru with the hard sigmoid of Keras 3": HARD.hard_sigmoid_keras3 }, {
  tfjs: false,
});

for (const [name, model] of Object.entries(HARD)) {
  Deno.test(`createWasmEngine() has the reference's gradient where gates of ${name} are shut or open`, async () => {
    const rng = createRng(5), weights = randomWeights(model, rng);
    for (const [weight, { data }] of weights) {
      if (weight.includes("kernel")) data.forEach((value, i) => data[i] = 4 * value);
    }
    await assertGradient(model, weights, randomBatch(model, 2, rng), [0.5, 2, 1]);
  });
}

Deno.test("createWasmEngine() has a gradient of 0 and no NaN where the output gate of an LSTM is shut", async () => {
  const model = chain(input(5, 2), lstm(3, { recurrentActivation: "hard_sigmoid" }), softmax);
  const rng = createRng(6), weights = randomWeights(model, rng), units = 3;
  weights.get("layer1/bias")!.data.fill(-30, 3 * units);
  const { gradient } = await engineGradient(model, weights, randomBatch(model, 4, rng), [1, 1, 1]);
  const recurrent = (2 + units + 1) * 4 * units;
  assert.ok(gradient.every(Number.isFinite));
  assert.ok(gradient.subarray(0, recurrent).every((value) => value === 0));
  assert.ok(gradient.subarray(recurrent).some((value) => value !== 0));
});
