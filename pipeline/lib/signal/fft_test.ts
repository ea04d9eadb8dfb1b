import assert from "node:assert/strict";
import { createRng } from "../core/rng.ts";
import { complexDft, inverseRealDft, MAX_DFT_LENGTH, realDft } from "./fft.ts";

/** Largest error of a transform relative to its largest value; the fast paths reach about 1e-14. */
const DFT_TOLERANCE = 1e-12;

/** The definition, O(n^2). */
function slowDft(x: Float64Array): Float64Array {
  const n = x.length / 2;
  const out = new Float64Array(2 * n);
  for (let k = 0; k < n; k++) {
    for (let t = 0; t < n; t++) {
      const angle = -2 * Math.PI * ((k * t) % n) / n;
      out[2 * k] += x[2 * t] * Math.cos(angle) - x[2 * t + 1] * Math.sin(angle);
      out[2 * k + 1] += x[2 * t] * Math.sin(angle) + x[2 * t + 1] * Math.cos(angle);
    }
  }
  return out;
}

function assertNear(actual: Float64Array, expected: Float64Array, label: string): void {
  assert.equal(actual.length, expected.length, label);
  const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 1);
  for (let i = 0; i < expected.length; i++) {
    assert.ok(
      Math.abs(actual[i] - expected[i]) <= DFT_TOLERANCE * largest,
      `${label}, element ${i}: ${actual[i]} instead of ${expected[i]}`,
    );
  }
}

const LENGTHS = [
  ...Array.from({ length: 40 }, (_, i) => i + 1),
  64,
  97,
  100,
  127,
  128,
  210,
  243,
  256,
  360,
  509,
];

Deno.test("complexDft() equals the definition for any length", () => {
  const rng = createRng(1);
  for (const n of LENGTHS) {
    const x = Float64Array.from({ length: 2 * n }, rng.normal);
    assertNear(complexDft(x), slowDft(x), `length ${n}`);
  }
});

Deno.test("realDft() is the first half of the complex transform for any length", () => {
  const rng = createRng(2);
  for (const n of LENGTHS) {
    const x = Float64Array.from({ length: n }, rng.normal);
    const complex = new Float64Array(2 * n);
    x.forEach((value, i) => complex[2 * i] = value);
    // A single sample has one bin; from two on the last bin is floor(n / 2).
    assertNear(realDft(x), slowDft(complex).slice(0, 2 * (n >> 1) + 2), `length ${n}`);
  }
});

Deno.test("inverseRealDft() takes realDft() back for any length", () => {
  const rng = createRng(3);
  for (const n of [...LENGTHS, 4999, 5000, 65_001]) {
    const x = Float64Array.from({ length: n }, rng.normal);
    assertNear(inverseRealDft(realDft(x), n), x, `length ${n}`);
  }
});

Deno.test("inverseRealDft() ignores imaginary parts that no real signal has", () => {
  const spectrum = Float64Array.of(4, 9, 1, -1, 2, 9);
  assertNear(
    inverseRealDft(spectrum, 4),
    inverseRealDft(Float64Array.of(4, 0, 1, -1, 2, 0), 4),
    "even length",
  );
});

Deno.test("realDft() keeps the energy of a long signal of prime length (Parseval)", () => {
  const n = 100_003;
  const x = Float64Array.from({ length: n }, createRng(4).normal);
  const spectrum = realDft(x);
  let energy = 0, bins = spectrum[0] ** 2;
  for (const value of x) energy += value * value;
  for (let i = 2; i < spectrum.length; i++) bins += 2 * spectrum[i] ** 2;
  assert.ok(Math.abs(bins / n / energy - 1) < DFT_TOLERANCE, `ratio ${bins / n / energy}`);
});

Deno.test("the transforms refuse lengths out of range", () => {
  assert.throws(() => realDft(new Float64Array(0)), RangeError);
  assert.throws(() => realDft(new Float32Array(MAX_DFT_LENGTH + 1)), RangeError);
  assert.throws(() => complexDft(new Float64Array(3)), RangeError);
  assert.throws(() => inverseRealDft(new Float64Array(6), 6), /6 samples need 4 bins, got 3/);
  assert.throws(() => inverseRealDft(new Float64Array(6), 4.5), RangeError);
});
