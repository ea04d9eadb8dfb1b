import assert from "node:assert/strict";
import { PLAIN_TRAINING } from "./test_training_params.ts";
import { createTrainingSetup, type TrainingParams } from "./training_setup.ts";

const PARAMS: TrainingParams = {
  ...PLAIN_TRAINING,
  batchSize: 16,
  monitor: "macroF1",
  weightDecay: 0.01,
  momentum: 0.9,
  nesterov: true,
  classWeighting: 1,
  workers: 0,
};

/** 201 and 202 are one patient; of class 0 record 100 has 8 windows, they have 4. */
const TRAIN = {
  records: ["100", "201", "202"],
  recordIndex: Uint16Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 0, 1, 2, 2),
  labels: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1),
  windowSamples: 8,
};
const setup = (params: Partial<TrainingParams> = {}) =>
  createTrainingSetup({ ...PARAMS, ...params }, { train: TRAIN, classes: 2, rescale: false });

Deno.test("createTrainingSetup() weighs classes by what an epoch draws", () => {
  assert.deepEqual([...setup().engineOptions.classWeights], [16 / 24, 2]);
  assert.deepEqual([...setup({ sampling: "balanced" }).engineOptions.classWeights], [1, 1]);
});

Deno.test("createTrainingSetup() takes records of one person for one patient", () => {
  const { sampler } = setup({ patientSampling: "balanced" }).loopOptions;
  const drawn = [...sampler(1)].filter((window) => TRAIN.labels[window] === 0);
  assert.equal(drawn.length, 12);
  assert.equal(drawn.filter((window) => TRAIN.recordIndex[window] === 0).length, 6);
});

Deno.test("createTrainingSetup() decays weights with adamw alone, and leaves to the engine what was not said", () => {
  const optimizerOf = (optimizer: string) => setup({ optimizer }).engineOptions.optimizer;
  const shared = { clipNorm: 0, clipValue: 0, l1: 0, l2: 0 };
  assert.deepEqual(optimizerOf("adam"), { kind: "adam", weightDecay: 0, ...shared });
  assert.deepEqual(optimizerOf("adamw"), { kind: "adam", weightDecay: 0.01, ...shared });
  assert.deepEqual(optimizerOf("sgd"), { kind: "sgd", momentum: 0.9, nesterov: true, ...shared });
  assert.equal(setup().engineOptions.workers, undefined);
  assert.equal(setup({ workers: 3 }).engineOptions.workers, 3);
  assert.equal(setup().loopOptions.augment, undefined);
  assert.notEqual(setup({ augmentShift: 1 }).loopOptions.augment, undefined);
});
