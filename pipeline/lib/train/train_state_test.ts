import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import { FormatError } from "../core/errors.ts";
import { createRng } from "../core/rng.ts";
import { decodeTrainState, encodeTrainState, type TrainState } from "./train_state.ts";

const rng = createRng(1);
const random = (length: number) => Float32Array.from({ length }, rng.normal);
const randomWeights = () =>
  new Map([["dense/kernel", { shape: [3, 2], data: random(6) }], ["dense/bias", {
    shape: [2],
    data: random(2),
  }]]);
const figures = {
  learningRate: 0.1,
  loss: 1 / 3,
  validationLoss: 0.7,
  validationAccuracy: 0.5,
  validationBalancedAccuracy: 0.4,
  validationMacroF1: 0.25,
};

const state: TrainState = {
  epoch: 2,
  weights: randomWeights(),
  optimizer: { step: 14, slots: { firstMoments: random(8), secondMoments: random(8).map(Math.abs) } },
  bestWeights: randomWeights(),
  bestEpoch: 1,
  bestScore: 0.1 + 0.2,
  history: [{ epoch: 1, ...figures }, { epoch: 2, ...figures }],
};

Deno.test("decodeTrainState() gives back what encodeTrainState() was given", () => {
  for (const slots of [{}, { velocity: random(8) }] as Record<string, Float32Array>[]) {
    const other = { ...state, optimizer: { step: 3, slots } };
    assert.deepEqual(decodeTrainState(encodeTrainState(other)), other);
  }
  const bytes = encodeTrainState(state);
  assert.deepEqual(decodeTrainState(bytes), state);
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  assert.deepEqual(decodeTrainState(shifted.subarray(1)), state);
});

Deno.test("decodeTrainState() refuses every truncation and every flipped byte", () => {
  const bytes = encodeTrainState(state);
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodeTrainState(bytes.subarray(0, length), "state.bin"), FormatError);
  }
  for (let at = 0; at < bytes.length; at++) {
    const damaged = bytes.slice();
    damaged[at] ^= 1 + rng.integer(255);
    assert.throws(() => decodeTrainState(damaged), FormatError, `byte ${at}`);
  }
  assert.throws(() => decodeTrainState(new Uint8Array([...bytes, 0])), FormatError);
});

Deno.test("decodeTrainState() gives a state or a FormatError for damage with a matching checksum", () => {
  const bytes = encodeTrainState(state);
  for (let run = 0; run < 2000; run++) {
    const damaged = bytes.slice(0, rng.uniform() < 0.5 ? bytes.length : 16 + rng.integer(bytes.length - 16));
    for (let flips = rng.integer(4); flips >= 0; flips--) {
      damaged[8 + rng.integer(damaged.length - 8)] ^= 1 + rng.integer(255);
    }
    new DataView(damaged.buffer).setUint32(12, crc32(damaged.subarray(16)), true);
    try {
      const { weights, history, epoch } = decodeTrainState(damaged);
      assert.equal(history.length, epoch);
      for (const { data } of weights.values()) assert.ok(data.every(Number.isFinite));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  }
});

Deno.test("decodeTrainState() refuses a state whose parts contradict each other", () => {
  const wrong: Partial<TrainState>[] = [
    { epoch: 3 },
    { bestEpoch: 3 },
    { bestScore: NaN },
    { epoch: 0, history: [] },
    { history: [{ epoch: 1, ...figures }, { epoch: 1, ...figures }] },
    { history: [{ epoch: 1, ...figures }, { epoch: 2, ...figures, validationAccuracy: 1.5 }] },
    { optimizer: { ...state.optimizer, step: -1 } },
    { optimizer: { step: 1, slots: { velocity: new Float32Array(8).fill(NaN) } } },
    { optimizer: { step: 1, slots: { secondMoments: new Float32Array(8).fill(-1) } } },
    { optimizer: { step: 1, slots: { velocity: new Float32Array(7) } } },
  ];
  for (const part of wrong) {
    assert.throws(
      () => decodeTrainState(encodeTrainState({ ...state, ...part })),
      FormatError,
      JSON.stringify(part),
    );
  }
});
