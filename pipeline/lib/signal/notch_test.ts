import assert from "node:assert/strict";
import { sosFiltFilt } from "./filters.ts";
import { notch } from "./notch.ts";
import golden from "./testdata/scipy.json" with { type: "json" };

const x = Float64Array.from(golden.x);

function assertNear(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assert.equal(actual.length, expected.length);
  Array.from(expected).forEach((value, i) =>
    assert.ok(Math.abs(value - actual[i]) <= tolerance, `element ${i}: ${actual[i]} instead of ${value}`)
  );
}

for (const { hz, q, fs, b, a, filtfilt } of golden.notch) {
  Deno.test(`notch() of ${hz} Hz, Q ${q} at ${fs} Hz equals SciPy's iirnotch, forwards and backwards too`, () => {
    const sections = notch({ notchHz: hz, q, fs });
    assertNear(sections[0], [...b, ...a], 1e-12);
    assertNear(sosFiltFilt(sections, x.subarray(0, 120)), filtfilt, 1e-9);
  });
}

Deno.test("notch() takes out its frequency and leaves 10 Hz alone", () => {
  const fs = 360, sections = notch({ notchHz: 50, q: 30, fs });
  const sine = (hz: number) =>
    Float64Array.from({ length: 20 * fs }, (_, i) => Math.sin(2 * Math.PI * hz * i / fs));
  const middle = (signal: Float64Array) => signal.subarray(8 * fs, 12 * fs);
  assertNear(middle(sosFiltFilt(sections, sine(50))), new Float64Array(4 * fs), 1e-6);
  assertNear(middle(sosFiltFilt(sections, sine(10))), middle(sine(10)), 1e-3);
});

Deno.test("notch() refuses frequencies and quality factors out of range", () => {
  assert.throws(() => notch({ notchHz: 60, q: 30, fs: 120 }), /60 Hz at 120 Hz/);
  assert.throws(() => notch({ notchHz: NaN, q: 30, fs: 360 }), RangeError);
  assert.throws(() => notch({ notchHz: 50, q: 0, fs: 360 }), RangeError);
  assert.throws(() => notch({ notchHz: 50, q: 0.2, fs: 360 }), /narrower/);
});
