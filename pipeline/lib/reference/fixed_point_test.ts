import assert from "node:assert/strict";
import fc from "fast-check";
import {
  quantizeMultiplier,
  rescaleOnce,
  rescaleTwice,
  rescaleTwiceUpwards,
  roundHalfAway,
} from "./fixed_point.ts";
import { fixedLogistic, fixedTanh } from "./fixed_point_functions.ts";

const RUNS = { numRuns: 3000, seed: 1 };
/** Numbers of every magnitude: uniform ones would hardly ever be small. */
const int32 = fc.tuple(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.integer({ min: 0, max: 31 }))
  .map(([value, shift]) => value >> shift);
const factor = fc.record({
  multiplier: fc.integer({ min: 2 ** 30, max: 2 ** 31 - 1 }),
  shift: fc.integer({ min: -31, max: 8 }),
});

/** gemmlowp's SaturatingRoundingDoublingHighMul as its source says it, in 64 bits. */
function doublingHighMultiply(a: bigint, b: bigint): bigint {
  const product = a * b, nudge = product >= 0n ? 1n << 30n : 1n - (1n << 30n);
  return (product + nudge) / (1n << 31n);
}

/** gemmlowp's RoundingDivideByPOT as its source says it. */
function divideByPowerOfTwo(x: bigint, exponent: bigint): bigint {
  const mask = (1n << exponent) - 1n, threshold = (mask >> 1n) + (x < 0n ? 1n : 0n);
  return (x >> exponent) + ((x & mask) > threshold ? 1n : 0n);
}

const halves = (x: number, multiplier: number, shift: number) =>
  doublingHighMultiply(BigInt.asIntN(32, BigInt(x) << BigInt(Math.max(shift, 0))), BigInt(multiplier));

Deno.test("roundHalfAway() rounds halves away from zero", () => {
  assert.deepEqual([-2.5, -0.5, 0.5, 2.5, 2.4].map(roundHalfAway), [-3, -1, 1, 3, 2]);
});

Deno.test("rescaleTwice() gives the bits of 64-bit arithmetic", () => {
  fc.assert(
    fc.property(int32, factor, (x, { multiplier, shift }) => {
      const expected = divideByPowerOfTwo(halves(x, multiplier, shift), BigInt(Math.max(-shift, 0)));
      assert.equal(rescaleTwice(x, { multiplier, shift }) + 0, Number(expected));
    }),
    RUNS,
  );
});

Deno.test("rescaleTwiceUpwards() differs from rescaleTwice() by negative halves only", () => {
  fc.assert(
    fc.property(int32, factor, (x, { multiplier, shift }) => {
      const once = halves(x, multiplier, shift), right = BigInt(Math.max(-shift, 0));
      const isNegativeHalf = once < 0n && right > 0n &&
        (once & ((1n << right) - 1n)) === 1n << (right - 1n);
      const expected = rescaleTwice(x, { multiplier, shift }) + (isNegativeHalf ? 1 : 0);
      assert.equal(rescaleTwiceUpwards(x, { multiplier, shift }), expected);
    }),
    RUNS,
  );
  const half = { multiplier: 2 ** 30, shift: 0 };
  assert.deepEqual([-3, 3].map((x) => rescaleTwice(x, { ...half, shift: 0 })), [-1, 2]);
  assert.deepEqual([-6, 6].map((x) => rescaleTwice(x, { ...half, shift: -1 })), [-2, 2]);
  assert.deepEqual([-6, 6].map((x) => rescaleTwiceUpwards(x, { ...half, shift: -1 })), [-1, 2]);
});

Deno.test("rescaleOnce() gives the bits of 64-bit arithmetic", () => {
  fc.assert(
    fc.property(int32, factor, (x, { multiplier, shift }) => {
      const total = BigInt(31 - shift);
      const rounded = (BigInt(x) * BigInt(multiplier) + (1n << (total - 1n))) >> total;
      assert.equal(rescaleOnce(x, { multiplier, shift }), Number(BigInt.asIntN(32, rounded)));
    }),
    RUNS,
  );
});

Deno.test("quantizeMultiplier() keeps a factor to 31 bits", () => {
  fc.assert(
    fc.property(fc.double({ min: 2 ** -30, max: 2 ** 7, noNaN: true }), (real) => {
      const { multiplier, shift } = quantizeMultiplier(real);
      assert.ok(multiplier >= 2 ** 30 && multiplier < 2 ** 31);
      assert.ok(Math.abs(multiplier * 2 ** (shift - 31) / real - 1) <= 2 ** -31);
    }),
    RUNS,
  );
  assert.deepEqual(quantizeMultiplier(1), { multiplier: 2 ** 30, shift: 1 });
  assert.deepEqual(quantizeMultiplier(1 - 2 ** -40), { multiplier: 2 ** 30, shift: 1 });
  assert.deepEqual(quantizeMultiplier(0.25), { multiplier: 2 ** 30, shift: -1 });
  assert.deepEqual(quantizeMultiplier(2 ** -40), { multiplier: 0, shift: 0 });
});

Deno.test("fixedLogistic() and fixedTanh() are close to the real functions for every int16", () => {
  // Steps of 2^-15: the library's series and Newton steps in 16 bits lose some.
  const largest = { logistic: 0, tanh: 0 };
  for (let raw = -32768; raw < 32768; raw++) {
    const real = raw / 2 ** 12;
    largest.logistic = Math.max(
      largest.logistic,
      Math.abs(fixedLogistic(raw) / 2 ** 15 - 1 / (1 + Math.exp(-real))),
    );
    for (let integerBits = 0; integerBits <= 6; integerBits++) {
      const error = Math.abs(
        fixedTanh(raw, integerBits) / 2 ** 15 - Math.tanh(raw / 2 ** (15 - integerBits)),
      );
      largest.tanh = Math.max(largest.tanh, error);
    }
  }
  assert.ok(largest.logistic < 7 * 2 ** -15, `${largest.logistic}`);
  assert.ok(largest.tanh < 13 * 2 ** -15, `${largest.tanh}`);
  assert.deepEqual([fixedLogistic(0), fixedTanh(0, 3)], [2 ** 14, 0]);
});
