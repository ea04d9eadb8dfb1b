import assert from "node:assert/strict";
import fc from "fast-check";
import golden from "./testdata/scipy.json" with { type: "json" };
import { butterworthBandpass, butterworthHighpass, type SecondOrderSection } from "./butterworth.ts";
import { sosFilt, sosFiltFilt, sosPadSamples } from "./filters.ts";

const x = Float64Array.from(golden.x);
const bandpass = butterworthBandpass({ order: 2, lowHz: 0.5, highHz: 40, fs: 360 });

function largestError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  assert.equal(actual.length, expected.length);
  return Array.from(expected).reduce((worst, value, i) => Math.max(worst, Math.abs(value - actual[i])), 0);
}

for (const { kind, order, edgesHz, fs, sos, sosfilt, sosfiltfilt } of golden.butter) {
  const sections = sos as unknown as SecondOrderSection[];
  const name = `${kind} of order ${order}, ${edgesHz.join("-")} Hz at ${fs} Hz`;
  Deno.test(`sosFilt() and sosFiltFilt() equal SciPy: ${name}`, () => {
    assert.ok(largestError(sosFilt(sections, x.subarray(0, 60)), sosfilt) < 1e-9);
    assert.ok(largestError(sosFiltFilt(sections, x.subarray(0, 120)), sosfiltfilt) < 1e-9);
  });
}

Deno.test("sosFiltFilt() delays nothing: a pulse keeps its place and its symmetry", () => {
  const pulse = Float64Array.from({ length: 1001 }, (_, i) => Math.exp(-(((i - 500) / 6) ** 2)));
  const filtered = sosFiltFilt(butterworthBandpass({ order: 1, lowHz: 5, highHz: 15, fs: 360 }), pulse);
  assert.equal(filtered.indexOf(Math.max(...filtered)), 500);
  assert.ok(largestError(filtered, filtered.toReversed()) < 1e-9);
});

Deno.test("sosFiltFilt() ends on a long flat line at 0 and not in numbers that are too small to reckon with", () => {
  const step = Float64Array.from({ length: 300_000 }, (_, i) => i < 1000 ? 1 : 0);
  const filtered = sosFiltFilt(bandpass, step);
  assert.ok(filtered.subarray(250_000).every((value) => value === 0));
  assert.ok(filtered.every((value) => value === 0 || Math.abs(value) > 1e-290));
});

Deno.test("sosFiltFilt() of a high-pass takes a constant to 0 from the first sample on", () => {
  const sos = butterworthHighpass({ order: 2, cutoffHz: 0.5, fs: 360 });
  assert.ok(largestError(sosFiltFilt(sos, new Float64Array(200).fill(3)), new Float64Array(200)) < 1e-10);
});

Deno.test("sosFilt() and sosFiltFilt() are linear", () => {
  const value = fc.double({ min: -5, max: 5, noNaN: true });
  const pair = fc.array(fc.tuple(value, value), { minLength: 20, maxLength: 120 });
  fc.assert(
    fc.property(pair, (values) => {
      const a = Float64Array.from(values, ([first]) => first),
        b = Float64Array.from(values, ([, second]) => second);
      const mixed = a.map((first, i) => 2 * first - b[i]);
      return [sosFilt, sosFiltFilt].every((filter) => {
        const fa = filter(bandpass, a), fb = filter(bandpass, b);
        return largestError(filter(bandpass, mixed), fa.map((first, i) => 2 * first - fb[i])) < 1e-9;
      });
    }),
    { seed: 4 },
  );
});

Deno.test("sosFiltFilt() takes the shortest signal and refuses a shorter one and NaN", () => {
  const pad = sosPadSamples(bandpass);
  assert.equal(sosFiltFilt(bandpass, x.subarray(0, pad + 1)).length, pad + 1);
  assert.throws(() => sosFiltFilt(bandpass, x.subarray(0, pad)), RangeError);
  assert.throws(() => sosFiltFilt(bandpass, new Float32Array(100).fill(NaN)), /got NaN at sample 0/);
  assert.throws(() => sosFilt(bandpass, Float32Array.of(0, Infinity)), RangeError);
});
