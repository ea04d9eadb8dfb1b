import assert from "node:assert/strict";
import fc from "fast-check";
import { createRng } from "../../core/rng.ts";
import { butterworthBandpass } from "../butterworth.ts";
import { sosFilt } from "../filters.ts";
import {
  chain,
  createFir,
  createMeanRemoval,
  createMovingAverage,
  createMovingMaximum,
  createSections,
  type StreamFilter,
} from "./streaming_filters.ts";

const noise = (length: number, seed = 1) => Float64Array.from({ length }, createRng(seed).normal);

/** What a window of a signal holds at each sample, the first sample standing for those before it. */
function windows(x: Float64Array, length: number, step = 1): number[][] {
  return Array.from(x, (_, i) => Array.from({ length }, (_, k) => x[Math.max(0, i - k * step)]));
}

function runInPieces(filter: StreamFilter, x: Float64Array, lengths: number[]): Float64Array {
  const out = x.slice();
  for (let from = 0, k = 0; from < out.length; k++) {
    const to = from + lengths[k % lengths.length];
    filter.run(out.subarray(from, to));
    from = to;
  }
  return out;
}

function assertClose(actual: Float64Array, expected: ArrayLike<number>, tolerance = 1e-12): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < actual.length; i++) {
    assert.ok(
      Math.abs(actual[i] - expected[i]) <= tolerance,
      `sample ${i}: ${actual[i]}, not ${expected[i]}`,
    );
  }
}

const FILTERS: [string, (window: number) => StreamFilter, (x: Float64Array, window: number) => number[]][] = [
  [
    "createMovingAverage()",
    createMovingAverage,
    (x, n) => windows(x, n).map((w) => w.reduce((sum, v) => sum + v, 0) / n),
  ],
  ["createMovingMaximum()", createMovingMaximum, (x, n) => windows(x, n).map((w) => Math.max(...w))],
  [
    "createMeanRemoval()",
    (n) => createMeanRemoval(2 * n - 1),
    (x, n) => windows(x, 2 * n - 1).map((w) => w[n - 1] - w.reduce((sum, v) => sum + v, 0) / (2 * n - 1)),
  ],
  [
    "createFir()",
    (n) => createFir([2, 1, 0, -1, -2], n),
    (x, n) => windows(x, 5, n).map((w) => 2 * w[0] + w[1] - w[3] - 2 * w[4]),
  ],
];
for (const [name, create, plain] of FILTERS) {
  Deno.test(`${name} gives what the plain way gives, in pieces of any length`, () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 200 }),
        fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 5 }),
        (window, length, lengths) => {
          const x = noise(length, 1 + window);
          assertClose(runInPieces(create(window), x, lengths), plain(x, window));
        },
      ),
      { seed: 2, numRuns: 100 },
    );
  });
}

Deno.test("createMovingAverage() forgets a spike of 1e30", () => {
  const x = noise(300);
  x[100] = 1e30;
  const out = x.slice();
  createMovingAverage(20).run(out);
  assertClose(out.subarray(120), FILTERS[0][2](x, 20).slice(120));
});

Deno.test("createSections() filters as sosFilt() once its start is forgotten, and takes an offset for no step", () => {
  const sos = butterworthBandpass({ order: 2, lowHz: 5, highHz: 15, fs: 250 }), x = noise(3000);
  const out = runInPieces(createSections(sos, 0), x, [7, 100, 33]);
  assertClose(out.subarray(1500), sosFilt(sos, x).subarray(1500), 1e-10);
  const flat = new Float64Array(500).fill(1024);
  createSections(sos, 0).run(flat);
  assertClose(flat, new Float64Array(500), 1e-9);
});

Deno.test("createSections() comes to rest at 0 after a wave", () => {
  const filter = createSections(butterworthBandpass({ order: 3, lowHz: 8, highHz: 20, fs: 125 }), 0);
  const piece = new Float64Array(125);
  for (let second = 0; second < 60; second++) {
    piece.fill(0);
    if (second === 0) piece[10] = 1;
    filter.run(piece);
    if (second === 1) assert.ok(piece.some((value) => value !== 0));
  }
  // Left alone it would go on around 1e-310.
  assert.ok(piece.every((value) => value === 0));
});

Deno.test("chain() delays a pulse by what its filters say", () => {
  const filter = chain(createMovingAverage(5), createFir([1, 2, 1], 3), createMovingAverage(9));
  const x = new Float64Array(100);
  x[40] = 1;
  filter.run(x);
  assert.equal(filter.delay, 2 + 3 + 4);
  const centre = x.reduce((sum, v, i) => sum + v * i, 0) / x.reduce((sum, v) => sum + v, 0);
  assert.ok(Math.abs(centre - 40 - filter.delay) < 1e-9, `${centre}`);
});
