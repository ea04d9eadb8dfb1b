// @ts-nocheck AssemblyScript: usize, f32 and v128 are not TypeScript's types. Built by `deno task kernels`.
// Poolings over time: [steps][channels][32] -> [outSteps][channels][32]. Window t holds `size` steps from
// t * strides - padLeft, of which those outside of the input are not there.

import { ROW } from "./matrix.as.ts";

/** Steps lie so far apart that a cache holds few rows of one channel: each line of 64 bytes is read once for all of it. */
const HALF_ROW: usize = ROW / 2;

/** First step of a window that is there. */
function firstStep(t: i32, strides: i32, padLeft: i32): i32 {
  return max(0, t * strides - padLeft);
}

/** Step behind the last one of a window that is there. */
function endStep(t: i32, strides: i32, padLeft: i32, size: i32, steps: i32): i32 {
  return min(steps, t * strides - padLeft + size);
}

/** Largest value of each window; NaN where one is NaN. */
export function maxPoolForward(
  outSteps: i32,
  steps: i32,
  channels: usize,
  size: i32,
  strides: i32,
  padLeft: i32,
  input: usize,
  output: usize,
): void {
  const block = channels * ROW;
  for (let t = 0; t < outSteps; t++, output += block) {
    const first = input + <usize> firstStep(t, strides, padLeft) * block;
    const end = input + <usize> endStep(t, strides, padLeft, size, steps) * block;
    for (let at: usize = 0; at < block; at += 16) {
      let largest = v128.load(first + at);
      for (let p = first + block; p < end; p += block) largest = f32x4.max(largest, v128.load(p + at));
      v128.store(output + at, largest);
    }
  }
}

/** Adds each window's gradient to that of the first of its largest values. */
export function maxPoolBackward(
  outSteps: i32,
  steps: i32,
  channels: usize,
  size: i32,
  strides: i32,
  padLeft: i32,
  input: usize,
  output: usize,
  outputGradient: usize,
  inputGradient: usize,
): void {
  const block = channels * ROW;
  for (let t = 0; t < outSteps; t++, output += block, outputGradient += block) {
    const first = <usize> firstStep(t, strides, padLeft) * block;
    const end = <usize> endStep(t, strides, padLeft, size, steps) * block;
    for (let at: usize = 0; at < block; at += 16) {
      const largest = v128.load(output + at);
      let given = v128.load(outputGradient + at);
      for (let offset = first + at; offset < end; offset += block) {
        const isLargest = f32x4.eq(v128.load(input + offset), largest), target = inputGradient + offset;
        v128.store(target, f32x4.add(v128.load(target), v128.and(given, isLargest)));
        given = v128.andnot(given, isLargest);
      }
    }
  }
}

/** Mean of each window over the steps that are there. */
export function averagePoolForward(
  outSteps: i32,
  steps: i32,
  channels: usize,
  size: i32,
  strides: i32,
  padLeft: i32,
  input: usize,
  output: usize,
): void {
  const block = channels * ROW;
  for (let t = 0; t < outSteps; t++, output += block) {
    const first = firstStep(t, strides, padLeft), end = endStep(t, strides, padLeft, size, steps);
    const divisor = f32x4.splat(<f32> (end - first)), last = input + <usize> end * block;
    for (let at: usize = 0; at < block; at += HALF_ROW) {
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
      for (let p = input + <usize> first * block; p < last; p += block) {
        s0 = f32x4.add(s0, v128.load(p + at)), s1 = f32x4.add(s1, v128.load(p + at, 16));
        s2 = f32x4.add(s2, v128.load(p + at, 32)), s3 = f32x4.add(s3, v128.load(p + at, 48));
      }
      const target = output + at;
      v128.store(target, f32x4.div(s0, divisor)), v128.store(target, f32x4.div(s1, divisor), 16);
      v128.store(target, f32x4.div(s2, divisor), 32), v128.store(target, f32x4.div(s3, divisor), 48);
    }
  }
}

/** Adds to each window's steps their share of its gradient. */
export function averagePoolBackward(
  outSteps: i32,
  steps: i32,
  channels: usize,
  size: i32,
  strides: i32,
  padLeft: i32,
  outputGradient: usize,
  inputGradient: usize,
): void {
  const block = channels * ROW;
  for (let t = 0; t < outSteps; t++, outputGradient += block) {
    const first = firstStep(t, strides, padLeft), end = endStep(t, strides, padLeft, size, steps);
    const divisor = f32x4.splat(<f32> (end - first)), last = inputGradient + <usize> end * block;
    for (let at: usize = 0; at < block; at += HALF_ROW) {
      const dy = outputGradient + at;
      const d0 = f32x4.div(v128.load(dy), divisor), d1 = f32x4.div(v128.load(dy, 16), divisor);
      const d2 = f32x4.div(v128.load(dy, 32), divisor), d3 = f32x4.div(v128.load(dy, 48), divisor);
      for (let p = inputGradient + <usize> first * block + at; p < last; p += block) {
        v128.store(p, f32x4.add(v128.load(p), d0)), v128.store(p, f32x4.add(v128.load(p, 16), d1), 16);
        v128.store(p, f32x4.add(v128.load(p, 32), d2), 32),
          v128.store(p, f32x4.add(v128.load(p, 48), d3), 48);
      }
    }
  }
}
