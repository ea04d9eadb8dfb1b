import type { TrainingParams } from "./training_setup.ts";

/** A training without any of the things that are off by default; tests set what they are about. */
export const PLAIN_TRAINING: Readonly<TrainingParams> = {
  seed: 1,
  batchSize: 32,
  monitor: "loss",
  optimizer: "adam",
  weightDecay: 0,
  momentum: 0,
  nesterov: false,
  clipNorm: 0,
  clipValue: 0,
  l1: 0,
  l2: 0,
  classWeighting: 0,
  labelSmoothing: 0,
  focalGamma: 0,
  sampling: "natural",
  patientSampling: "natural",
  augmentAmplitude: 0,
  augmentShift: 0,
  augmentWander: 0,
  augmentNoise: 0,
  augmentWarp: 0,
  augmentPolarity: 0,
  fusedMultiplyAdd: false,
  workers: 1,
};
