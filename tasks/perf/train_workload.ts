import process from "node:process";
import { createRng } from "../../pipeline/lib/core/rng.ts";
import { ARCHITECTURES } from "../../pipeline/lib/nn/architectures/architectures.ts";
import type { Layer, Model } from "../../pipeline/lib/nn/model.ts";

/** What every engine trains on, so that their figures can be compared. */
export const WORKLOAD = { batchSize: 256, windowSamples: 216, channels: 1, classes: 5, learningRate: 1e-3 };

/** Batches before the clock starts: compilation, allocation. */
const WARM_UP_BATCHES = 2;
const MIN_BATCHES = 3;

/** What one process measured. */
export interface Measurement {
  /** Forward and backward pass and Adam, by the median batch. */
  windowsPerSecond: number;
  /** Of the whole process. */
  peakRssMb: number;
}

/** @returns The architecture, or the model that is only measured, for the workload's windows. */
export function workloadModel(name: string): Model {
  return MEASURED_MODELS[name]?.() ?? ARCHITECTURES[name].build(WORKLOAD);
}

/** Models that are no architectures of the project, by name. */
const MEASURED_MODELS: Record<string, () => Model> = { "cnn-c": convolutionsAveraged };

/** Three convolutions of short kernels and the mean over time: nearly all of its work is in two matrix products. */
function convolutionsAveraged(): Model {
  const { windowSamples, channels, classes } = WORKLOAD;
  const convolution = (
    name: string,
    input: string,
    filters: number,
    kernelSize: number,
    strides: number,
  ): Layer => ({
    kind: "Conv1D",
    name,
    inputs: [input],
    filters,
    kernelSize,
    strides,
    padding: "same",
    activation: "relu",
  });
  return {
    name: "cnn-c",
    layers: [
      { kind: "InputLayer", name: "input", inputs: [], shape: [windowSamples, channels] },
      convolution("conv1d", "input", 16, 7, 2),
      convolution("conv1d_1", "conv1d", 32, 5, 1),
      convolution("conv1d_2", "conv1d_1", 64, 5, 1),
      { kind: "GlobalAveragePooling1D", name: "average", inputs: ["conv1d_2"] },
      { kind: "Dense", name: "dense", inputs: ["average"], units: classes, activation: "softmax" },
    ],
    output: "dense",
  };
}

/** @returns One batch of noise: windows [batchSize, windowSamples], labels [batchSize]. */
export function workloadBatch(): { windows: Float32Array; labels: Uint8Array } {
  const rng = createRng(1), { batchSize, windowSamples, classes } = WORKLOAD;
  return {
    windows: Float32Array.from({ length: batchSize * windowSamples }, rng.normal),
    labels: Uint8Array.from({ length: batchSize }, () => rng.integer(classes)),
  };
}

/**
 * Repeats a training step and prints the measurement as one line of JSON.
 *
 * @param trainBatch Trains on one batch; must be finished when it resolves.
 * @param seconds How long to repeat it.
 */
export async function measureTraining(trainBatch: () => Promise<unknown>, seconds: number): Promise<void> {
  for (let i = 0; i < WARM_UP_BATCHES; i++) await trainBatch();
  const times: number[] = [], end = performance.now() + 1000 * seconds;
  while (times.length < MIN_BATCHES || performance.now() < end) {
    const started = performance.now();
    await trainBatch();
    times.push((performance.now() - started) / 1000);
  }
  times.sort((a, b) => a - b);
  const measurement: Measurement = {
    windowsPerSecond: Math.round(WORKLOAD.batchSize / times[times.length >> 1]),
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
  };
  console.log(JSON.stringify(measurement));
}
