// @ts-nocheck AssemblyScript: usize, f32 and v128 are not TypeScript's types. Built by `deno task kernels`.
// Batch normalization of a block, [steps][channels][32]: statistics of a channel run over all steps and over those
// samples that are there.

import { sumOf, withoutDenormals } from "./math.as.ts";
import { ROW } from "./matrix.as.ts";

const HALF_ROW: usize = ROW / 2;

/** x in the four samples from `sample` of which the first `samples` of the block are there, 0 in the others. */
function present(x: v128, sample: i32, samples: i32): v128 {
  return v128.and(x, i32x4.lt_s(i32x4.add(i32x4(0, 1, 2, 3), i32x4.splat(sample)), i32x4.splat(samples)));
}

/** The sum of half a row's numbers in those samples that are there. */
function sumPresent(s0: v128, s1: v128, s2: v128, s3: v128, half: usize, samples: i32): f32 {
  const sample = <i32> half >> 2;
  const upper = f32x4.add(present(s0, sample, samples), present(s1, sample + 4, samples));
  const lower = f32x4.add(present(s2, sample + 8, samples), present(s3, sample + 12, samples));
  return sumOf(f32x4.add(upper, lower));
}

/**
 * Mean and biased variance of each channel.
 *
 * @param means, variances f32 [channels], written.
 */
export function blockStatistics(
  steps: usize,
  channels: usize,
  samples: i32,
  input: usize,
  means: usize,
  variances: usize,
): void {
  const block = channels * ROW, count = <f32> steps * <f32> samples;
  for (let c: usize = 0; c < channels; c++) {
    let sum: f32 = 0;
    for (let half: usize = 0; half < ROW; half += HALF_ROW) {
      const first = input + c * ROW + half, end = first + steps * block;
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
      for (let p = first; p != end; p += block) {
        s0 = f32x4.add(s0, v128.load(p)), s1 = f32x4.add(s1, v128.load(p, 16));
        s2 = f32x4.add(s2, v128.load(p, 32)), s3 = f32x4.add(s3, v128.load(p, 48));
      }
      sum += sumPresent(s0, s1, s2, s3, half, samples);
    }
    const mean = sum / count, m = f32x4.splat(mean);
    sum = 0;
    for (let half: usize = 0; half < ROW; half += HALF_ROW) {
      const first = input + c * ROW + half, end = first + steps * block;
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
      for (let p = first; p != end; p += block) {
        const d0 = f32x4.sub(v128.load(p), m), d1 = f32x4.sub(v128.load(p, 16), m);
        const d2 = f32x4.sub(v128.load(p, 32), m), d3 = f32x4.sub(v128.load(p, 48), m);
        s0 = f32x4.add(s0, f32x4.mul(d0, d0)), s1 = f32x4.add(s1, f32x4.mul(d1, d1));
        s2 = f32x4.add(s2, f32x4.mul(d2, d2)), s3 = f32x4.add(s3, f32x4.mul(d3, d3));
      }
      sum += sumPresent(s0, s1, s2, s3, half, samples);
    }
    store<f32>(means + (c << 2), mean);
    store<f32>(variances + (c << 2), sum / count);
  }
}

/**
 * y = gamma (x - mean) / sqrt(variance + epsilon) + beta.
 *
 * @param gammas, betas f32 [channels]; 0: all 1, all 0.
 */
export function normalize(
  steps: usize,
  channels: usize,
  input: usize,
  means: usize,
  variances: usize,
  gammas: usize,
  betas: usize,
  epsilon: f32,
  output: usize,
): void {
  const block = channels * ROW;
  for (let c: usize = 0; c < channels; c++) {
    const at = c << 2, gamma: f32 = gammas != 0 ? load<f32>(gammas + at) : 1;
    const scale = f32x4.splat(gamma / sqrt(load<f32>(variances + at) + epsilon));
    const mean = v128.load32_splat(means + at), beta = f32x4.splat(betas != 0 ? load<f32>(betas + at) : 0);
    for (let step: usize = 0; step < steps; step++) {
      const row = step * block + c * ROW;
      for (let p = row; p < row + ROW; p += 16) {
        const centred = f32x4.sub(v128.load(input + p), mean);
        v128.store(output + p, f32x4.add(f32x4.mul(centred, scale), beta));
      }
    }
  }
}

/**
 * Backpropagation through `normalize` by the block's own statistics, and through these.
 *
 * @param inputGradient Added to, in those samples that are there; 0: not wanted.
 * @param gammaGradients, betaGradients f32 [channels], added to; 0: there is no gamma, no beta.
 * @param meanSums, varianceSums f32 [channels]: what the block's statistics times its samples are added to.
 */
export function normalizeBackward(
  steps: usize,
  channels: usize,
  samples: i32,
  input: usize,
  means: usize,
  variances: usize,
  gammas: usize,
  epsilon: f32,
  outputGradient: usize,
  inputGradient: usize,
  gammaGradients: usize,
  betaGradients: usize,
  meanSums: usize,
  varianceSums: usize,
): void {
  const block = channels * ROW, count = <f32> steps * <f32> samples;
  for (let c: usize = 0; c < channels; c++) {
    const at = c << 2, first = c * ROW, mean = load<f32>(means + at), variance = load<f32>(variances + at);
    store<f32>(meanSums + at, load<f32>(meanSums + at) + mean * <f32> samples);
    store<f32>(varianceSums + at, load<f32>(varianceSums + at) + variance * <f32> samples);
    const m = f32x4.splat(mean), rate: f32 = 1 / sqrt(variance + epsilon);
    let given: f32 = 0, product: f32 = 0;
    for (let half: usize = 0; half < ROW; half += HALF_ROW) {
      let g0 = f32x4.splat(0), g1 = g0, g2 = g0, g3 = g0, p0 = g0, p1 = g0, p2 = g0, p3 = g0;
      for (let step: usize = 0; step < steps; step++) {
        const row = first + step * block + half, x = input + row, dy = outputGradient + row;
        let d = v128.load(dy);
        g0 = f32x4.add(g0, d), p0 = f32x4.add(p0, f32x4.mul(d, f32x4.sub(v128.load(x), m)));
        d = v128.load(dy, 16);
        g1 = f32x4.add(g1, d), p1 = f32x4.add(p1, f32x4.mul(d, f32x4.sub(v128.load(x, 16), m)));
        d = v128.load(dy, 32);
        g2 = f32x4.add(g2, d), p2 = f32x4.add(p2, f32x4.mul(d, f32x4.sub(v128.load(x, 32), m)));
        d = v128.load(dy, 48);
        g3 = f32x4.add(g3, d), p3 = f32x4.add(p3, f32x4.mul(d, f32x4.sub(v128.load(x, 48), m)));
      }
      given += sumPresent(g0, g1, g2, g3, half, samples);
      product += sumPresent(p0, p1, p2, p3, half, samples);
    }
    product *= rate;
    if (gammaGradients != 0) store<f32>(gammaGradients + at, load<f32>(gammaGradients + at) + product);
    if (betaGradients != 0) store<f32>(betaGradients + at, load<f32>(betaGradients + at) + given);
    if (inputGradient == 0) continue;
    const gamma: f32 = gammas != 0 ? load<f32>(gammas + at) : 1, scale = f32x4.splat(gamma * rate);
    const shift = f32x4.splat(given / count), slope = f32x4.splat(rate * product / count);
    for (let step: usize = 0; step < steps; step++) {
      const row = first + step * block;
      for (let sample = 0; sample < samples; sample += 4) {
        const p = row + (<usize> sample << 2), centred = f32x4.sub(v128.load(input + p), m);
        const rest = f32x4.sub(f32x4.sub(v128.load(outputGradient + p), shift), f32x4.mul(centred, slope));
        const share = withoutDenormals(present(f32x4.mul(scale, rest), sample, samples));
        v128.store(inputGradient + p, f32x4.add(v128.load(inputGradient + p), share));
      }
    }
  }
}

/**
 * weight += (1 - momentum) * (sum / divisor - weight). The sums become 0.
 *
 * @param count Weights, a multiple of 4. @param rate 1 - momentum.
 */
export function movingAverage(count: usize, sums: usize, weights: usize, rate: f32, divisor: f32): void {
  for (let at: usize = 0; at < count << 2; at += 16) {
    const weight = v128.load(weights + at), statistic = f32x4.div(v128.load(sums + at), f32x4.splat(divisor));
    const change = f32x4.mul(f32x4.splat(rate), f32x4.sub(statistic, weight));
    v128.store(weights + at, f32x4.add(weight, change));
    v128.store(sums + at, f32x4.splat(0));
  }
}
