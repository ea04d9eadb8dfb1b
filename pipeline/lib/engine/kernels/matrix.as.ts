// @ts-nocheck AssemblyScript: usize, f32 and v128 are not TypeScript's types. Built by `deno task kernels`.
// Products of matrices whose rows are a block's 32 samples.

import { multiplyAdd } from "./math.as.ts";

export const ROW: usize = 128;

/** Steps whose share of a weight's gradient is summed in registers; the rows of more would not stay in the L1 cache. */
export const GRADIENT_STEPS: i32 = 8;

/**
 * [m][k], rows of `line` bytes -> [m / 4][k][4], m rounded up: the order in which `gemmBlock` reads its left matrix.
 * Rows past the last become 0.
 */
export function packRows(m: usize, k: usize, source: usize, line: usize, target: usize): void {
  for (let i: usize = 0; i < m; i += 4) {
    for (let j: usize = 0; j < k; j++, target += 16) {
      v128.store(target, f32x4.splat(0));
      for (let row: usize = 0; row < 4 && i + row < m; row++) {
        store<f32>(target + (row << 2), load<f32>(source + (i + row) * line + (j << 2)));
      }
    }
  }
}

/** [k][m], rows of `line` bytes -> [m / 4][k][4], as `packRows` of the transposed matrix; reads up to 3 floats more. */
export function packColumns(m: usize, k: usize, source: usize, line: usize, target: usize): void {
  for (let i: usize = 0; i < m; i += 4) {
    for (let j: usize = 0; j < k; j++, target += 16) {
      v128.store(target, v128.load(source + j * line + (i << 2)));
    }
  }
}

/** Stores 8 floats, or adds them. */
function storeSums(address: usize, s0: v128, s1: v128, accumulate: bool): void {
  v128.store(address, accumulate ? f32x4.add(v128.load(address), s0) : s0);
  v128.store(address, accumulate ? f32x4.add(v128.load(address, 16), s1) : s1, 16);
}

/**
 * C[m][32] (+)= A[m][k] B[k][32]; A packed by `packRows` or `packColumns`. Sums run over k in order.
 *
 * Where memory has no guard pages every load is preceded by a check of its bounds, so that three of A's four values
 * come from one load; a fourth shuffle would wait for the ports that add.
 */
export function gemmBlock(m: usize, k: usize, a: usize, b: usize, c: usize, accumulate: bool): void {
  const panel = k << 4;
  for (let i: usize = 0; i < m; i += 4) {
    for (let column: usize = 0; column < ROW; column += 32) {
      let p = b + column, q = a + (i >> 2) * panel;
      let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
      for (const end = q + panel; q != end; q += 16, p += ROW) {
        const b0 = v128.load(p), b1 = v128.load(p, 16), rows = v128.load(q);
        let x = v128.shuffle<i32>(rows, rows, 0, 0, 0, 0);
        s00 = multiplyAdd(x, b0, s00), s01 = multiplyAdd(x, b1, s01);
        x = v128.shuffle<i32>(rows, rows, 1, 1, 1, 1);
        s10 = multiplyAdd(x, b0, s10), s11 = multiplyAdd(x, b1, s11);
        x = v128.shuffle<i32>(rows, rows, 2, 2, 2, 2);
        s20 = multiplyAdd(x, b0, s20), s21 = multiplyAdd(x, b1, s21);
        x = v128.load32_splat(q, 12);
        s30 = multiplyAdd(x, b0, s30), s31 = multiplyAdd(x, b1, s31);
      }
      const target = c + i * ROW + column;
      storeSums(target, s00, s01, accumulate);
      if (i + 1 < m) storeSums(target + ROW, s10, s11, accumulate);
      if (i + 2 < m) storeSums(target + 2 * ROW, s20, s21, accumulate);
      if (i + 3 < m) storeSums(target + 3 * ROW, s30, s31, accumulate);
    }
  }
}

/** [a, b, c, d]: the sums of each vector's four numbers. */
function sumLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3));
}

/** Adds 2 floats, or with `single` the first of them. */
function addPair(address: usize, sums: v128, single: bool): void {
  const total = f32x4.add(v128.load64_splat(address), sums);
  if (single) v128.store32_lane(address, total, 0);
  else v128.store64_lane(address, total, 0);
}

/**
 * C[m][n] += A[m][samples] B[n][samples]', the sum over the samples of some steps that makes a weight's gradient.
 *
 * @param a, b Rows of the first step. @param stepA, stepB Bytes from one step's rows to the next's.
 * @param c Rows of `line` bytes. Reads up to 3 rows past A's last and 1 past B's.
 */
export function gemmSamples(
  steps: usize,
  m: usize,
  n: usize,
  a: usize,
  stepA: usize,
  b: usize,
  stepB: usize,
  c: usize,
  line: usize,
): void {
  for (let i: usize = 0; i < m; i += 4) {
    for (let j: usize = 0; j < n; j += 2) {
      let firstA = a + i * ROW, p = b + j * ROW;
      let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
      for (let step: usize = 0; step < steps; step++) {
        let q = firstA;
        for (const end = q + ROW; q != end; q += 32, p += 32) {
          let b0 = v128.load(p), b1 = v128.load(p, ROW), x = v128.load(q);
          s00 = multiplyAdd(x, b0, s00), s01 = multiplyAdd(x, b1, s01);
          x = v128.load(q, ROW);
          s10 = multiplyAdd(x, b0, s10), s11 = multiplyAdd(x, b1, s11);
          x = v128.load(q, 2 * ROW);
          s20 = multiplyAdd(x, b0, s20), s21 = multiplyAdd(x, b1, s21);
          x = v128.load(q, 3 * ROW);
          s30 = multiplyAdd(x, b0, s30), s31 = multiplyAdd(x, b1, s31);
          b0 = v128.load(p, 16), b1 = v128.load(p, ROW + 16), x = v128.load(q, 16);
          s00 = multiplyAdd(x, b0, s00), s01 = multiplyAdd(x, b1, s01);
          x = v128.load(q, ROW + 16);
          s10 = multiplyAdd(x, b0, s10), s11 = multiplyAdd(x, b1, s11);
          x = v128.load(q, 2 * ROW + 16);
          s20 = multiplyAdd(x, b0, s20), s21 = multiplyAdd(x, b1, s21);
          x = v128.load(q, 3 * ROW + 16);
          s30 = multiplyAdd(x, b0, s30), s31 = multiplyAdd(x, b1, s31);
        }
        firstA += stepA, p += stepB - ROW;
      }
      const target = c + i * line + (j << 2), single = j + 1 == n;
      const upper = sumLanes(s00, s01, s10, s11), lower = sumLanes(s20, s21, s30, s31);
      addPair(target, upper, single);
      if (i + 1 < m) addPair(target + line, v128.shuffle<i64>(upper, upper, 1, 0), single);
      if (i + 2 < m) addPair(target + 2 * line, lower, single);
      if (i + 3 < m) addPair(target + 3 * line, v128.shuffle<i64>(lower, lower, 1, 0), single);
    }
  }
}
