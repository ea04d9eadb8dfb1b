// @ts-nocheck AssemblyScript: usize, f32 and v128 are not TypeScript's types. Built by `deno task kernels`.
// Products of matrices whose rows are a block's 32 samples.

import { multiplyAdd } from "./math.as.ts";

export const ROW: usize = 128;

/** Steps whose share of a weight's gradient is summed in registers; the rows of more would not stay in the L1 cache. */
export const GRADIENT_STEPS: i32 = 8;

/** Rows of C whose sums `gemmBlock` keeps in registers. */
const PANEL_ROWS: usize = 8;

/**
 * [m][k], rows of `line` bytes -> [m / 8][k][8], m rounded up: the order in which `gemmBlock` reads its left matrix.
 * Rows past the last become 0.
 */
export function packRows(m: usize, k: usize, source: usize, line: usize, target: usize): void {
  for (let i: usize = 0; i < m; i += PANEL_ROWS) {
    for (let j: usize = 0; j < k; j++, target += PANEL_ROWS << 2) {
      v128.store(target, f32x4.splat(0)), v128.store(target, f32x4.splat(0), 16);
      for (let row: usize = 0; row < PANEL_ROWS && i + row < m; row++) {
        store<f32>(target + (row << 2), load<f32>(source + (i + row) * line + (j << 2)));
      }
    }
  }
}

/** [k][m], rows of `line` bytes -> [m / 8][k][8], as `packRows` of the transposed matrix; reads up to 7 floats more. */
export function packColumns(m: usize, k: usize, source: usize, line: usize, target: usize): void {
  for (let i: usize = 0; i < m; i += PANEL_ROWS) {
    for (let j: usize = 0; j < k; j++, target += PANEL_ROWS << 2) {
      const p = source + j * line + (i << 2);
      v128.store(target, v128.load(p)), v128.store(target, v128.load(p, 16), 16);
    }
  }
}

/**
 * `first` with the first half of `second`.
 *
 * With --experimental-wasm-revectorize V8 computes two 128-bit operations of one kind as one of 256 bits: the same
 * arithmetic, lane by lane. It begins at sums (`i32x4.add`) of two vectors and follows both operands backwards, through
 * phis too; it does not pair two loads that a check of bounds stands between, but it does join vectors of which a lane
 * was replaced. So two neighbours exchange halves when they are loaded, and again when the sums are stored.
 *
 * Source: V8, src/compiler/turboshaft/wasm-revec-reducer.cc (SLPTree::BuildTreeRec).
 */
function exchangeHalf(first: v128, second: v128): v128 {
  return f64x2.replace_lane(first, 0, f64x2.extract_lane(second, 0));
}

/** Stores 8 floats of which the vectors have exchanged their first halves, or adds them. */
function storeSums(address: usize, s0: v128, s1: v128, accumulate: bool): void {
  const first = v128.shuffle<i64>(s1, s0, 0, 3), second = v128.shuffle<i64>(s0, s1, 0, 3);
  v128.store(address, accumulate ? f32x4.add(v128.load(address), first) : first);
  v128.store(address, accumulate ? f32x4.add(v128.load(address, 16), second) : second, 16);
}

/** C[m][32] (+)= A[m][k] B[k][32]; A packed by `packRows` or `packColumns`. Sums run over k in order. */
export function gemmBlock(m: usize, k: usize, a: usize, b: usize, c: usize, accumulate: bool): void {
  multiplyPanels(m, k, a, b, ROW, c, ROW, accumulate);
}

/**
 * C[m][n] (+)= A[m][k] B[k][n]; A packed by `packRows` or `packColumns`. Sums run over k in order.
 *
 * Where memory has no guard pages every load is preceded by a check of its bounds, so that four of A's values come from
 * one load. What is between the loop and the stores is for V8's sake, see `exchangeHalf`: m is never 0 there, and the
 * operation with zeros keeps the taking apart of the 256-bit sums out of the loop.
 *
 * @param lineB Bytes of a row of B. @param lineC Bytes of a row of C, a multiple of 32: n * 4.
 */
function multiplyPanels(
  m: usize,
  k: usize,
  a: usize,
  b: usize,
  lineB: usize,
  c: usize,
  lineC: usize,
  accumulate: bool,
): void {
  const panel = k * (PANEL_ROWS << 2), zero = i32x4.splat(<i32> (m == 0));
  for (let i: usize = 0; i < m; i += PANEL_ROWS, a += panel) {
    for (let column: usize = 0; column < lineC; column += 32) {
      let p = b + column, q = a;
      let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
      let s40 = s00, s41 = s00, s50 = s00, s51 = s00, s60 = s00, s61 = s00, s70 = s00, s71 = s00;
      for (const end = q + panel; q != end; q += PANEL_ROWS << 2, p += lineB) {
        const left = v128.load(p), right = v128.load(p, 16), upper = v128.load(q), lower = v128.load(q, 16);
        const b0 = exchangeHalf(left, right), b1 = exchangeHalf(right, left);
        let x = v128.shuffle<i32>(upper, upper, 0, 0, 0, 0);
        s00 = multiplyAdd(x, b0, s00), s01 = multiplyAdd(x, b1, s01);
        x = v128.shuffle<i32>(upper, upper, 1, 1, 1, 1);
        s10 = multiplyAdd(x, b0, s10), s11 = multiplyAdd(x, b1, s11);
        x = v128.shuffle<i32>(upper, upper, 2, 2, 2, 2);
        s20 = multiplyAdd(x, b0, s20), s21 = multiplyAdd(x, b1, s21);
        x = v128.shuffle<i32>(upper, upper, 3, 3, 3, 3);
        s30 = multiplyAdd(x, b0, s30), s31 = multiplyAdd(x, b1, s31);
        x = v128.shuffle<i32>(lower, lower, 0, 0, 0, 0);
        s40 = multiplyAdd(x, b0, s40), s41 = multiplyAdd(x, b1, s41);
        x = v128.shuffle<i32>(lower, lower, 1, 1, 1, 1);
        s50 = multiplyAdd(x, b0, s50), s51 = multiplyAdd(x, b1, s51);
        x = v128.shuffle<i32>(lower, lower, 2, 2, 2, 2);
        s60 = multiplyAdd(x, b0, s60), s61 = multiplyAdd(x, b1, s61);
        x = v128.shuffle<i32>(lower, lower, 3, 3, 3, 3);
        s70 = multiplyAdd(x, b0, s70), s71 = multiplyAdd(x, b1, s71);
      }
      s00 = v128.or(s00, zero), s01 = v128.or(s01, zero);
      s10 = v128.or(s10, zero), s11 = v128.or(s11, zero);
      s20 = v128.or(s20, zero), s21 = v128.or(s21, zero);
      s30 = v128.or(s30, zero), s31 = v128.or(s31, zero);
      s40 = v128.or(s40, zero), s41 = v128.or(s41, zero);
      s50 = v128.or(s50, zero), s51 = v128.or(s51, zero);
      s60 = v128.or(s60, zero), s61 = v128.or(s61, zero);
      s70 = v128.or(s70, zero), s71 = v128.or(s71, zero);
      if (m == 0) {
        let sums = zero;
        sums = v128.xor(sums, i32x4.add(s00, s01));
        sums = v128.xor(sums, i32x4.add(s10, s11));
        sums = v128.xor(sums, i32x4.add(s20, s21));
        sums = v128.xor(sums, i32x4.add(s30, s31));
        sums = v128.xor(sums, i32x4.add(s40, s41));
        sums = v128.xor(sums, i32x4.add(s50, s51));
        sums = v128.xor(sums, i32x4.add(s60, s61));
        sums = v128.xor(sums, i32x4.add(s70, s71));
        v128.store(c, sums);
      }
      const target = c + i * lineC + column;
      storeSums(target, s00, s01, accumulate);
      if (i + 1 < m) storeSums(target + lineC, s10, s11, accumulate);
      if (i + 2 < m) storeSums(target + 2 * lineC, s20, s21, accumulate);
      if (i + 3 < m) storeSums(target + 3 * lineC, s30, s31, accumulate);
      if (i + 4 < m) storeSums(target + 4 * lineC, s40, s41, accumulate);
      if (i + 5 < m) storeSums(target + 5 * lineC, s50, s51, accumulate);
      if (i + 6 < m) storeSums(target + 6 * lineC, s60, s61, accumulate);
      if (i + 7 < m) storeSums(target + 7 * lineC, s70, s71, accumulate);
    }
  }
}

/** [[a0, b0, c0, d0], ...] of 16 floats at the vectors a, b, c and d; the rows go to `target` and every `stride` bytes on. */
function storeTransposed(a: v128, b: v128, c: v128, d: v128, target: usize, stride: usize): void {
  const ab0 = v128.shuffle<i32>(a, b, 0, 4, 1, 5), ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cd0 = v128.shuffle<i32>(c, d, 0, 4, 1, 5), cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(target, v128.shuffle<i64>(ab0, cd0, 0, 2));
  v128.store(target + stride, v128.shuffle<i64>(ab0, cd0, 1, 3));
  v128.store(target + 2 * stride, v128.shuffle<i64>(ab2, cd2, 0, 2));
  v128.store(target + 3 * stride, v128.shuffle<i64>(ab2, cd2, 1, 3));
}

/**
 * 8 rows of some steps, [steps][8][32] -> [4][steps * 8][8]: first every fourth sample beginning with sample 0, then those
 * beginning with samples 1, 2 and 3.
 *
 * @param rows Rows of the first step. @param stepBytes From one step's rows to the next's.
 */
function packSamples(steps: usize, rows: usize, stepBytes: usize, target: usize): void {
  const panel = steps * ROW * 2;
  for (let step: usize = 0; step < steps; step++, rows += stepBytes) {
    for (let p = rows; p < rows + ROW; p += 16, target += PANEL_ROWS << 2) {
      storeTransposed(
        v128.load(p),
        v128.load(p, ROW),
        v128.load(p, 2 * ROW),
        v128.load(p, 3 * ROW),
        target,
        panel,
      );
      storeTransposed(
        v128.load(p, 4 * ROW),
        v128.load(p, 5 * ROW),
        v128.load(p, 6 * ROW),
        v128.load(p, 7 * ROW),
        target + 16,
        panel,
      );
    }
  }
}

/** Adds the sums [4][8][8] over each fourth of the samples to C's rows of `line` bytes, of which m and n are there. */
function addQuarters(m: usize, n: usize, sums: usize, c: usize, line: usize): void {
  const quarter = PANEL_ROWS * PANEL_ROWS << 2;
  for (let i: usize = 0; i < min(m, PANEL_ROWS); i++, sums += PANEL_ROWS << 2, c += line) {
    for (let j: usize = 0; j < PANEL_ROWS; j += 4) {
      const p = sums + (j << 2), target = c + (j << 2);
      const even = f32x4.add(v128.load(p), v128.load(p + 2 * quarter));
      const total = f32x4.add(even, f32x4.add(v128.load(p + quarter), v128.load(p + 3 * quarter)));
      if (j + 4 <= n) {
        v128.store(target, f32x4.add(v128.load(target), total));
      } else {
        v128.store(p, total);
        for (let at: usize = 0; j + (at >> 2) < n; at += 4) {
          store<f32>(target + at, load<f32>(target + at) + load<f32>(p + at));
        }
      }
    }
  }
}

/**
 * C[m][n] += A[m][samples] B[n][samples]', the sum over the samples of some steps that makes a weight's gradient: of every
 * fourth sample by itself, and of these four sums.
 *
 * @param a, b Rows of the first step. @param stepA, stepB Bytes from one step's rows to the next's.
 * @param c Rows of `line` bytes. Reads up to 7 rows past A's last and B's last.
 * @param scratch Floats: see `samplePanelFloats`.
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
  scratch: usize,
): void {
  const depth = steps * (ROW >> 4), panel = depth * (PANEL_ROWS << 2);
  const sums = scratch + 4 * panel, quarter = PANEL_ROWS * PANEL_ROWS << 2, panelsB = sums + 4 * quarter;
  for (let j: usize = 0; j < n; j += PANEL_ROWS) {
    packSamples(steps, b + j * ROW, stepB, panelsB + (j >> 3) * 4 * panel);
  }
  for (let i: usize = 0; i < m; i += PANEL_ROWS) {
    packSamples(steps, a + i * ROW, stepA, scratch);
    for (let j: usize = 0; j < n; j += PANEL_ROWS) {
      const right = panelsB + (j >> 3) * 4 * panel;
      for (let lane: usize = 0; lane < 4; lane++) {
        const first = lane * panel, line = PANEL_ROWS << 2;
        multiplyPanels(
          PANEL_ROWS,
          depth,
          scratch + first,
          right + first,
          line,
          sums + lane * quarter,
          line,
          false,
        );
      }
      addQuarters(m - i, n - j, sums, c + i * line + (j << 2), line);
    }
  }
}
