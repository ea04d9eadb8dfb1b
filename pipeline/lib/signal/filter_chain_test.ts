import assert from "node:assert/strict";
import { createRng } from "../core/rng.ts";
import { removeBaseline } from "./baseline.ts";
import { butterworthBandpass, butterworthHighpass } from "./butterworth.ts";
import { designFilters, type FilterChoice, NOTCH_Q } from "./filter_chain.ts";
import { sosFiltFilt } from "./filters.ts";
import { notch } from "./notch.ts";

const FS = 360, x = Float64Array.from({ length: 3000 }, createRng(4).normal);
const CHOICE: FilterChoice = { filter: "bandpass", lowHz: 0.5, highHz: 40, filterOrder: 2 };
const hum = notch({ notchHz: 50, q: NOTCH_Q, fs: FS });

Deno.test("designFilters() runs the filters that are chosen", () => {
  const run = (change: Partial<FilterChoice>) => designFilters({ ...CHOICE, ...change }, FS)?.process(x);
  const bandpass = butterworthBandpass({ order: 2, lowHz: 0.5, highHz: 40, fs: FS });
  assert.deepEqual(run({}), sosFiltFilt(bandpass, x));
  assert.deepEqual(run({ notchHz: 50 }), sosFiltFilt([...hum, ...bandpass], x));
  const highpass = butterworthHighpass({ order: 2, cutoffHz: 0.5, fs: FS });
  assert.deepEqual(run({ filter: "highpass" }), sosFiltFilt(highpass, x));
  assert.deepEqual(run({ filter: "baseline" }), removeBaseline(x, FS));
  assert.deepEqual(run({ filter: "baseline", notchHz: 50 }), removeBaseline(sosFiltFilt(hum, x), FS));
  assert.deepEqual(run({ filter: "none", notchHz: 50 }), sosFiltFilt(hum, x));
  assert.equal(run({ filter: "none" }), undefined);
});

Deno.test("designFilters() refuses what does not fit the rate", () => {
  assert.throws(() => designFilters({ ...CHOICE, highHz: 200 }, FS), /0.5 and 200 Hz at 360 Hz/);
  assert.throws(() => designFilters({ ...CHOICE, highHz: 20, notchHz: 60 }, 100), /60 Hz at 100 Hz/);
});
