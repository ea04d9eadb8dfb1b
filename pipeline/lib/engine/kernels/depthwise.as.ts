// @ts-nocheck AssemblyScript: usize, f32 and v128 are not TypeScript's types. Built by `deno task kernels`.
// Convolution over time of each channel by itself, with `multiplier` outputs a channel.

import { multiplyAdd, sumOf } from "./math.as.ts";
import { ROW } from "./matrix.as.ts";

const HALF_ROW: usize = ROW / 2;

/**
 * @param advance Channels from one window to the next: strides * channels.
 * @param taps Steps of a window. @param tapAdvance Channels from one of them to the next: dilation * channels.
 * @param input First row of the first window.
 * @param weights [multiplier][padded], columns [taps][channels].
 * @param bias [channels * multiplier]; 0: none.
 * @param output [steps][channels * multiplier][32], channels outside.
 */
export function depthwiseForward(
  steps: usize,
  advance: usize,
  taps: usize,
  tapAdvance: usize,
  channels: usize,
  multiplier: usize,
  input: usize,
  weights: usize,
  padded: usize,
  bias: usize,
  output: usize,
): void {
  const filters = channels * multiplier;
  for (let step: usize = 0; step < steps; step++) {
    for (let filter: usize = 0; filter < filters; filter++, output += ROW) {
      const channel = filter / multiplier, window = input + (step * advance + channel) * ROW;
      const kernel = weights + ((filter % multiplier * padded + channel) << 2);
      const start = bias != 0 ? v128.load32_splat(bias + (filter << 2)) : f32x4.splat(0);
      for (let half: usize = 0; half < ROW; half += HALF_ROW) {
        let s0 = start, s1 = start, s2 = start, s3 = start, p = window + half, q = kernel;
        for (let tap: usize = 0; tap < taps; tap++, p += tapAdvance * ROW, q += channels << 2) {
          const w = v128.load32_splat(q);
          s0 = multiplyAdd(w, v128.load(p), s0), s1 = multiplyAdd(w, v128.load(p, 16), s1);
          s2 = multiplyAdd(w, v128.load(p, 32), s2), s3 = multiplyAdd(w, v128.load(p, 48), s3);
        }
        const target = output + half;
        v128.store(target, s0), v128.store(target, s1, 16);
        v128.store(target, s2, 32), v128.store(target, s3, 48);
      }
    }
  }
}

/**
 * Backpropagation through `depthwiseForward`.
 *
 * @param inputGradient Row of the first window, added to; 0: not wanted.
 * @param weightGradient, biasGradient Added to; a biasGradient of 0: there is no bias.
 */
export function depthwiseBackward(
  steps: usize,
  advance: usize,
  taps: usize,
  tapAdvance: usize,
  channels: usize,
  multiplier: usize,
  input: usize,
  weights: usize,
  padded: usize,
  outputGradient: usize,
  inputGradient: usize,
  weightGradient: usize,
  biasGradient: usize,
): void {
  const filters = channels * multiplier, block = filters * ROW;
  for (let filter: usize = 0; filter < filters; filter++) {
    const channel = filter / multiplier, given = outputGradient + filter * ROW;
    if (biasGradient != 0) {
      let sum = f32x4.splat(0);
      for (let step: usize = 0; step < steps; step++) {
        const dy = given + step * block;
        for (let p = dy; p < dy + ROW; p += 16) sum = f32x4.add(sum, v128.load(p));
      }
      const target = biasGradient + (filter << 2);
      store<f32>(target, load<f32>(target) + sumOf(sum));
    }
    for (let tap: usize = 0; tap < taps; tap++) {
      const column = (filter % multiplier * padded + tap * channels + channel) << 2;
      const first = (tap * tapAdvance + channel) * ROW;
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
      for (let step: usize = 0; step < steps; step++) {
        const x = input + first + step * advance * ROW, dy = given + step * block;
        for (let half: usize = 0; half < ROW; half += HALF_ROW) {
          const a = x + half, b = dy + half;
          s0 = multiplyAdd(v128.load(a), v128.load(b), s0);
          s1 = multiplyAdd(v128.load(a, 16), v128.load(b, 16), s1);
          s2 = multiplyAdd(v128.load(a, 32), v128.load(b, 32), s2);
          s3 = multiplyAdd(v128.load(a, 48), v128.load(b, 48), s3);
        }
      }
      const target = weightGradient + column, sum = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
      store<f32>(target, load<f32>(target) + sumOf(sum));
      if (inputGradient == 0) continue;
      const w = v128.load32_splat(weights + column);
      for (let step: usize = 0; step < steps; step++) {
        const dx = inputGradient + first + step * advance * ROW, dy = given + step * block;
        for (let at: usize = 0; at < ROW; at += 16) {
          v128.store(dx + at, multiplyAdd(w, v128.load(dy + at), v128.load(dx + at)));
        }
      }
    }
  }
}
