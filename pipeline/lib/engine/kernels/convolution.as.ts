// @ts-nocheck AssemblyScript: usize, f32 and v128 are not TypeScript's types. Built by `deno task kernels`.
// Convolution over time. A window is `slices` runs of `columns` values each: one run where it is contiguous, one for each of
// its steps where it is dilated.

import { gemmBlock, gemmSamples, GRADIENT_STEPS, packColumns, packRows, ROW } from "./matrix.as.ts";

/**
 * Convolution over time, and with one step of one window a dense layer.
 *
 * @param advance Channels from one window to the next: strides * channels.
 * @param sliceAdvance Channels from one slice of a window to the next.
 * @param columns Values of a slice.
 * @param padded Floats of a filter's weights: slices * columns, rounded up to a multiple of 8.
 * @param input First row of the first window.
 * @param weights [filters][padded], columns as the window's values.
 * @param bias [filters]; 0: none.
 * @param output [steps][filters][32].
 * @param scratch Floats for the packed weights: filters, rounded up to a multiple of 8, * slices * columns.
 */
export function convForward(
  steps: usize,
  advance: usize,
  slices: usize,
  sliceAdvance: usize,
  columns: usize,
  padded: usize,
  filters: usize,
  input: usize,
  weights: usize,
  bias: usize,
  output: usize,
  relu: bool,
  scratch: usize,
): void {
  const zero = f32x4.splat(0), block = filters * ROW, packed = ((filters + 7) & ~7) * columns << 2;
  for (let slice: usize = 0; slice < slices; slice++) {
    packRows(filters, columns, weights + slice * (columns << 2), padded << 2, scratch + slice * packed);
  }
  for (let step: usize = 0; step < steps; step++) {
    const x = input + step * advance * ROW, y = output + step * block;
    for (let slice: usize = 0; slice < slices; slice++) {
      gemmBlock(filters, columns, scratch + slice * packed, x + slice * sliceAdvance * ROW, y, slice != 0);
    }
    if (bias == 0 && !relu) continue;
    for (let filter: usize = 0; filter < filters; filter++) {
      const b = bias == 0 ? zero : v128.load32_splat(bias + (filter << 2)), row = y + filter * ROW;
      for (let p = row; p < row + ROW; p += 16) {
        const sum = f32x4.add(v128.load(p), b);
        v128.store(p, relu ? f32x4.pmax(sum, zero) : sum);
      }
    }
  }
}

/**
 * Backpropagation through `convForward`'s linear part.
 *
 * @param outputGradient [steps][filters][32].
 * @param inputGradient Row of the first window, added to; 0: not wanted.
 * @param weightGradient, biasGradient Added to; a biasGradient of 0: there is no bias.
 * @param scratch Floats for the packed weights: filters * slices * columns, the latter rounded up to a multiple of 8; behind
 *   them `samplePanelFloats` of the columns.
 */
export function convBackward(
  steps: usize,
  advance: usize,
  slices: usize,
  sliceAdvance: usize,
  columns: usize,
  padded: usize,
  filters: usize,
  input: usize,
  weights: usize,
  outputGradient: usize,
  inputGradient: usize,
  weightGradient: usize,
  biasGradient: usize,
  scratch: usize,
): void {
  const line = padded << 2, width = columns << 2, packed = ((columns + 7) & ~7) * filters << 2;
  const panels = scratch + slices * packed;
  if (inputGradient != 0) {
    for (let slice: usize = 0; slice < slices; slice++) {
      packColumns(columns, filters, weights + slice * width, line, scratch + slice * packed);
    }
  }
  for (let step: usize = 0; step < steps; step++) {
    const dy = outputGradient + step * filters * ROW, offset = step * advance * ROW;
    if (step % GRADIENT_STEPS == 0) {
      const some = min(steps - step, <usize> GRADIENT_STEPS);
      for (let slice: usize = 0; slice < slices; slice++) {
        const x = input + offset + slice * sliceAdvance * ROW, target = weightGradient + slice * width;
        gemmSamples(some, filters, columns, dy, filters * ROW, x, advance * ROW, target, line, panels);
      }
    }
    if (biasGradient != 0) {
      for (let filter: usize = 0; filter < filters; filter++) {
        const row = dy + filter * ROW, target = biasGradient + (filter << 2);
        let sum = f32x4.splat(0);
        for (let p = row; p < row + ROW; p += 16) sum = f32x4.add(sum, v128.load(p));
        const pairs = f32x4.add(sum, v128.shuffle<i32>(sum, sum, 2, 3, 0, 1));
        store<f32>(target, load<f32>(target) + f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1));
      }
    }
    if (inputGradient != 0) {
      for (let slice: usize = 0; slice < slices; slice++) {
        const dx = inputGradient + offset + slice * sliceAdvance * ROW;
        gemmBlock(columns, filters, scratch + slice * packed, dy, dx, true);
      }
    }
  }
}
