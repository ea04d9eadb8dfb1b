import assert from "node:assert/strict";
import fc from "fast-check";
import golden from "./testdata/scipy.json" with { type: "json" };
import { type MedianEdges, medianFilter, removeBaseline } from "./baseline.ts";

const x = Float64Array.from(golden.x);

/** The definition: sorts every window. */
function slowMedianFilter(values: number[], window: number, edges: MedianEdges): Float64Array {
  const half = window >> 1, last = values.length - 1;
  const beyond = (i: number) => edges === "zero" ? 0 : values[i < 0 ? 0 : last];
  return Float64Array.from(values, (_, i) => {
    const around = Array.from({ length: window }, (_, k) => values[i - half + k] ?? beyond(i - half + k));
    return around.sort((a, b) => a - b)[half];
  });
}

for (const { window, y, steppedY, zeroPaddedY } of golden.median) {
  Deno.test(`medianFilter() equals SciPy over ${window} samples`, () => {
    assert.deepEqual(medianFilter(x, window), Float64Array.from(y));
    assert.deepEqual(
      medianFilter(x.map((value) => Math.round(value * 4) / 4), window),
      Float64Array.from(steppedY),
    );
    assert.deepEqual(medianFilter(x, window, "zero"), Float64Array.from(zeroPaddedY));
  });
}

Deno.test("medianFilter() equals sorting every window, equal values and short signals included", () => {
  const values = fc.array(fc.integer({ min: -6, max: 6 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(values, fc.integer({ min: 0, max: 20 }), (signal, half) => {
      for (const edges of ["nearest", "zero"] as const) {
        assert.deepEqual(
          medianFilter(Float64Array.from(signal), 2 * half + 1, edges),
          slowMedianFilter(signal, 2 * half + 1, edges),
        );
      }
    }),
    { seed: 5, numRuns: 500 },
  );
});

Deno.test("medianFilter() refuses even windows and NaN", () => {
  assert.throws(() => medianFilter(x, 4), RangeError);
  assert.throws(() => medianFilter(x, 0), RangeError);
  assert.throws(() => medianFilter(Float32Array.of(1, NaN), 3), /got NaN at sample 1/);
  assert.equal(medianFilter(new Float32Array(0), 3).length, 0);
});

Deno.test("removeBaseline() takes away an offset and slow wander and leaves the beats", () => {
  const fs = 360;
  const beats = Float64Array.from({ length: 10 * fs }, (_, i) => Math.exp(-((((i % fs) - 180) / 5) ** 2)));
  const recorded = beats.map((value, i) => value + 3 + 0.5 * Math.sin(2 * Math.PI * 0.2 * i / fs));
  const cleaned = removeBaseline(recorded, fs);
  for (let i = fs; i < 9 * fs; i++) {
    assert.ok(Math.abs(cleaned[i] - beats[i]) < 0.1, `sample ${i}: ${cleaned[i]}`);
  }
});

Deno.test("removeBaseline() is two medians of 73 and 217 samples at 360 Hz", () => {
  const baseline = medianFilter(medianFilter(x, 73), 217);
  assert.deepEqual(removeBaseline(x, 360), x.map((value, i) => value - baseline[i]));
  assert.throws(() => removeBaseline(x, 0), RangeError);
});
