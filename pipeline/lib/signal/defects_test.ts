import assert from "node:assert/strict";
import fc from "fast-check";
import { createRng } from "../core/rng.ts";
import { type Defect, openDefectSearch, peaksWithSignal } from "./defects.ts";

const FS = 360;

function findDefects(
  stored: Int16Array | Float32Array,
  piece = stored.length,
  missingAdu?: number,
): Defect[] {
  const search = openDefectSearch(FS, missingAdu);
  for (let at = 0; at < stored.length; at += piece) search.push(stored.subarray(at, at + piece));
  return search.finish();
}

/** Seconds of noise from -100 to 100 in which stretches hold one value. */
function lead(seconds: number, held: { from: number; to: number; value: number }[]): Float32Array {
  const rng = createRng(1),
    stored = Float32Array.from({ length: seconds * FS }, () => rng.integer(201) - 100);
  for (const { from, to, value } of held) stored.fill(value, from, to);
  return stored;
}

Deno.test("openDefectSearch() tells flat lines, rails and a lead that is off", () => {
  const stored = lead(20, [
    { from: 100, to: 110, value: 500 }, // a rail for 28 ms
    { from: 400, to: 410, value: 90 }, // as long, but no extreme
    { from: 720, to: 820, value: 3.5 }, // flat for 278 ms
    { from: 1440, to: 1900, value: 7.5 }, // off for 1.3 s
    { from: 2880, to: 2884, value: 500 }, // too short a rail: the top of an R peak
    { from: 3600, to: 4000, value: -500 }, // the other rail for 1.1 s
  ]);
  assert.deepEqual(findDefects(stored), [
    { from: 100, to: 110, reason: "saturated" },
    { from: 720, to: 820, reason: "flat" },
    { from: 1440, to: 1900, reason: "lead off" },
    { from: 3600, to: 4000, reason: "lead off" },
  ]);
});

Deno.test("openDefectSearch() joins stretches at a rail that are close, and forgets a rail that was none", () => {
  const stored = lead(10, [
    { from: 100, to: 120, value: 400 },
    { from: 1000, to: 1010, value: 500 },
    { from: 1030, to: 1040, value: 500 },
    { from: 2000, to: 2010, value: 500 },
  ]);
  assert.deepEqual(findDefects(stored), [
    { from: 1000, to: 1040, reason: "saturated" },
    { from: 2000, to: 2010, reason: "saturated" },
  ]);
});

Deno.test("openDefectSearch() takes a lead of one value as off, missing samples as nothing, and nothing as fine", () => {
  assert.deepEqual(findDefects(new Int16Array(4 * FS).fill(9)), [{
    from: 0,
    to: 4 * FS,
    reason: "lead off",
  }]);
  const missing = Int16Array.from(lead(5, []));
  missing.fill(-2048, 500, 1500);
  assert.deepEqual(findDefects(missing, 100, -2048), []);
  assert.deepEqual(findDefects(Float32Array.from(missing, (value) => value === -2048 ? NaN : value)), []);
  assert.deepEqual(findDefects(new Float32Array(0)), []);
});

Deno.test("openDefectSearch() finds the same however the lead is cut, whatever is in it", () => {
  const value = fc.constantFrom(0, 1, -1, 5, -5, NaN, Infinity, -Infinity, -2048);
  const runs = fc.array(fc.tuple(value, fc.integer({ min: 1, max: 500 })), { maxLength: 40 });
  fc.assert(
    fc.property(runs, fc.integer({ min: 1, max: 300 }), (parts, piece) => {
      const stored = Float32Array.from(parts.flatMap(([held, n]) => new Array(n).fill(held)));
      const defects = findDefects(stored, piece, -2048);
      assert.deepEqual(defects, findDefects(stored, undefined, -2048));
      for (const { from, to } of defects) {
        assert.ok(from >= 0 && from < to && to <= stored.length && Number.isFinite(stored[from]));
      }
    }),
    { seed: 41, numRuns: 200 },
  );
});

Deno.test("peaksWithSignal() leaves out peaks in gaps and off leads, and keeps those in other defects", () => {
  const defects: Defect[] = [
    { from: 10, to: 20, reason: "missing" },
    { from: 15, to: 18, reason: "flat" },
    { from: 30, to: 40, reason: "saturated" },
    { from: 50, to: 60, reason: "lead off" },
  ];
  assert.deepEqual(peaksWithSignal([9, 10, 19, 20, 35, 50, 59, 60, 99], defects), [9, 20, 35, 60, 99]);
  assert.deepEqual(peaksWithSignal([1, 2], []), [1, 2]);
});
