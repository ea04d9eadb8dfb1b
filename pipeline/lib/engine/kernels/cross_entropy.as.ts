// @ts-nocheck AssemblyScript: usize, f32 and v128 are not TypeScript's types. Built by `deno task kernels`.
// Softmax of the scores and the loss behind it.

import { exponential, one, withoutDenormals } from "./math.as.ts";
import { ROW } from "./matrix.as.ts";

/** Softmax over classes: [classes][32] -> [classes][32]. */
export function softmaxForward(classes: usize, logits: usize, probabilities: usize): void {
  const end = classes * ROW;
  for (let sample: usize = 0; sample < ROW; sample += 16) {
    let largest = v128.load(logits + sample), sum = f32x4.splat(0);
    for (let at = sample + ROW; at < end; at += ROW) largest = f32x4.pmax(largest, v128.load(logits + at));
    for (let at = sample; at < end; at += ROW) {
      const e = exponential(f32x4.sub(v128.load(logits + at), largest));
      v128.store(probabilities + at, e);
      sum = f32x4.add(sum, e);
    }
    for (let at = sample; at < end; at += ROW) {
      v128.store(probabilities + at, f32x4.div(v128.load(probabilities + at), sum));
    }
  }
}

/**
 * Gradient of the weighted categorical cross-entropy by the logits: weight * (probability - [class is label]).
 *
 * @param labels i32 [32]. @param sampleWeights f32 [32]. @param gradient [classes][32], overwritten.
 */
export function crossEntropyBackward(
  classes: i32,
  probabilities: usize,
  labels: usize,
  sampleWeights: usize,
  gradient: usize,
): void {
  for (let sample: usize = 0; sample < ROW; sample += 16) {
    const label = v128.load(labels + sample), weight = v128.load(sampleWeights + sample);
    for (let c = 0; c < classes; c++) {
      const at = <usize> c * ROW + sample;
      const target = v128.and(i32x4.eq(label, i32x4.splat(c)), one());
      const error = f32x4.sub(v128.load(probabilities + at), target);
      v128.store(gradient + at, withoutDenormals(f32x4.mul(weight, error)));
    }
  }
}
