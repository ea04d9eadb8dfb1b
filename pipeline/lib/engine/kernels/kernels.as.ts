// @ts-nocheck AssemblyScript: usize, f32 and v128 are not TypeScript's types. Built by `deno task kernels`.
//
// Every activation is [feature][32 samples]: one row of 128 bytes a feature, so that a sequence [steps][channels]
// is contiguous and a convolution's window is a slice of it. Plain SIMD only: relaxed instructions would round
// differently on different processors. Arguments are byte addresses (multiples of 16) and element counts.

const ROW: usize = 128;

function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c);
}

/**
 * C[M, N] (+)= A[M, K] B[K, N], in columns of 8 and rows of 4, then of 1.
 *
 * A's element (i, k) lies at a + i * aRow + k * aColumn, so that A may be transposed; bRow and cRow are the bytes of
 * one row; n is a multiple of 8. Sums run over k in order.
 */
function gemm(
  m: usize,
  n: usize,
  k: usize,
  a: usize,
  aRow: usize,
  aColumn: usize,
  b: usize,
  bRow: usize,
  c: usize,
  cRow: usize,
  accumulate: bool,
): void {
  const m4 = m & ~3;
  for (let column: usize = 0, columns = n << 2; column < columns; column += 32) {
    for (let i: usize = 0; i < m4; i += 4) {
      let a0 = a + i * aRow, a1 = a0 + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
      let p = b + column;
      const c0 = c + i * cRow + column, c1 = c0 + cRow, c2 = c1 + cRow, c3 = c2 + cRow;
      let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
      if (accumulate) {
        s00 = v128.load(c0), s01 = v128.load(c0, 16), s10 = v128.load(c1), s11 = v128.load(c1, 16);
        s20 = v128.load(c2), s21 = v128.load(c2, 16), s30 = v128.load(c3), s31 = v128.load(c3, 16);
      }
      for (let j: usize = 0; j < k; j++) {
        const b0 = v128.load(p), b1 = v128.load(p, 16);
        let x = v128.load32_splat(a0);
        s00 = multiplyAdd(x, b0, s00), s01 = multiplyAdd(x, b1, s01);
        x = v128.load32_splat(a1);
        s10 = multiplyAdd(x, b0, s10), s11 = multiplyAdd(x, b1, s11);
        x = v128.load32_splat(a2);
        s20 = multiplyAdd(x, b0, s20), s21 = multiplyAdd(x, b1, s21);
        x = v128.load32_splat(a3);
        s30 = multiplyAdd(x, b0, s30), s31 = multiplyAdd(x, b1, s31);
        a0 += aColumn, a1 += aColumn, a2 += aColumn, a3 += aColumn, p += bRow;
      }
      v128.store(c0, s00), v128.store(c0, s01, 16), v128.store(c1, s10), v128.store(c1, s11, 16);
      v128.store(c2, s20), v128.store(c2, s21, 16), v128.store(c3, s30), v128.store(c3, s31, 16);
    }
    for (let i = m4; i < m; i++) {
      let a0 = a + i * aRow, p = b + column;
      const c0 = c + i * cRow + column;
      let s0 = f32x4.splat(0), s1 = s0;
      if (accumulate) s0 = v128.load(c0), s1 = v128.load(c0, 16);
      for (let j: usize = 0; j < k; j++) {
        const x = v128.load32_splat(a0);
        s0 = multiplyAdd(x, v128.load(p), s0), s1 = multiplyAdd(x, v128.load(p, 16), s1);
        a0 += aColumn, p += bRow;
      }
      v128.store(c0, s0), v128.store(c0, s1, 16);
    }
  }
}

export function zero(address: usize, bytes: usize): void {
  memory.fill(address, 0, bytes);
}

export function copy(target: usize, source: usize, bytes: usize): void {
  memory.copy(target, source, bytes);
}

/** A row of 128 bytes at `address`, or zeros where the row is past the last. */
function rowOrZero(address: usize, row: usize, rows: usize): v128 {
  return row < rows ? v128.load(address) : f32x4.splat(0);
}

/** [rows][32] -> [32][padded]; columns from `rows` up to the next multiple of 4 become 0. */
function transpose(rows: usize, padded: usize, source: usize, target: usize): void {
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

/**
 * e^x for x clamped to [-87, 87], relative error below 2e-7; NaN stays NaN.
 *
 * Source: Cephes expf (Moshier): x = n ln 2 + r, polynomial of degree 6 in r.
 */
function exponential(x: v128): v128 {
  x = f32x4.min(f32x4.max(x, f32x4.splat(-87)), f32x4.splat(87));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)));
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.add(r, f32x4.mul(n, f32x4.splat(2.1219444e-4)));
  let p = multiplyAdd(f32x4.splat(1.98756915e-4), r, f32x4.splat(1.3981999507e-3));
  p = multiplyAdd(p, r, f32x4.splat(8.3334519073e-3));
  p = multiplyAdd(p, r, f32x4.splat(4.1665795894e-2));
  p = multiplyAdd(p, r, f32x4.splat(1.6666665459e-1));
  p = multiplyAdd(p, r, f32x4.splat(5.0000001201e-1));
  p = f32x4.add(multiplyAdd(p, f32x4.mul(r, r), r), f32x4.splat(1));
  return f32x4.mul(p, i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23));
}

function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exponential(f32x4.neg(x))));
}

/** tanh(x) = 1 - 2 / (1 + e^2x): absolute error below 2e-7. */
function hyperbolicTangent(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(one, exponential(f32x4.add(x, x)))));
}

/**
 * All steps of an LSTM.
 *
 * @param columns units + inputs + 1. @param padded The same, rounded up to a multiple of 8.
 * @param weights [4 units][padded], columns: recurrent, input, bias, zeros; gate order i, f, c, o.
 * @param state [steps + 1][columns][32], rows as the first columns of `weights`: hidden state before the step, the
 *   step's input, 1. The hidden rows of step 0 are 0; the kernel writes those of the steps after it.
 * @param gates [steps][4 units][32], written: the gates after their activation.
 * @param cells [steps + 1][units][32], written from step 1; step 0 is 0.
 */
export function lstmForward(
  steps: i32,
  units: usize,
  columns: usize,
  padded: usize,
  weights: usize,
  state: usize,
  gates: usize,
  cells: usize,
): void {
  const block = units * ROW;
  for (let t = 0; t < steps; t++) {
    const now = state + <usize> t * columns * ROW, next = now + columns * ROW;
    const cell = cells + <usize> t * block;
    const gate = gates + <usize> t * 4 * block;
    gemm(4 * units, 32, columns, weights, padded << 2, 4, now, ROW, gate, ROW, false);
    for (let at: usize = 0; at < block; at += 16) {
      const g = gate + at;
      const i = sigmoid(v128.load(g)), f = sigmoid(v128.load(g + block));
      const c = hyperbolicTangent(v128.load(g + 2 * block)), o = sigmoid(v128.load(g + 3 * block));
      const content = multiplyAdd(f, v128.load(cell + at), f32x4.mul(i, c));
      v128.store(g, i), v128.store(g + block, f), v128.store(g + 2 * block, c), v128.store(g + 3 * block, o);
      v128.store(cell + block + at, content);
      v128.store(next + at, f32x4.mul(o, hyperbolicTangent(content)));
    }
  }
}

/**
 * Backpropagation through all steps of an LSTM, after `lstmForward`; `gates` is overwritten by its gradient.
 *
 * @param outputGradient Gradient of the hidden state after step t, at t * outputStep bytes; with outputStep 0 there is
 *   one for the last step only.
 * @param hiddenGradient, cellGradient [units][32], 0 on entry.
 * @param inputs Channels of the input.
 * @param inputGradient [steps][inputs][32], added to; 0: not wanted.
 * @param weightGradient [4 units][padded], added to.
 * @param scratch [32][padded], its columns past the last multiple of 4 zero.
 */
export function lstmBackward(
  steps: i32,
  units: usize,
  inputs: usize,
  columns: usize,
  padded: usize,
  weights: usize,
  state: usize,
  gates: usize,
  cells: usize,
  outputGradient: usize,
  outputStep: usize,
  hiddenGradient: usize,
  cellGradient: usize,
  inputGradient: usize,
  weightGradient: usize,
  scratch: usize,
): void {
  const block = units * ROW, line = padded << 2, one = f32x4.splat(1);
  for (let t = steps - 1; t >= 0; t--) {
    const now = state + <usize> t * columns * ROW;
    const cell = cells + <usize> t * block;
    const gate = gates + <usize> t * 4 * block;
    if (outputStep != 0 || t == steps - 1) {
      const given = outputGradient + <usize> t * outputStep;
      for (let at: usize = 0; at < block; at += 16) {
        v128.store(
          hiddenGradient + at,
          f32x4.add(v128.load(hiddenGradient + at), v128.load(given + at)),
        );
      }
    }
    for (let at: usize = 0; at < block; at += 16) {
      const g = gate + at;
      const i = v128.load(g), f = v128.load(g + block);
      const c = v128.load(g + 2 * block), o = v128.load(g + 3 * block);
      const tanhCell = hyperbolicTangent(v128.load(cell + block + at)), dh = v128.load(hiddenGradient + at);
      const dc = multiplyAdd(
        f32x4.mul(dh, o),
        f32x4.sub(one, f32x4.mul(tanhCell, tanhCell)),
        v128.load(cellGradient + at),
      );
      v128.store(g, f32x4.mul(f32x4.mul(dc, c), f32x4.mul(i, f32x4.sub(one, i))));
      v128.store(
        g + block,
        f32x4.mul(f32x4.mul(dc, v128.load(cell + at)), f32x4.mul(f, f32x4.sub(one, f))),
      );
      v128.store(g + 2 * block, f32x4.mul(f32x4.mul(dc, i), f32x4.sub(one, f32x4.mul(c, c))));
      v128.store(g + 3 * block, f32x4.mul(f32x4.mul(dh, tanhCell), f32x4.mul(o, f32x4.sub(one, o))));
      v128.store(cellGradient + at, f32x4.mul(dc, f));
    }
    transpose(columns, padded, now, scratch);
    gemm(4 * units, padded, 32, gate, ROW, 4, scratch, line, weightGradient, line, true);
    if (t > 0) gemm(units, 32, 4 * units, weights, 4, line, gate, ROW, hiddenGradient, ROW, false);
    if (inputGradient != 0) {
      const given = inputGradient + <usize> t * inputs * ROW;
      gemm(inputs, 32, 4 * units, weights + (units << 2), 4, line, gate, ROW, given, ROW, true);
    }
  }
}

/**
 * Convolution over time, and with one step of one window a dense layer.
 *
 * @param advance Channels from one window to the next: strides * channels.
 * @param columns Values of one window: kernelSize * channels.
 * @param input First row of the first window.
 * @param weights [filters][padded], columns as the window's values.
 * @param output [steps][filters][32].
 */
export function convForward(
  steps: usize,
  advance: usize,
  columns: usize,
  padded: usize,
  filters: usize,
  input: usize,
  weights: usize,
  bias: usize,
  output: usize,
  relu: bool,
): void {
  const zero = f32x4.splat(0), block = filters * ROW;
  for (let step: usize = 0; step < steps; step++) {
    const y = output + step * block;
    gemm(filters, 32, columns, weights, padded << 2, 4, input + step * advance * ROW, ROW, y, ROW, false);
    for (let filter: usize = 0; filter < filters; filter++) {
      const b = v128.load32_splat(bias + (filter << 2)), row = y + filter * ROW;
      for (let p = row; p < row + ROW; p += 16) {
        const sum = f32x4.add(v128.load(p), b);
        v128.store(p, relu ? f32x4.max(sum, zero) : sum);
      }
    }
  }
}

/**
 * Backpropagation through `convForward`'s linear part.
 *
 * @param outputGradient [steps][filters][32].
 * @param inputGradient Row of the first window, added to; 0: not wanted.
 * @param weightGradient, biasGradient Added to.
 * @param scratch [32][padded], its columns past the last multiple of 4 zero.
 */
export function convBackward(
  steps: usize,
  advance: usize,
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
  const line = padded << 2;
  for (let step: usize = 0; step < steps; step++) {
    const dy = outputGradient + step * filters * ROW, offset = step * advance * ROW;
    transpose(columns, padded, input + offset, scratch);
    gemm(filters, padded, 32, dy, ROW, 4, scratch, line, weightGradient, line, true);
    for (let filter: usize = 0; filter < filters; filter++) {
      const row = dy + filter * ROW, target = biasGradient + (filter << 2);
      let sum = f32x4.splat(0);
      for (let p = row; p < row + ROW; p += 16) sum = f32x4.add(sum, v128.load(p));
      const pairs = f32x4.add(sum, v128.shuffle<i32>(sum, sum, 2, 3, 0, 1));
      store<f32>(target, load<f32>(target) + f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1));
    }
    if (inputGradient != 0) {
      gemm(columns, 32, filters, weights, 4, line, dy, ROW, inputGradient + offset, ROW, true);
    }
  }
}

/** Zeroes the gradient of `rows` rows where the output of ReLU is not above 0. */
export function reluBackward(rows: usize, output: usize, gradient: usize): void {
  const zero = f32x4.splat(0);
  for (let at: usize = 0; at < rows * ROW; at += 16) {
    const passes = f32x4.gt(v128.load(output + at), zero);
    v128.store(gradient + at, v128.and(v128.load(gradient + at), passes));
  }
}

/** Mean over time: [steps][channels][32] -> [channels][32]. */
export function averageForward(steps: usize, channels: usize, input: usize, output: usize): void {
  const block = channels * ROW, divisor = f32x4.splat(<f32> steps);
  for (let at: usize = 0; at < block; at += 16) {
    let sum = f32x4.splat(0);
    for (let step: usize = 0; step < steps; step++) {
      sum = f32x4.add(sum, v128.load(input + step * block + at));
    }
    v128.store(output + at, f32x4.div(sum, divisor));
  }
}

/** Adds to [steps][channels][32] its share of the mean's gradient [channels][32]. */
export function averageBackward(
  steps: usize,
  channels: usize,
  outputGradient: usize,
  inputGradient: usize,
): void {
  const block = channels * ROW, divisor = f32x4.splat(<f32> steps);
  for (let at: usize = 0; at < block; at += 16) {
    const share = f32x4.div(v128.load(outputGradient + at), divisor);
    for (let step: usize = 0; step < steps; step++) {
      const target = inputGradient + step * block + at;
      v128.store(target, f32x4.add(v128.load(target), share));
    }
  }
}

/** Softmax over classes: [classes][32] -> [classes][32]. */
export function softmaxForward(classes: usize, logits: usize, probabilities: usize): void {
  const end = classes * ROW;
  for (let sample: usize = 0; sample < ROW; sample += 16) {
    let largest = v128.load(logits + sample), sum = f32x4.splat(0);
    for (let at = sample + ROW; at < end; at += ROW) largest = f32x4.max(largest, v128.load(logits + at));
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
  const one = f32x4.splat(1);
  for (let sample: usize = 0; sample < ROW; sample += 16) {
    const label = v128.load(labels + sample), weight = v128.load(sampleWeights + sample);
    for (let c = 0; c < classes; c++) {
      const at = <usize> c * ROW + sample;
      const target = v128.and(i32x4.eq(label, i32x4.splat(c)), one);
      v128.store(gradient + at, f32x4.mul(weight, f32x4.sub(v128.load(probabilities + at), target)));
    }
  }
}

/**
 * One step of Adam on the sum of the shards' gradients, summed in the shards' order.
 *
 * @param count Parameters, a multiple of 4. @param shardBytes From one shard's gradients to the next's.
 * @param stepSize learningRate * sqrt(1 - beta2^t) / (1 - beta1^t).
 * @param rate1, rate2 1 - beta1, 1 - beta2.
 */
export function adam(
  count: usize,
  shards: usize,
  shardBytes: usize,
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
    let g = v128.load(gradients + at);
    for (let shard: usize = 1; shard < shards; shard++) {
      g = f32x4.add(g, v128.load(gradients + shard * shardBytes + at));
    }
    let m = v128.load(moments1 + at), v = v128.load(moments2 + at);
    m = multiplyAdd(f32x4.sub(g, m), r1, m);
    v = multiplyAdd(f32x4.sub(f32x4.mul(g, g), v), r2, v);
    v128.store(moments1 + at, m);
    v128.store(moments2 + at, v);
    const change = f32x4.div(f32x4.mul(step, m), f32x4.add(f32x4.sqrt(v), smallest));
    v128.store(weights + at, f32x4.sub(v128.load(weights + at), change));
  }
}
