import assert from "node:assert/strict";
import fc from "fast-check";
import { cutWindows, cutWindowsFrom } from "./windows.ts";

const ramp = (samples: number) => Float32Array.from({ length: samples }, (_, i) => i);

Deno.test("cutWindows() cuts 216 samples with the R peak at index 90 by default", () => {
  const { windows, kept, padded } = cutWindows({ signal: ramp(1000), rPeaks: Uint32Array.of(90, 500, 874) });
  assert.deepEqual([...kept], [0, 1, 2]);
  assert.equal(padded, 0);
  assert.equal(windows.length, 3 * 216);
  assert.deepEqual([windows[0], windows[216], windows[216 + 90], windows[3 * 216 - 1]], [0, 410, 500, 999]);
});

Deno.test("cutWindows() repeats the edge sample so that no annotated beat is lost", () => {
  const signal = Float32Array.of(5, 6, 7, 8);
  const cut = cutWindows({ signal, rPeaks: Uint32Array.of(0, 3), windowSamples: 4, rPeakOffset: 2 });
  assert.deepEqual([...cut.windows], [5, 5, 5, 6, 6, 7, 8, 8]);
  assert.equal(cut.padded, 2);
  assert.deepEqual(Object.values(cut.dropped), [0, 0, 0]);
});

Deno.test("cutWindows() counts what it drops by reason", () => {
  const cut = cutWindows({
    signal: ramp(10),
    rPeaks: Int32Array.of(-1, 1, 2, 8, 9, 10),
    windowSamples: 4,
    rPeakOffset: 2,
    edges: "drop",
  });
  assert.deepEqual([...cut.kept], [2, 3]);
  assert.deepEqual([...cut.windows], [0, 1, 2, 3, 6, 7, 8, 9]);
  assert.deepEqual(cut.dropped, {
    "R peak lies outside the record": 2,
    "window starts before the record": 1,
    "window ends after the record": 1,
  });
});

Deno.test("cutWindows() accounts for every beat and equals a sample-by-sample reference", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 40 }),
    fc.array(fc.integer({ min: -5, max: 45 }), { maxLength: 12 }),
    fc.integer({ min: 1, max: 60 }).chain((n) =>
      fc.tuple(fc.constant(n), fc.integer({ min: 0, max: n - 1 }))
    ),
    fc.constantFrom("pad" as const, "drop" as const),
    (samples, peaks, [windowSamples, rPeakOffset], edges) => {
      const signal = ramp(samples);
      const cut = cutWindows({ signal, rPeaks: Int32Array.from(peaks), windowSamples, rPeakOffset, edges });
      const expected = peaks.flatMap((peak) => {
        if (peak < 0 || peak >= samples) return [];
        const at = Array.from({ length: windowSamples }, (_, i) => peak - rPeakOffset + i);
        if (edges === "drop" && at.some((i) => i < 0 || i >= samples)) return [];
        return at.map((i) => Math.min(Math.max(i, 0), samples - 1));
      });
      assert.deepEqual([...cut.windows], expected);
      const droppedBeats = Object.values(cut.dropped).reduce((sum, n) => sum + n, 0);
      assert.equal(cut.kept.length + droppedBeats, peaks.length);
    },
  ));
});

Deno.test("cutWindows() writes into the given output and refuses one that is too short", () => {
  const all = new Float32Array(12);
  const rPeaks = Uint32Array.of(4, 6);
  const options = { signal: ramp(10), rPeaks, windowSamples: 3, rPeakOffset: 1 };
  cutWindows({ ...options, output: all.subarray(3) });
  assert.deepEqual([...all], [0, 0, 0, 3, 4, 5, 5, 6, 7, 0, 0, 0]);
  assert.throws(() => cutWindows({ ...options, output: new Float32Array(5) }), RangeError);
  assert.throws(() => cutWindows({ ...options, rPeakOffset: 3 }), RangeError);
  assert.throws(() => cutWindows({ ...options, windowSamples: 0 }), RangeError);
});

Deno.test("cutWindowsFrom() cuts what cutWindows() does and reads little at a time", () => {
  const signal = ramp(40_000);
  const gaps = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 2500, size: "max" });
  const edges = fc.constantFrom("pad" as const, "drop" as const);
  fc.assert(
    fc.property(gaps, edges, fc.integer({ min: 1, max: 60 }), (steps, edge, windowSamples) => {
      let at = 0;
      const rPeaks = Uint32Array.from(steps, (step) => at += step);
      const options = { rPeaks, edges: edge, windowSamples, rPeakOffset: windowSamples >> 1 };
      let most = 0;
      const read = (from: number, to: number) => {
        assert.ok(from >= 0 && from <= to && to <= signal.length);
        most = Math.max(most, to - from);
        return signal.slice(from, to);
      };
      assert.deepEqual(
        cutWindowsFrom({ ...options, samples: signal.length, read }),
        cutWindows({ ...options, signal }),
      );
      assert.ok(most <= 1024 * 60 + windowSamples);
    }),
    { seed: 81, numRuns: 40 },
  );
  const far = { samples: 2 ** 30, read: (from: number, to: number) => new Float32Array(to - from) };
  assert.equal(cutWindowsFrom({ ...far, rPeaks: Uint32Array.of(1000, 2 ** 29, 2 ** 30 - 1) }).kept.length, 3);
  assert.throws(() => cutWindowsFrom({ ...far, rPeaks: Uint32Array.of(5, 4) }), RangeError);
});
