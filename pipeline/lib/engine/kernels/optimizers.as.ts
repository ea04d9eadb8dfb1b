// @ts-nocheck AssemblyScript: usize, f32 and v128 are not TypeScript's types. Built by `deno task kernels`.
// What happens to the parameters between two batches. `count` is that of the parameters with their padding, a multiple of 4.

import { multiplyAdd, one } from "./math.as.ts";

/** Adds the gradients of all shards to those of the first, in the shards' order. `shardBytes`: from one's to the next's. */
export function sumGradients(count: usize, shards: usize, shardBytes: usize, gradients: usize): void {
  for (let at = gradients; at < gradients + (count << 2); at += 16) {
    let sum = v128.load(at);
    for (let shard: usize = 1; shard < shards; shard++) {
      sum = f32x4.add(sum, v128.load(at + shard * shardBytes));
    }
    v128.store(at, sum);
  }
}

/**
 * Adds the gradient of l1 |w| + l2 w^2 for the weights that are penalized.
 *
 * @param penalized f32 [count]: 1 for a weight that is, 0 for one that is not.
 */
export function addPenalty(
  count: usize,
  gradients: usize,
  weights: usize,
  penalized: usize,
  l1: f32,
  l2: f32,
): void {
  const rate1 = f32x4.splat(l1), rate2 = f32x4.splat(2 * l2), signBit = i32x4.splat(0x80000000);
  for (let at: usize = 0; at < count << 2; at += 16) {
    const w = v128.load(weights + at), zero = f32x4.splat(0);
    const sign = v128.and(v128.or(v128.and(w, signBit), one()), f32x4.ne(w, zero));
    const slope = multiplyAdd(rate2, w, f32x4.mul(rate1, sign));
    const g = v128.load(gradients + at);
    v128.store(gradients + at, multiplyAdd(slope, v128.load(penalized + at), g));
  }
}

/** The sum of the squares, in float64 and always in the same order. */
export function sumOfSquares(count: usize, address: usize): f64 {
  let even = f64x2.splat(0), odd = even;
  for (let at = address; at < address + (count << 2); at += 16) {
    const x = v128.load(at);
    const low = f64x2.promote_low_f32x4(x);
    const high = f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 0, 1));
    even = f64x2.add(even, f64x2.mul(low, low));
    odd = f64x2.add(odd, f64x2.mul(high, high));
  }
  const sum = f64x2.add(even, odd);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** x = factor * x. */
export function scaleValues(count: usize, address: usize, factor: f32): void {
  const f = f32x4.splat(factor);
  for (let at = address; at < address + (count << 2); at += 16) {
    v128.store(at, f32x4.mul(v128.load(at), f));
  }
}

/** Moves what lies outside [-limit, limit] to its nearer end; NaN stays NaN. */
export function clampValues(count: usize, address: usize, limit: f32): void {
  const highest = f32x4.splat(limit), lowest = f32x4.splat(-limit);
  for (let at = address; at < address + (count << 2); at += 16) {
    v128.store(at, f32x4.min(f32x4.max(v128.load(at), lowest), highest));
  }
}

/** w = w - rate * w for the weights that are penalized: decay beside the gradient. `penalized` as in `addPenalty`. */
export function decayWeights(count: usize, weights: usize, penalized: usize, rate: f32): void {
  const r = f32x4.splat(rate);
  for (let at: usize = 0; at < count << 2; at += 16) {
    const w = v128.load(weights + at);
    v128.store(weights + at, f32x4.sub(w, f32x4.mul(f32x4.mul(r, v128.load(penalized + at)), w)));
  }
}

/**
 * One step of Adam.
 *
 * @param stepSize learningRate * sqrt(1 - beta2^t) / (1 - beta1^t).
 * @param rate1, rate2 1 - beta1, 1 - beta2.
 */
export function adam(
  count: usize,
  gradients: usize,
  weights: usize,
  moments1: usize,
  moments2: usize,
  stepSize: f32,
  rate1: f32,
  rate2: f32,
  epsilon: f32,
): void {
  const step = f32x4.splat(stepSize), r1 = f32x4.splat(rate1), r2 = f32x4.splat(rate2);
  const smallest = f32x4.splat(epsilon);
  for (let at: usize = 0; at < count << 2; at += 16) {
    const g = v128.load(gradients + at);
    let m = v128.load(moments1 + at), v = v128.load(moments2 + at);
    m = multiplyAdd(f32x4.sub(g, m), r1, m);
    v = multiplyAdd(f32x4.sub(f32x4.mul(g, g), v), r2, v);
    v128.store(moments1 + at, m);
    v128.store(moments2 + at, v);
    const change = f32x4.div(f32x4.mul(step, m), f32x4.add(f32x4.sqrt(v), smallest));
    v128.store(weights + at, f32x4.sub(v128.load(weights + at), change));
  }
}

/** One step of gradient descent: v = momentum * v - learningRate * g, w = w + v, or with Nesterov's look ahead the next v. */
export function momentumStep(
  count: usize,
  gradients: usize,
  weights: usize,
  velocity: usize,
  learningRate: f32,
  momentum: f32,
  nesterov: bool,
): void {
  const rate = f32x4.splat(learningRate), kept = f32x4.splat(momentum);
  for (let at: usize = 0; at < count << 2; at += 16) {
    const push = f32x4.mul(rate, v128.load(gradients + at));
    const v = f32x4.sub(f32x4.mul(kept, v128.load(velocity + at)), push);
    v128.store(velocity + at, v);
    const change = nesterov ? f32x4.sub(f32x4.mul(kept, v), push) : v;
    v128.store(weights + at, f32x4.add(v128.load(weights + at), change));
  }
}
