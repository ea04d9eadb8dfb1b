import type { WindowLabels } from "../artefacts/window_set.ts";
import { patientOfRecord } from "../beats/splits.ts";
import type { OptimizerOptions } from "../engine/optimizers.ts";
import type { WasmEngineOptions } from "../engine/wasm_engine.ts";
import { type Augmenter, createAugmenter } from "./augment/augment.ts";
import { balancedClassWeights } from "./class_weights.ts";
import { createSampler, type Sampling } from "./sampling.ts";
import type { Monitor } from "./train_model.ts";

/** What a model is trained with, by the names of the training stage's parameters, which says what each is. */
export interface TrainingParams {
  seed: number;
  batchSize: number;
  monitor: string;
  optimizer: string;
  weightDecay: number;
  momentum: number;
  nesterov: boolean;
  clipNorm: number;
  clipValue: number;
  l1: number;
  l2: number;
  classWeighting: number;
  labelSmoothing: number;
  focalGamma: number;
  sampling: string;
  patientSampling: string;
  augmentAmplitude: number;
  augmentShift: number;
  augmentWander: number;
  augmentNoise: number;
  augmentWarp: number;
  augmentPolarity: number;
  fusedMultiplyAdd: boolean;
  /** 0: as many as the engine takes by itself. */
  workers: number;
}

/** What follows from the parameters and the training windows: for the engine, and for the loop. */
export interface TrainingSetup {
  engineOptions: WasmEngineOptions & { classWeights: Float64Array };
  loopOptions: {
    batchSize: number;
    monitor: Monitor;
    sampler: (epoch: number) => Uint32Array;
    augment?: Augmenter;
  };
}

/**
 * Makes what a training needs beside a model.
 *
 * @param options.rescale Whether each window was scaled to 0..1 by itself: augmented ones then are, too.
 * @throws RangeError A parameter out of its range.
 */
export function createTrainingSetup(
  params: TrainingParams,
  { train, classes, rescale }: { train: WindowLabels; classes: number; rescale: boolean },
): TrainingSetup {
  const { seed, batchSize, monitor, labelSmoothing, focalGamma, fusedMultiplyAdd } = params;
  const sampler = samplerOf(params, train);
  // By what an epoch draws, so that sampling and weighting do not do the same thing twice.
  const drawn = Uint8Array.from(sampler(1), (window) => train.labels[window]);
  return {
    engineOptions: {
      workers: params.workers || undefined,
      batchSize,
      classWeights: balancedClassWeights(drawn, classes, params.classWeighting),
      seed,
      optimizer: optimizerOf(params),
      loss: { labelSmoothing, focalGamma },
      fusedMultiplyAdd,
    },
    loopOptions: {
      batchSize,
      monitor: monitor as Monitor,
      sampler,
      augment: createAugmenter({
        augmentation: {
          amplitude: params.augmentAmplitude,
          shift: params.augmentShift,
          wander: params.augmentWander,
          noise: params.augmentNoise,
          warp: params.augmentWarp,
          polarity: params.augmentPolarity,
        },
        steps: train.windowSamples,
        channels: 1,
        seed,
        rescale,
      }),
    },
  };
}

function optimizerOf(
  { optimizer, weightDecay, momentum, nesterov, clipNorm, clipValue, l1, l2 }: TrainingParams,
): OptimizerOptions {
  const shared = { clipNorm, clipValue, l1, l2 };
  if (optimizer === "sgd") return { kind: "sgd", momentum, nesterov, ...shared };
  return { kind: "adam", weightDecay: optimizer === "adamw" ? weightDecay : 0, ...shared };
}

function samplerOf(params: TrainingParams, { labels, records, recordIndex }: WindowLabels) {
  const patients = records.map(patientOfRecord), firstOf = patients.map((name) => patients.indexOf(name));
  return createSampler({
    labels,
    classes: params.sampling as Sampling,
    patients: params.patientSampling as Sampling,
    patientOf: recordIndex.map((record) => firstOf[record]),
    seed: params.seed,
  });
}
