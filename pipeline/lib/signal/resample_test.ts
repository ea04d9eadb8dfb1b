import assert from "node:assert/strict";
import fc from "fast-check";
import golden from "./testdata/scipy.json" with { type: "json" };
import { mapSampleIndex, resampledLength, resampleFft, resampleFftTo } from "./resample.ts";

const x = Float64Array.from(golden.x);

function largestError(actual: Float64Array, expected: ArrayLike<number>): number {
  assert.equal(actual.length, expected.length);
  return actual.reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected[i])), 0);
}

for (const { n, num, y } of golden.resample) {
  Deno.test(`resampleFftTo() equals SciPy from ${n} to ${num} samples`, () => {
    assert.ok(largestError(resampleFftTo(x.subarray(0, n), num), y) < 1e-9);
  });
}

Deno.test("resampleFft() keeps the duration and a sine in the band of both rates", () => {
  // 5 Hz over exactly 4 seconds is periodic: the result is the same sine at the other rate.
  const sine = (fs: number) =>
    Float64Array.from({ length: 4 * fs }, (_, i) => Math.sin(10 * Math.PI * i / fs));
  for (const [fromFs, toFs] of [[250, 360], [360, 250], [1000, 360], [128, 360]]) {
    assert.ok(
      largestError(resampleFft(sine(fromFs), { fromFs, toFs }), sine(toFs)) < 1e-11,
      `${fromFs} to ${toFs}`,
    );
  }
});

Deno.test("resampleFft() copies where nothing changes", () => {
  const copy = resampleFft(x, { fromFs: 360, toFs: 360 });
  assert.deepEqual(copy, x);
  assert.notEqual(copy.buffer, x.buffer);
});

Deno.test("resampleFftTo() up and back down gives the signal again", () => {
  const signal = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(signal, fc.integer({ min: 1, max: 60 }), (values, more) => {
      const short = Float64Array.from(values);
      const back = resampleFftTo(resampleFftTo(short, short.length + more), short.length);
      return largestError(back, short) < 1e-11;
    }),
    { seed: 1 },
  );
});

Deno.test("resampleFftTo() is linear and keeps the mean", () => {
  const pair = fc.array(
    fc.tuple(fc.double({ min: -5, max: 5, noNaN: true }), fc.double({ min: -5, max: 5, noNaN: true })),
    {
      minLength: 1,
      maxLength: 60,
    },
  );
  fc.assert(
    fc.property(pair, fc.integer({ min: 1, max: 90 }), (values, num) => {
      const a = Float64Array.from(values, ([value]) => value),
        b = Float64Array.from(values, ([, value]) => value);
      const sum = resampleFftTo(a.map((value, i) => 2 * value - b[i]), num);
      const ra = resampleFftTo(a, num), rb = resampleFftTo(b, num);
      const mean = (signal: Float64Array) => signal.reduce((s, value) => s + value, 0) / signal.length;
      return largestError(sum, ra.map((value, i) => 2 * value - rb[i])) < 1e-11 &&
        Math.abs(mean(ra) - mean(a)) < 1e-11;
    }),
    { seed: 2 },
  );
});

Deno.test("resampledLength() rounds to the nearest sample and never gives none", () => {
  assert.equal(resampledLength(650_000, { fromFs: 360, toFs: 250 }), 451_389);
  assert.equal(resampledLength(1, { fromFs: 1000, toFs: 100 }), 1);
  assert.throws(() => resampledLength(10, { fromFs: 0, toFs: 100 }), RangeError);
  assert.throws(() => resampledLength(10, { fromFs: 360, toFs: NaN }), RangeError);
});

Deno.test("resampleFft() refuses what it cannot resample", () => {
  assert.throws(() => resampleFft(new Float32Array(0), { fromFs: 250, toFs: 360 }), RangeError);
  assert.throws(
    () => resampleFft(Float32Array.of(1, NaN), { fromFs: 250, toFs: 360 }),
    /got NaN at sample 1/,
  );
  assert.throws(() => resampleFftTo(x, 0), RangeError);
  assert.throws(() => resampleFftTo(x, 2.5), RangeError);
});

Deno.test("mapSampleIndex() moves an index to the nearest sample and stays inside", () => {
  assert.equal(mapSampleIndex(360, 360, 250, 1000), 250);
  assert.equal(mapSampleIndex(7, 250, 360, 1000), 10);
  assert.equal(mapSampleIndex(0, 250, 360, 1000), 0);
  assert.equal(mapSampleIndex(2499, 250, 360, 3598), 3597);
  assert.equal(mapSampleIndex(-3, 250, 360, 3598), 0);
  assert.throws(() => mapSampleIndex(NaN, 250, 360, 10), RangeError);
  assert.throws(() => mapSampleIndex(1, 250, 360, 0), RangeError);
});

Deno.test("mapSampleIndex() finds the peak that resampleFft() moved", () => {
  const fromFs = 250, toFs = 360;
  const pulse = Float64Array.from({ length: 2500 }, (_, i) => Math.exp(-(((i - 1234) / 8) ** 2)));
  const moved = resampleFft(pulse, { fromFs, toFs });
  assert.equal(moved.indexOf(Math.max(...moved)), mapSampleIndex(1234, fromFs, toFs, moved.length));
});
