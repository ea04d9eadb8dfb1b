import assert from "node:assert/strict";
import fc from "fast-check";
import { createRng } from "../core/rng.ts";
import { baselineReachSamples, removeBaseline } from "./baseline.ts";
import { type BlockWork, inBlocks } from "./blocks.ts";
import { butterworthBandpass, butterworthHighpass, type SecondOrderSection } from "./butterworth.ts";
import { sosFiltFilt, sosReachSamples } from "./filters.ts";
import { notch } from "./notch.ts";
import { createPolyphaseResampler } from "./polyphase.ts";

/** Runs work block by block over a signal cut into pieces; returns all that came out. */
function runInBlocks(
  work: BlockWork,
  x: Float64Array,
  blockSamples: number,
  pieceSamples: number,
): Float64Array {
  const out: number[] = [];
  let ends = 0;
  const sink = inBlocks(
    work,
    { push: (piece) => piece.forEach((value) => out.push(value)), finish: () => void ends++ },
    { samples: x.length % 2 === 0 ? x.length : undefined, blockSamples },
  );
  for (let at = 0; at < x.length; at += pieceSamples) sink.push(x.slice(at, at + pieceSamples));
  sink.finish();
  assert.equal(ends, 1);
  return Float64Array.from(out);
}

function largestError(actual: Float64Array, expected: Float64Array): number {
  assert.equal(actual.length, expected.length);
  return actual.reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected[i])), 0);
}

const noise = (seed: number, n: number) => {
  const rng = createRng(seed);
  let wander = 3;
  return Float64Array.from({ length: n }, () => rng.normal() + (wander += 0.1 * rng.normal()));
};

const filtering = (sos: SecondOrderSection[]): BlockWork => ({
  process: (x) => sosFiltFilt(sos, x),
  reachSamples: sosReachSamples(sos),
});

Deno.test("inBlocks() filters forwards and backwards as the whole signal is, to 1e-9, for any filter, block and piece", () => {
  const design = fc.record({
    order: fc.integer({ min: 1, max: 8 }),
    lowHz: fc.double({ min: 0.2, max: 5, noNaN: true }),
    width: fc.double({ min: 4, max: 55, noNaN: true }),
    fs: fc.double({ min: 128, max: 1000, noNaN: true }),
    block: fc.integer({ min: 1, max: 6000 }),
    piece: fc.integer({ min: 1, max: 9000 }),
    seed: fc.integer({ min: 1, max: 1000 }),
  });
  fc.assert(
    fc.property(design, ({ order, lowHz, width, fs, block, piece, seed }) => {
      const highHz = Math.min(lowHz + width, 0.45 * fs), mains = notch({ notchHz: 50, q: 30, fs });
      for (
        const sos of [
          butterworthBandpass({ order, lowHz, highHz, fs }),
          butterworthHighpass({ order, cutoffHz: lowHz, fs }),
          mains,
        ]
      ) {
        // Long enough for several blocks, which are no shorter than the reach.
        const x = noise(seed, Math.min(300_000, 4 * Math.max(block, sosReachSamples(sos)) + 17));
        assert.ok(largestError(runInBlocks(filtering(sos), x, block, piece), sosFiltFilt(sos, x)) < 1e-9);
      }
    }),
    { seed: 21, numRuns: 12 },
  );
});

Deno.test("inBlocks() removes the baseline by medians and resamples exactly as the whole signal is", () => {
  const sizes = fc.record({
    n: fc.integer({ min: 1, max: 4000 }),
    block: fc.integer({ min: 1, max: 900 }),
    piece: fc.integer({ min: 1, max: 1200 }),
    up: fc.integer({ min: 1, max: 40 }),
    down: fc.integer({ min: 1, max: 40 }),
  });
  fc.assert(
    fc.property(sizes, ({ n, block, piece, up, down }) => {
      const x = noise(n, n), fs = 100;
      const baseline = {
        process: (part: Float64Array) => removeBaseline(part, fs),
        reachSamples: baselineReachSamples(fs),
      };
      assert.deepEqual(runInBlocks(baseline, x, block, piece), removeBaseline(x, fs));
      const resampler = createPolyphaseResampler({ up, down });
      const polyphase = { ...resampler, process: resampler.resample };
      // Not bit for bit: at the ends of a block the sums have other terms of 0.
      assert.ok(largestError(runInBlocks(polyphase, x, block, piece), resampler.resample(x)) < 1e-12);
    }),
    { seed: 22, numRuns: 60 },
  );
});

Deno.test("inBlocks() works on a signal of one block and its reach as a whole, whatever the pieces", () => {
  const x = noise(1, 150), calls: number[] = [];
  const work = {
    reachSamples: 50,
    process(part: Float64Array) {
      calls.push(part.length);
      return part.map((value) => 2 * value);
    },
  };
  for (const piece of [1, 7, 150]) {
    assert.deepEqual(runInBlocks(work, x, 100, piece), x.map((value) => 2 * value));
    assert.deepEqual(calls.splice(0), [150]);
  }
  runInBlocks(work, noise(1, 151), 100, 10);
  assert.deepEqual(calls, [150, 101]);
});

Deno.test("inBlocks() gives nothing for nothing", () => {
  assert.deepEqual(
    runInBlocks({ process: () => assert.fail(), reachSamples: 3 }, new Float64Array(0), 10, 1),
    new Float64Array(0),
  );
});
