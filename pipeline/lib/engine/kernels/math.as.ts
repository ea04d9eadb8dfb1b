// @ts-nocheck AssemblyScript: usize, f32 and v128 are not TypeScript's types. Built by `deno task kernels`.
// Functions of four numbers at once.

/** Where `prepare` keeps the constants: reading one costs less than building it from an immediate. */
const CONSTANTS: usize = 64;

/** Writes the constants that the other kernels read, bytes 64 to 368 of the memory. */
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
  v128.store(CONSTANTS, f32x4.splat(1e-30), 208);
  v128.store(CONSTANTS, f32x4.splat(1.326473669e-3), 224);
  v128.store(CONSTANTS, f32x4.splat(9.671512564e-3), 240);
  v128.store(CONSTANTS, f32x4.splat(5.550733716e-2), 256);
  v128.store(CONSTANTS, f32x4.splat(2.402224209e-1), 272);
  v128.store(CONSTANTS, f32x4.splat(6.931469776e-1), 288);
}

function constant(index: usize): v128 {
  return v128.load(CONSTANTS + 16 * index);
}

/** The sum of a vector's numbers. */
export function sumOf(x: v128): f32 {
  const pairs = f32x4.add(x, v128.shuffle<i32>(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

export function one(): v128 {
  return constant(12);
}

/**
 * a * b + c, rounded twice; in kernels_fused.wasm rounded once where the processor can. The sum names c first: it is then
 * evaluated first, and of several terms added in a row the products need not all wait in registers.
 */
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

/**
 * 0 for a gradient below 1e-30, which Adam cannot tell from 0; NaN stays NaN. Gradients vanish over the steps of an
 * LSTM, and products with denormal numbers take some processors 60 times as long.
 */
export function withoutDenormals(x: v128): v128 {
  return v128.andnot(x, f32x4.lt(f32x4.abs(x), constant(13)));
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

/**
 * y = offset + scale / (1 + e^(rate x)) for x and y of `bytes`, a multiple of 64; NaN stays NaN. Four chains of
 * dependent instructions side by side keep a processor busy that would wait for the steps of one.
 *
 * e^(rate x) = 2^n 2^r, n an integer and |r| <= 1/2, the exponent clamped to [-87, 87] and 2^r a polynomial of degree 5
 * (minimax, 1 at r = 0, relative error 1e-7). As in `exponential`, adding 1.5 * 2^23 rounds to n.
 *
 * @param rate2 rate * log2 e.
 */
function logistic(source: usize, target: usize, bytes: usize, rate2: f32, scale: f32, offset: f32): void {
  const k = f32x4.splat(rate2), numerator = f32x4.splat(scale), shift = f32x4.splat(offset);
  for (const end = source + bytes; source != end; source += 64, target += 64) {
    let t0 = f32x4.mul(v128.load(source), k), t1 = f32x4.mul(v128.load(source, 16), k);
    let t2 = f32x4.mul(v128.load(source, 32), k), t3 = f32x4.mul(v128.load(source, 48), k);
    let c = constant(0);
    t0 = f32x4.pmax(t0, c), t1 = f32x4.pmax(t1, c), t2 = f32x4.pmax(t2, c), t3 = f32x4.pmax(t3, c);
    c = constant(1);
    t0 = f32x4.pmin(t0, c), t1 = f32x4.pmin(t1, c), t2 = f32x4.pmin(t2, c), t3 = f32x4.pmin(t3, c);
    c = constant(3);
    let n0 = f32x4.add(t0, c), n1 = f32x4.add(t1, c), n2 = f32x4.add(t2, c), n3 = f32x4.add(t3, c);
    t0 = f32x4.sub(t0, f32x4.sub(n0, c)), t1 = f32x4.sub(t1, f32x4.sub(n1, c));
    t2 = f32x4.sub(t2, f32x4.sub(n2, c)), t3 = f32x4.sub(t3, f32x4.sub(n3, c));
    c = one();
    n0 = i32x4.add(i32x4.shl(n0, 23), c), n1 = i32x4.add(i32x4.shl(n1, 23), c);
    n2 = i32x4.add(i32x4.shl(n2, 23), c), n3 = i32x4.add(i32x4.shl(n3, 23), c);
    let p0 = constant(14), p1 = p0, p2 = p0, p3 = p0;
    c = constant(15);
    p0 = multiplyAdd(p0, t0, c), p1 = multiplyAdd(p1, t1, c);
    p2 = multiplyAdd(p2, t2, c), p3 = multiplyAdd(p3, t3, c);
    c = constant(16);
    p0 = multiplyAdd(p0, t0, c), p1 = multiplyAdd(p1, t1, c);
    p2 = multiplyAdd(p2, t2, c), p3 = multiplyAdd(p3, t3, c);
    c = constant(17);
    p0 = multiplyAdd(p0, t0, c), p1 = multiplyAdd(p1, t1, c);
    p2 = multiplyAdd(p2, t2, c), p3 = multiplyAdd(p3, t3, c);
    c = constant(18);
    p0 = multiplyAdd(p0, t0, c), p1 = multiplyAdd(p1, t1, c);
    p2 = multiplyAdd(p2, t2, c), p3 = multiplyAdd(p3, t3, c);
    c = one();
    p0 = multiplyAdd(p0, t0, c), p1 = multiplyAdd(p1, t1, c);
    p2 = multiplyAdd(p2, t2, c), p3 = multiplyAdd(p3, t3, c);
    p0 = multiplyAdd(p0, n0, c), p1 = multiplyAdd(p1, n1, c);
    p2 = multiplyAdd(p2, n2, c), p3 = multiplyAdd(p3, n3, c);
    v128.store(target, f32x4.add(shift, f32x4.div(numerator, p0)));
    v128.store(target, f32x4.add(shift, f32x4.div(numerator, p1)), 16);
    v128.store(target, f32x4.add(shift, f32x4.div(numerator, p2)), 32);
    v128.store(target, f32x4.add(shift, f32x4.div(numerator, p3)), 48);
  }
}

/** y = 1 / (1 + e^-x) for x and y of `bytes`, a multiple of 64; absolute error below 1e-7. */
export function sigmoid(source: usize, target: usize, bytes: usize): void {
  logistic(source, target, bytes, -1.44269504, 1, 0);
}

/** y = clip(slope x + 0.5, 0, 1) for x and y of `bytes`, a multiple of 16; NaN stays NaN. */
export function hardSigmoid(source: usize, target: usize, bytes: usize, slope: f32): void {
  const k = f32x4.splat(slope), half = f32x4.splat(0.5), zero = f32x4.splat(0);
  for (const end = source + bytes; source != end; source += 16, target += 16) {
    const line = f32x4.add(f32x4.mul(v128.load(source), k), half);
    v128.store(target, f32x4.pmin(f32x4.pmax(line, zero), one()));
  }
}

/** The slope of `hardSigmoid` where its output is y: 0 at the ends. */
export function hardSigmoidSlope(y: v128, slope: f32): v128 {
  const isInside = v128.and(f32x4.gt(y, f32x4.splat(0)), f32x4.lt(y, one()));
  return v128.and(f32x4.splat(slope), isInside);
}

/** The gates of a recurrent layer: `hardSigmoid` of this slope or, where it is 0, `sigmoid`. */
export function activateGates(source: usize, target: usize, bytes: usize, hardSlope: f32): void {
  if (hardSlope == 0) sigmoid(source, target, bytes);
  else hardSigmoid(source, target, bytes, hardSlope);
}

/** y = tanh(x) = 1 - 2 / (1 + e^2x) for x and y of `bytes`, a multiple of 64; absolute error below 2e-7. */
export function hyperbolicTangent(source: usize, target: usize, bytes: usize): void {
  logistic(source, target, bytes, 2.88539008, -2, 1);
}
