// @ts-nocheck AssemblyScript: usize, f32 and v128 are not TypeScript's types. Built by `deno task kernels`.
// Functions of four numbers at once.

/** Where `prepare` keeps the constants: reading one costs less than building it from an immediate. */
const CONSTANTS: usize = 64;

/** Writes the constants that the other kernels read, bytes 64 to 320 of the memory. */
export function prepare(): void {
  v128.store(CONSTANTS, f32x4.splat(-87));
  v128.store(CONSTANTS, f32x4.splat(87), 16);
  v128.store(CONSTANTS, f32x4.splat(1.44269504), 32);
  v128.store(CONSTANTS, f32x4.splat(12582912), 48);
  v128.store(CONSTANTS, f32x4.splat(0.693359375), 64);
  v128.store(CONSTANTS, f32x4.splat(-2.1219444e-4), 80);
  v128.store(CONSTANTS, f32x4.splat(1.98756915e-4), 96);
  v128.store(CONSTANTS, f32x4.splat(1.3981999507e-3), 112);
  v128.store(CONSTANTS, f32x4.splat(8.3334519073e-3), 128);
  v128.store(CONSTANTS, f32x4.splat(4.1665795894e-2), 144);
  v128.store(CONSTANTS, f32x4.splat(1.6666665459e-1), 160);
  v128.store(CONSTANTS, f32x4.splat(5.0000001201e-1), 176);
  v128.store(CONSTANTS, f32x4.splat(1), 192);
  v128.store(CONSTANTS, f32x4.splat(2), 208);
  v128.store(CONSTANTS, f32x4.splat(1e-30), 224);
}

function constant(index: usize): v128 {
  return v128.load(CONSTANTS + 16 * index);
}

export function one(): v128 {
  return constant(12);
}

/** a * b + c, rounded twice; in kernels_fused.wasm rounded once where the processor can. */
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/**
 * 0 for a gradient below 1e-30, which Adam cannot tell from 0; NaN stays NaN. Gradients vanish over the steps of an
 * LSTM, and products with denormal numbers take some processors 60 times as long.
 */
export function withoutDenormals(x: v128): v128 {
  return v128.andnot(x, f32x4.lt(f32x4.abs(x), constant(14)));
}

/**
 * e^x for x clamped to [-87, 87], relative error below 2e-7; NaN stays NaN.
 *
 * Source: Cephes expf (Moshier): x = n ln 2 + r, polynomial of degree 6 in r. Adding 1.5 * 2^23 rounds to the integer n
 * and leaves it in the low bits, from where a shift brings it to the exponent's place.
 */
export function exponential(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, constant(0)), constant(1));
  const biased = f32x4.add(f32x4.mul(x, constant(2)), constant(3));
  const n = f32x4.sub(biased, constant(3));
  const r = f32x4.sub(f32x4.sub(x, f32x4.mul(n, constant(4))), f32x4.mul(n, constant(5)));
  let p = multiplyAdd(constant(6), r, constant(7));
  p = multiplyAdd(p, r, constant(8));
  p = multiplyAdd(p, r, constant(9));
  p = multiplyAdd(p, r, constant(10));
  p = multiplyAdd(p, r, constant(11));
  p = f32x4.add(multiplyAdd(p, f32x4.mul(r, r), r), one());
  return f32x4.mul(p, i32x4.add(i32x4.shl(biased, 23), one()));
}

export function sigmoid(x: v128): v128 {
  return f32x4.div(one(), f32x4.add(one(), exponential(f32x4.neg(x))));
}

/** tanh(x) = 1 - 2 / (1 + e^2x): absolute error below 2e-7. */
export function hyperbolicTangent(x: v128): v128 {
  return f32x4.sub(one(), f32x4.div(constant(13), f32x4.add(one(), exponential(f32x4.add(x, x)))));
}
