import { createRng } from "../core/rng.ts";
import { initializeWeights } from "../nn/initialize.ts";
import type { Model, Weights } from "../nn/model.ts";

/** Windows like scaled beats: an R wave of varying width, place and height, a P wave, noise; [count, samples]. */
export function beatWindows(count: number, samples: number, seed = 1): Float32Array {
  const rng = createRng(seed);
  const windows = new Float32Array(count * samples);
  for (let window = 0; window < count; window++) {
    const width = 3 + 12 * rng.uniform(), height = 0.6 + 0.4 * rng.uniform();
    const center = samples * (0.4 + 0.03 * rng.normal()), depth = 0.4 * rng.uniform();
    for (let t = 0; t < samples; t++) {
      windows[window * samples + t] = 0.3 + height * gaussian(t - center, width) -
        depth * gaussian(t - center - 2.5 * width, width) + 0.1 * gaussian(t - center + 60, 14) +
        0.02 * rng.normal();
    }
  }
  return windows;
}

/** Random values without structure, for windows of any shape. */
export function noiseWindows(length: number, seed = 1): Float32Array {
  const rng = createRng(seed);
  return Float32Array.from({ length }, () => rng.normal());
}

/** First weights as for training, with random biases and larger dense kernels, so that the classes differ. */
export function livelyWeights(model: Model, seed = 7): Weights {
  const rng = createRng(seed);
  const weights = initializeWeights(model, rng);
  for (const [name, { data }] of weights) {
    const random = rng.fork(name);
    if (name.endsWith("/bias")) data.forEach((value, i) => data[i] = value + 0.3 * random.normal());
    if (name === `${model.output}/kernel`) data.forEach((value, i) => data[i] = 5 * value);
  }
  return weights;
}

function gaussian(distance: number, width: number): number {
  return Math.exp(-(distance ** 2) / (2 * width ** 2));
}
