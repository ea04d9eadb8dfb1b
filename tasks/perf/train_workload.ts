import process from "node:process";
import { createRng } from "../../pipeline/lib/core/rng.ts";
import type { Architecture, ArchitectureSizes } from "../../pipeline/lib/nn/architectures/architecture.ts";
import { ARCHITECTURES } from "../../pipeline/lib/nn/architectures/architectures.ts";
import type { Layer, Model } from "../../pipeline/lib/nn/model.ts";

/** How every engine trains, so that their figures can be compared. */
export const WORKLOAD = { batchSize: 256, classes: 5, learningRate: 1e-3 };

/** A model and the windows that it sees. */
interface Workload extends Omit<ArchitectureSizes, "classes"> {
  build: Architecture["build"];
}

const BEAT = { windowSamples: 216, channels: 1 };
const { lstm, cnn, gru, bilstm } = ARCHITECTURES;

/** What is trained by name; the last three are measured only. */
const WORKLOADS: Record<string, Workload> = {
  lstm: { ...BEAT, build: lstm.build },
  cnn: { ...BEAT, build: cnn.build },
  gru: { ...BEAT, build: gru.build },
  bilstm: { ...BEAT, build: bilstm.build },
  "cnn-c": { ...BEAT, build: buildAveragedConvolutions },
  "cnn-lstm": { ...BEAT, build: buildConvolutionAndLstm },
  "lstm-27x8": { windowSamples: 27, channels: 8, build: lstm.build },
};
export const WORKLOAD_NAMES = Object.keys(WORKLOADS);

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

function convolution(
  name: string,
  input: string,
  sizes: { filters: number; kernelSize: number; strides: number },
): Layer {
  return { kind: "Conv1D", name, inputs: [input], ...sizes, padding: "same", activation: "relu" };
}

/** Three convolutions of short kernels and the mean over time: nearly all of its work is in two matrix products. */
function buildAveragedConvolutions({ windowSamples, channels, classes }: ArchitectureSizes): Model {
  return {
    name: "cnn-c",
    layers: [
      { kind: "InputLayer", name: "input", inputs: [], shape: [windowSamples, channels] },
      convolution("conv1d", "input", { filters: 16, kernelSize: 7, strides: 2 }),
      convolution("conv1d_1", "conv1d", { filters: 32, kernelSize: 5, strides: 1 }),
      convolution("conv1d_2", "conv1d_1", { filters: 64, kernelSize: 5, strides: 1 }),
      { kind: "GlobalAveragePooling1D", name: "average", inputs: ["conv1d_2"] },
      { kind: "Dense", name: "dense", inputs: ["average"], units: classes, activation: "softmax" },
    ],
    output: "dense",
  };
}

/** A convolution whose output, a quarter as long, an LSTM of 64 units reads. */
function buildConvolutionAndLstm({ windowSamples, channels, classes }: ArchitectureSizes): Model {
  return {
    name: "cnn-lstm",
    layers: [
      { kind: "InputLayer", name: "input", inputs: [], shape: [windowSamples, channels] },
      convolution("conv1d", "input", { filters: 32, kernelSize: 7, strides: 1 }),
      {
        kind: "MaxPooling1D",
        name: "pooling",
        inputs: ["conv1d"],
        poolSize: 4,
        strides: 4,
        padding: "valid",
      },
      { kind: "LSTM", name: "lstm", inputs: ["pooling"], units: 64, returnSequences: false },
      { kind: "Dense", name: "dense", inputs: ["lstm"], units: classes, activation: "softmax" },
    ],
    output: "dense",
  };
}

/** @param name One of `WORKLOAD_NAMES`. */
export function workloadModel(name: string): Model {
  const { build, windowSamples, channels } = WORKLOADS[name];
  return build({ windowSamples, channels, classes: WORKLOAD.classes });
}

/** @returns One batch of noise: windows [batchSize, windowSamples, channels], labels [batchSize]. */
export function workloadBatch(name: string): { windows: Float32Array; labels: Uint8Array } {
  const rng = createRng(1), { batchSize, classes } = WORKLOAD, { windowSamples, channels } = WORKLOADS[name];
  return {
    windows: Float32Array.from({ length: batchSize * windowSamples * channels }, rng.normal),
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
