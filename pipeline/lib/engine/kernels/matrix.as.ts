// @ts-nocheck AssemblyScript: usize, f32 and v128 are not TypeScript's types. Built by `deno task kernels`.
// Products of matrices whose rows are a block's 32 samples.

import { multiplyAdd } from "./math.as.ts";

export const ROW: usize = 128;

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

/** C[m][32] (+)= A[m][k] B[k][32]; A packed by `packRows` or `packColumns`. Sums run over k in order. */
export function gemmBlock(m: usize, k: usize, a: usize, b: usize, c: usize, accumulate: bool): void {
  const panel = k << 4, pairs = panel & ~31;
  for (let column: usize = 0; column < ROW; column += 32) {
    for (let i: usize = 0; i < m; i += 4) {
      let p = b + column, q = a + (i >> 2) * panel;
      let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
      for (const end = q + pairs; q != end; q += 32, p += 2 * ROW) {
        let b0 = v128.load(p), b1 = v128.load(p, 16);
        let x = v128.load32_splat(q);
        s00 = multiplyAdd(x, b0, s00), s01 = multiplyAdd(x, b1, s01);
        x = v128.load32_splat(q, 4);
        s10 = multiplyAdd(x, b0, s10), s11 = multiplyAdd(x, b1, s11);
        x = v128.load32_splat(q, 8);
        s20 = multiplyAdd(x, b0, s20), s21 = multiplyAdd(x, b1, s21);
        x = v128.load32_splat(q, 12);
        s30 = multiplyAdd(x, b0, s30), s31 = multiplyAdd(x, b1, s31);
        b0 = v128.load(p, ROW), b1 = v128.load(p, ROW + 16);
        x = v128.load32_splat(q, 16);
        s00 = multiplyAdd(x, b0, s00), s01 = multiplyAdd(x, b1, s01);
        x = v128.load32_splat(q, 20);
        s10 = multiplyAdd(x, b0, s10), s11 = multiplyAdd(x, b1, s11);
        x = v128.load32_splat(q, 24);
        s20 = multiplyAdd(x, b0, s20), s21 = multiplyAdd(x, b1, s21);
        x = v128.load32_splat(q, 28);
        s30 = multiplyAdd(x, b0, s30), s31 = multiplyAdd(x, b1, s31);
      }
      if (k & 1) {
        const b0 = v128.load(p), b1 = v128.load(p, 16);
        let x = v128.load32_splat(q);
        s00 = multiplyAdd(x, b0, s00), s01 = multiplyAdd(x, b1, s01);
        x = v128.load32_splat(q, 4);
        s10 = multiplyAdd(x, b0, s10), s11 = multiplyAdd(x, b1, s11);
        x = v128.load32_splat(q, 8);
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

/**
 * C[m][n] += A[m][32] B[32][n], n a multiple of 8: the sum over a block's samples that makes a weight's gradient.
 * Reads up to 3 rows past A's last.
 */
export function gemmSamples(m: usize, n: usize, a: usize, b: usize, c: usize): void {
  const line = n << 2;
  for (let column: usize = 0; column < line; column += 32) {
    for (let i: usize = 0; i < m; i += 4) {
      let p = b + column, q = a + i * ROW;
      let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
      for (const end = q + ROW; q != end; q += 8) {
        let b0 = v128.load(p), b1 = v128.load(p, 16);
        p += line;
        let x = v128.load32_splat(q);
        s00 = multiplyAdd(x, b0, s00), s01 = multiplyAdd(x, b1, s01);
        x = v128.load32_splat(q, ROW);
        s10 = multiplyAdd(x, b0, s10), s11 = multiplyAdd(x, b1, s11);
        x = v128.load32_splat(q, 2 * ROW);
        s20 = multiplyAdd(x, b0, s20), s21 = multiplyAdd(x, b1, s21);
        x = v128.load32_splat(q, 3 * ROW);
        s30 = multiplyAdd(x, b0, s30), s31 = multiplyAdd(x, b1, s31);
        b0 = v128.load(p), b1 = v128.load(p, 16);
        p += line;
        x = v128.load32_splat(q, 4);
        s00 = multiplyAdd(x, b0, s00), s01 = multiplyAdd(x, b1, s01);
        x = v128.load32_splat(q, ROW + 4);
        s10 = multiplyAdd(x, b0, s10), s11 = multiplyAdd(x, b1, s11);
        x = v128.load32_splat(q, 2 * ROW + 4);
        s20 = multiplyAdd(x, b0, s20), s21 = multiplyAdd(x, b1, s21);
        x = v128.load32_splat(q, 3 * ROW + 4);
        s30 = multiplyAdd(x, b0, s30), s31 = multiplyAdd(x, b1, s31);
      }
      const target = c + i * line + column;
      storeSums(target, s00, s01, true);
      if (i + 1 < m) storeSums(target + line, s10, s11, true);
      if (i + 2 < m) storeSums(target + 2 * line, s20, s21, true);
      if (i + 3 < m) storeSums(target + 3 * line, s30, s31, true);
    }
  }
}

/** A row of 128 bytes at `address`, or zeros where the row is past the last. */
function rowOrZero(address: usize, row: usize, rows: usize): v128 {
  return row < rows ? v128.load(address) : f32x4.splat(0);
}

/** [rows][32] -> [32][padded]; columns from `rows` up to the next multiple of 4 become 0. */
export function transpose(rows: usize, padded: usize, source: usize, target: usize): void {
  const line = padded << 2;
  for (let r: usize = 0; r < rows; r += 4) {
    for (let b: usize = 0; b < ROW; b += 16) {
      const p = source + r * ROW + b;
      const r0 = v128.load(p);
      const r1 = rowOrZero(p + ROW, r + 1, rows);
      const r2 = rowOrZero(p + 2 * ROW, r + 2, rows);
      const r3 = rowOrZero(p + 3 * ROW, r + 3, rows);
      const t0 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5), t1 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
      const t2 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5), t3 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
      const q = target + (b >> 2) * line + (r << 2);
      v128.store(q, v128.shuffle<i64>(t0, t2, 0, 2));
      v128.store(q + line, v128.shuffle<i64>(t0, t2, 1, 3));
      v128.store(q + 2 * line, v128.shuffle<i64>(t1, t3, 0, 2));
      v128.store(q + 3 * line, v128.shuffle<i64>(t1, t3, 1, 3));
    }
  }
}
