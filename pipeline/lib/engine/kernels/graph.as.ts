// @ts-nocheck AssemblyScript: usize, f32 and v128 are not TypeScript's types. Built by `deno task kernels`.
// What joins, spreads and thins out tensors [steps][channels][32].

import { ROW } from "./matrix.as.ts";

/**
 * Combines each row of the target with one of the source: 0 copies it, 1 adds it, 2 multiplies by it.
 *
 * @param targetStep, sourceStep Bytes from one step's first row to the next's; 0: one step stands for all.
 * @param targetChannel, sourceChannel Bytes from one channel's row to the next's; 0: one channel stands for all.
 */
export function combineRows(
  operation: i32,
  steps: usize,
  channels: usize,
  target: usize,
  targetStep: usize,
  targetChannel: usize,
  source: usize,
  sourceStep: usize,
  sourceChannel: usize,
): void {
  for (let step: usize = 0; step < steps; step++, target += targetStep, source += sourceStep) {
    for (let channel: usize = 0; channel < channels; channel++) {
      const to = target + channel * targetChannel, from = source + channel * sourceChannel;
      if (operation == 0) memory.copy(to, from, ROW);
      else {for (let at: usize = 0; at < ROW; at += 16) {
          const a = v128.load(to + at), b = v128.load(from + at);
          v128.store(to + at, operation == 1 ? f32x4.add(a, b) : f32x4.mul(a, b));
        }}
    }
  }
}

/** `mix` of nn/layers/dropout.ts for four numbers. */
function mix(x: v128): v128 {
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), i32x4.splat(0x7feb352d));
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), i32x4.splat(<i32> 0x846ca68b));
  return v128.xor(x, i32x4.shr_u(x, 16));
}

/**
 * Multiplies `rows` rows by a mask of 0 and `scale`; written, or added with `accumulate`. The mask follows from the keys
 * and a value's place alone (`isKept` of nn/layers/dropout.ts).
 *
 * @param threshold Unsigned: of the mixed numbers those below it drop a value.
 */
export function maskRows(
  rows: i32,
  source: usize,
  target: usize,
  key1: i32,
  key2: i32,
  threshold: i32,
  scale: f32,
  accumulate: bool,
): void {
  const first = i32x4.splat(key1), second = i32x4.splat(key2), limit = i32x4.splat(threshold);
  const factor = f32x4.splat(scale), four = i32x4.splat(4);
  let index = i32x4(0, 1, 2, 3);
  for (const end = target + <usize> rows * ROW; target != end; target += 16, source += 16) {
    const kept = i32x4.ge_u(mix(v128.xor(mix(i32x4.add(index, first)), second)), limit);
    const value = v128.and(f32x4.mul(v128.load(source), factor), kept);
    v128.store(target, accumulate ? f32x4.add(v128.load(target), value) : value);
    index = i32x4.add(index, four);
  }
}
