import process from "node:process";
import { createRng } from "../../pipeline/lib/core/rng.ts";
import { ARCHITECTURES } from "../../pipeline/lib/nn/architectures/architectures.ts";
import type { Model } from "../../pipeline/lib/nn/model.ts";

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

/** @returns The architecture for the workload's windows. */
export function workloadModel(name: string): Model {
  return ARCHITECTURES[name].build(WORKLOAD);
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
