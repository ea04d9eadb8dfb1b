import assert from "node:assert/strict";
import { createRng } from "../../core/rng.ts";
import { butterworthBandpass } from "../butterworth.ts";
import { sosFilt } from "../filters.ts";
import { drawEcg, drawRhythm } from "./test_ecg.ts";
import { twoAverage } from "./two_average.ts";
import { createWorkingRate } from "./working_rate.ts";

const FS = 125, STRETCH = 2 * FS;

/** The algorithm on a whole lead, every mean summed up anew. */
function plainTwoAverage(ecg: Float32Array): number[] {
  const x = createWorkingRate(FS).run(ecg).slice(), first = x[0];
  const filtered = sosFilt(
    butterworthBandpass({ order: 3, lowHz: 8, highHz: 20, fs: FS }),
    x.map((value) => value - first),
  );
  const energy = Array.from(filtered, (value) => value * value);
  const meanAround = (at: number, half: number) => {
    let sum = 0;
    for (let i = at - half; i <= at + half; i++) sum += energy[i] ?? 0;
    return sum / (2 * half + 1);
  };
  // The mean over a complex is known 6 samples later.
  const ofComplex = energy.map((_, at) => meanAround(at - 6, 6));
  const stretches = Array.from(
    { length: Math.floor(energy.length / STRETCH) },
    (_, k) => Math.max(...ofComplex.slice(k * STRETCH, (k + 1) * STRETCH)),
  );
  /** What is usual once the stretch that holds `at` and half a beat has passed. */
  const usual = (at: number) => {
    let value = 0;
    for (let k = 1; k <= Math.floor((at + 38) / STRETCH) + 1; k++) {
      const last = stretches.slice(Math.max(0, k - 8), k).sort((a, b) => a - b);
      value = Math.max(last[(last.length - 1) >> 1], 0.75 * value);
    }
    return value;
  };
  const found: number[] = [];
  for (let at = 0; at < energy.length - STRETCH;) {
    let to = at, highest = at;
    while (meanAround(to, 6) > meanAround(to, 38) + 0.015 * usual(to)) {
      if (meanAround(to, 6) > meanAround(highest, 6)) highest = to;
      to++;
    }
    if (to - at >= 0.097 * FS) found.push(Math.round(highest - 6.5));
    at = to + 1;
  }
  return found;
}

Deno.test("twoAverage finds what the plain algorithm on the whole lead finds", () => {
  for (const [seed, noise] of [[1, 0], [2, 0.05], [3, 0.2]]) {
    const rng = createRng(seed), ecg = drawEcg(drawRhythm(60, seed), 60, FS);
    for (let i = 0; i < ecg.length; i++) {
      // Beats that fade and come back: the usual energy falls and rises.
      ecg[i] = ecg[i] * (1 + 0.9 * Math.sin(i / FS / 8)) + noise * rng.normal();
    }
    const search = twoAverage.open(FS), found: number[] = [];
    for (let from = 0; from < ecg.length; from += 111) search.push(ecg.slice(from, from + 111), found);
    search.finish(found);
    // Where the lead ends its last sample goes on, but not for the plain algorithm.
    const inside = (at: number) => at < 56 * FS;
    const expected = plainTwoAverage(ecg).filter(inside);
    assert.ok(expected.length > 40, `${expected.length} beats`);
    assert.deepEqual(found.filter(inside), expected, `noise ${noise}`);
  }
});

Deno.test("twoAverage finds nothing in the noise before the first beat, whose energy it knows by then", () => {
  const fs = 360, rng = createRng(4), ecg = drawEcg([1.5, 2.3, 3.1, 3.9, 4.7, 5.5], 6, fs);
  for (let i = 0; i < ecg.length; i++) ecg[i] += 0.01 * rng.normal();
  const search = twoAverage.open(fs), found: number[] = [];
  for (let from = 0; from < ecg.length; from += fs) search.push(ecg.slice(from, from + fs), found);
  search.finish(found);
  assert.deepEqual(found.map((at) => Math.round(10 * at / fs)), [15, 23, 31, 39, 47, 55]);
});
