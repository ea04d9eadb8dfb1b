import assert from "node:assert/strict";
import { createRng } from "../../core/rng.ts";
import { forward } from "../../nn/forward.ts";
import { sigmoid } from "../../nn/layers/activations.ts";
import type { LSTMLayer, Model, Weights } from "../../nn/model.ts";
import type { TrainingBatch } from "../engine.ts";
import {
  chain,
  engineGradient,
  type LayerSizes,
  PROBABILITY_TOLERANCE,
  randomBatch,
  randomWeights,
  withEngine,
} from "../test_gradients.ts";
import type { Rounding, Roundings } from "./rounding.ts";

/** Largest difference between a gradient (float32) and its finite difference, as a share of the largest gradient. */
const GRADIENT_TOLERANCE = 1e-4;
const CLASS_WEIGHTS = [0.5, 2, 1];

const input = (...shape: number[]): LayerSizes => ({ kind: "InputLayer", shape });
const softmax: LayerSizes = { kind: "Dense", units: 3, activation: "softmax" };
const conv = (activation: "relu" | "linear" | "tanh", strides = 1): LayerSizes => ({
  kind: "Conv1D",
  filters: 3,
  kernelSize: 3,
  strides,
  padding: "same",
  activation,
});
/** Some of the values lie outside: -0.48 to 0.8 around 0, -0.8 to 0.48, and 0 to 1.28. */
const MIDDLE: Rounding = { scale: 0.08, zeroPoint: -2, low: -8, high: 8 };
const LOW: Rounding = { scale: 0.08, zeroPoint: 2, low: -8, high: 8 };
const POSITIVE: Rounding = { scale: 0.08, zeroPoint: -8, low: -8, high: 8 };
const PROBABILITY: Rounding = { scale: 1 / 256, zeroPoint: -128, low: -128, high: 127 };
const HIDDEN: Rounding = { scale: 0.003, zeroPoint: 0, low: -128, high: 127 };
/** Cells beyond 0.5 are moved to it, which the quantizer never lets happen. */
const CELL: Rounding = { scale: 2 ** -16, zeroPoint: 0, low: -32768, high: 32767 };

/** Values of a tensor of one window, changed in place. */
type Change = (name: string, values: Float64Array) => void;
/** Computes [count][classes] in float64; `change` sees every tensor of every window before it is read. */
type Reference = (model: Model, weights: Weights, batch: TrainingBatch, change: Change) => Float64Array[];

/** The reference forward pass, whose observer gets the values that the next layer reads. */
const observedForward: Reference = (model, weights, { windows, count }, change) => {
  const outputs: Float64Array[] = [];
  forward(model, weights, windows, count, (name, values) => {
    if (name === model.output) outputs.push(values.slice());
    else change(name, values);
  });
  return outputs;
};

/** The same for an LSTM of one input channel and a dense layer, step by step: rounded states are read by the next step. */
const steppedLstm: Reference = (model, weights, { windows, count }, change) => {
  const [{ name: inputName }, lstm, { name: dense }] = model.layers;
  const { units, name, returnSequences } = lstm as LSTMLayer;
  const read = (weight: string) => weights.get(weight)!.data;
  const kernel = read(`${name}/kernel`), recurrent = read(`${name}/recurrent_kernel`);
  const bias = read(`${name}/bias`), steps = windows.length / count, columns = 4 * units;
  assert.equal(kernel.length, columns);
  assert.equal(returnSequences, false);
  return Array.from({ length: count }, (_, window) => {
    const signal = Float64Array.from(windows.subarray(window * steps, (window + 1) * steps));
    change(inputName, signal);
    const hidden = new Float64Array(units), cell = new Float64Array(units);
    signal.forEach((x, step) => {
      const before = hidden.slice();
      const gate = (g: number, u: number) => {
        const column = g * units + u;
        return before.reduce(
          (sum, h, v) => sum + h * recurrent[v * columns + column],
          bias[column] + x * kernel[column],
        );
      };
      for (let u = 0; u < units; u++) {
        cell[u] = sigmoid(gate(1, u)) * cell[u] + sigmoid(gate(0, u)) * Math.tanh(gate(2, u));
      }
      change(`${name}/cell@${step}`, cell);
      for (let u = 0; u < units; u++) hidden[u] = sigmoid(gate(3, u)) * Math.tanh(cell[u]);
      change(`${name}/hidden@${step}`, hidden);
    });
    const denseKernel = read(`${dense}/kernel`), denseBias = read(`${dense}/bias`);
    const logits = Float64Array.from(
      denseBias,
      (b, c) => hidden.reduce((sum, h, u) => sum + h * denseKernel[u * denseBias.length + c], b),
    );
    change(`${dense}/preactivation`, logits);
    const largest = Math.max(...logits), powers = logits.map((logit) => Math.exp(logit - largest));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((power) => power / sum);
  });
};

const roundingOf = (roundings: Roundings, name: string): Rounding | undefined =>
  roundings[name.split("@")[0]];

/** Rounds a value as an integer would hold it. @returns Also whether it was moved to an end. */
function round(
  value: number,
  { scale, zeroPoint, low, high }: Rounding,
): { value: number; isMoved: boolean } {
  const q = Math.round(value / scale) + zeroPoint, kept = Math.min(Math.max(q, low), high);
  return { value: scale * (kept - zeroPoint), isMoved: kept !== q };
}

/** The loss, and what the rounding did to every value. */
function roundedLoss(
  reference: Reference,
  { model, weights, batch, roundings }: Case,
  /** What the rounding did before: it is repeated, so that the loss has the gradient that passes straight through. */
  frozen?: { added: number; end?: number }[],
) {
  const done: { added: number; end?: number }[] = [];
  const probabilities = reference(model, weights, batch, (name, values) => {
    const rounding = roundingOf(roundings, name);
    if (rounding === undefined) return;
    values.forEach((value, i) => {
      if (frozen) {
        const { added, end } = frozen[done.length];
        values[i] = end ?? value + added;
        done.push({ added, end });
      } else {
        const { value: rounded, isMoved } = round(value, rounding);
        values[i] = rounded;
        done.push({ added: rounded - value, end: isMoved ? rounded : undefined });
      }
    });
  });
  const loss = probabilities.reduce(
    (sum, p, i) => sum - CLASS_WEIGHTS[batch.labels[i]] * Math.log(p[batch.labels[i]]) / batch.count,
    0,
  );
  return { loss, probabilities, done };
}

interface Case {
  model: Model;
  weights: Weights;
  batch: TrainingBatch;
  roundings: Roundings;
}

const CASES: Record<string, { model: Model; roundings: Roundings; reference?: Reference }> = {
  "convolutions, pooling and dense": {
    model: chain(
      input(9, 2),
      conv("relu", 2),
      // Not the largest: rounded values tie, and finite differences see both where the gradient has the first.
      { kind: "AveragePooling1D", poolSize: 2, strides: 1, padding: "same" },
      conv("tanh"),
      conv("linear"),
      { kind: "GlobalAveragePooling1D" },
      { kind: "Dense", units: 4, activation: "sigmoid" },
      softmax,
    ),
    roundings: {
      layer0: MIDDLE,
      layer1: POSITIVE,
      // Another scale: means of two rounded values would lie halfway between two.
      layer2: { ...POSITIVE, scale: 0.07 },
      "layer3/preactivation": LOW,
      layer3: MIDDLE,
      layer4: LOW,
      layer5: MIDDLE,
      "layer6/preactivation": MIDDLE,
      layer6: PROBABILITY,
      "layer7/preactivation": MIDDLE,
    },
  },
  "depthwise and separable convolutions": {
    model: chain(
      input(7, 2),
      {
        kind: "DepthwiseConv1D",
        kernelSize: 3,
        strides: 1,
        padding: "same",
        depthMultiplier: 2,
        dilation: 1,
        useBias: true,
        activation: "tanh",
      },
      {
        kind: "SeparableConv1D",
        filters: 3,
        kernelSize: 2,
        strides: 1,
        padding: "same",
        depthMultiplier: 1,
        dilation: 1,
        useBias: true,
        activation: "relu",
      },
      { kind: "GlobalAveragePooling1D" },
      softmax,
    ),
    roundings: {
      layer0: MIDDLE,
      "layer1/preactivation": LOW,
      layer1: MIDDLE,
      // Another scale: means of two rounded values would lie halfway between two.
      layer2: { ...POSITIVE, scale: 0.07 },
      layer3: POSITIVE,
    },
  },
  lstm: {
    model: chain(input(11, 1), { kind: "LSTM", units: 5, returnSequences: false }, softmax),
    roundings: {
      layer0: MIDDLE,
      "layer1/hidden": HIDDEN,
      "layer1/cell": CELL,
      layer1: HIDDEN,
      "layer2/preactivation": MIDDLE,
    },
    reference: steppedLstm,
  },
};

for (const [name, { model, roundings, reference = observedForward }] of Object.entries(CASES)) {
  const setUp = (): Case => {
    const rng = createRng(5);
    return { model, weights: randomWeights(model, rng), batch: randomBatch(model, 35, rng), roundings };
  };

  Deno.test(`roundings are what layers read: ${name}`, async () => {
    const test = setUp(), { probabilities: expected, done } = roundedLoss(reference, test);
    const moved = done.filter(({ end }) => end !== undefined).length;
    assert.ok(moved > 0.01 * done.length && moved < 0.9 * done.length, `${moved} of ${done.length} moved`);
    const options = { weights: test.weights, workers: 1, batchSize: 40, roundings };
    const { windows, count } = test.batch;
    const actual = await withEngine(model, options, (engine) => engine.predict(windows, count));
    actual.forEach((p, i) =>
      assert.ok(Math.abs(p - expected[Math.floor(i / 3)][i % 3]) < PROBABILITY_TOLERANCE, `${i}: ${p}`)
    );
  });

  Deno.test(`gradients pass straight through roundings: ${name}`, async () => {
    const test = setUp(), { weights, batch } = test;
    const { loss: expectedLoss, done } = roundedLoss(reference, test);
    const { loss, gradient } = await engineGradient(model, weights, batch, CLASS_WEIGHTS, roundings);
    assert.ok(Math.abs(loss - expectedLoss) < 1e-5, `loss ${loss} is not ${expectedLoss}`);
    const largest = gradient.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    let at = 0;
    for (const [weightName, { data }] of weights) {
      for (let i = 0; i < data.length; i++, at++) {
        const kept = data[i];
        const [above, below] = [1e-5, -1e-5].map((h) => {
          data[i] = kept + h;
          return { weight: data[i], loss: roundedLoss(reference, test, done).loss };
        });
        data[i] = kept;
        const expected = (above.loss - below.loss) / (above.weight - below.weight);
        assert.ok(
          Math.abs(gradient[at] - expected) < GRADIENT_TOLERANCE * largest,
          `${weightName}[${i}]: ${gradient[at]} is not ${expected}`,
        );
      }
    }
    assert.equal(at, gradient.length);
  });

  Deno.test(`roundings give the same bytes for any number of workers: ${name}`, async () => {
    const { weights, batch } = setUp();
    const roundWeight = (_: string, __: readonly number[], values: Float32Array) =>
      values.forEach((value, i) => values[i] = Math.round(64 * value) / 64);
    const [one, two] = await Promise.all(
      [1, 2].map((workers) =>
        withEngine(model, { weights, workers, batchSize: 40, roundings, roundWeight }, async (engine) => {
          for (let step = 0; step < 3; step++) await engine.trainBatch(batch, 0.01);
          return engine.getWeights();
        })
      ),
    );
    assert.deepEqual(two, one);
    assert.notDeepEqual(one, weights);
  });
}

Deno.test("createWasmEngine() refuses a rounding that is none, and half of an LSTM's state", async () => {
  const { model } = CASES.lstm, weights = randomWeights(model, createRng(1));
  const start = (roundings: Roundings) =>
    withEngine(model, { weights, workers: 1, roundings }, async () => {});
  await assert.rejects(start({ layer0: { ...MIDDLE, scale: 0 } }), RangeError);
  await assert.rejects(start({ layer0: { ...MIDDLE, zeroPoint: 9 } }), RangeError);
  await assert.rejects(start({ layer0: { ...MIDDLE, high: 7.5 } }), RangeError);
  await assert.rejects(
    start({ "layer1/hidden": HIDDEN }),
    /hidden state must become int8 and its cell int16/,
  );
  await assert.rejects(start({ "layer1/hidden": HIDDEN, "layer1/cell": HIDDEN }), RangeError);
});

for (const resetAfter of [true, false]) {
  Deno.test(`a rounded GRU is the GRU where the steps are fine: resetAfter ${resetAfter}`, async () => {
    const gru = (returnSequences: boolean): LayerSizes => ({
      kind: "GRU",
      units: 5,
      returnSequences,
      resetAfter,
    });
    const steps = 7, model = chain(input(steps, 2), gru(true), gru(false), softmax), rng = createRng(6);
    const fine: Rounding = { scale: 1e-6, zeroPoint: 0, low: -(2 ** 30), high: 2 ** 30 };
    const kinds =
      "given_gates kept_gates gate_sum gates given_candidate kept_candidate reset_kept reset_hidden " +
      "candidate_sum candidate change remembered forgotten hidden";
    const roundingsOf = (rounding: Rounding) =>
      Object.fromEntries(
        ["layer1", "layer2"].flatMap((layer) =>
          Array.from({ length: steps }, (_, t) => kinds.split(" ").map((what) => `${layer}/${t}/${what}`))
            .flat()
        ).map((name) => [name, rounding]),
      );
    const weights = randomWeights(model, rng), batch = randomBatch(model, 35, rng);
    const [exact, rounded, coarse] = await Promise.all(
      [{}, roundingsOf(fine), roundingsOf({ ...fine, scale: 0.05 })].map((roundings) =>
        engineGradient(model, weights, batch, CLASS_WEIGHTS, roundings)
      ),
    );
    assert.ok(Math.abs(rounded.loss - exact.loss) < 1e-5, `${rounded.loss} is not ${exact.loss}`);
    assert.ok(Math.abs(coarse.loss - exact.loss) > 1e-3, `${coarse.loss} is ${exact.loss}`);
    const largest = exact.gradient.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    rounded.gradient.forEach((value, i) =>
      assert.ok(Math.abs(value - exact.gradient[i]) < GRADIENT_TOLERANCE * largest, `${i}: ${value}`)
    );
  });
}
