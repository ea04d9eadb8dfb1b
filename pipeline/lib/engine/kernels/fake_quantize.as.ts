// @ts-nocheck AssemblyScript: usize, f32 and v128 are not TypeScript's types. Built by `deno task kernels`.
// Activations rounded to what integers of a few bits can hold.

import { ROW } from "./matrix.as.ts";

/** The integer nearest to x / step, halves to the even one; beyond the integer's range too. */
function nearestInteger(x: v128, inverse: v128): v128 {
  return f32x4.nearest(f32x4.mul(x, inverse));
}

/** Four numbers as multiples of a step, moved to the nearer end where they lie outside [low, high] steps; NaN stays NaN. */
export function roundToStep(x: v128, inverse: v128, step: v128, low: v128, high: v128): v128 {
  return f32x4.mul(f32x4.pmin(f32x4.pmax(nearestInteger(x, inverse), low), high), step);
}

/** All bits set where `roundToStep` rounds and does not move to an end: where a gradient passes straight through. */
export function isWithin(x: v128, inverse: v128, low: v128, high: v128): v128 {
  const n = nearestInteger(x, inverse);
  return v128.and(f32x4.ge(n, low), f32x4.le(n, high));
}

/**
 * Rounds `rows` rows to multiples of a step; source and target may be the same.
 *
 * @param step Above 0. @param low, high Ends in steps, integers.
 */
export function fakeQuantize(
  rows: usize,
  source: usize,
  target: usize,
  step: f32,
  low: f32,
  high: f32,
): void {
  const size = f32x4.splat(step), inverse = f32x4.splat(1 / step);
  const first = f32x4.splat(low), last = f32x4.splat(high);
  for (const end = target + rows * ROW; target != end; target += 16, source += 16) {
    v128.store(target, roundToStep(v128.load(source), inverse, size, first, last));
  }
}

/** Adds the gradient of `rows` rows to that of what was rounded, where `source` lies within the ends. */
export function fakeQuantizeBackward(
  rows: usize,
  source: usize,
  targetGradient: usize,
  sourceGradient: usize,
  step: f32,
  low: f32,
  high: f32,
): void {
  const inverse = f32x4.splat(1 / step), first = f32x4.splat(low), last = f32x4.splat(high);
  for (let at: usize = 0; at < rows * ROW; at += 16) {
    const passes = isWithin(v128.load(source + at), inverse, first, last);
    const gradient = v128.and(v128.load(targetGradient + at), passes);
    v128.store(sourceGradient + at, f32x4.add(v128.load(sourceGradient + at), gradient));
  }
}
