import assert from "node:assert/strict";
import fc from "fast-check";
import { compareAnnotations, ectopicCounts, qrsCounts, samplesOfSeconds } from "./ec57.ts";
import { compareBeats } from "./test_annotations.ts";

const WHOLE = { toleranceSamples: 54, startSample: 0, endSample: 1_000_000 };

function counts(reference: number[], detected: number[], options = {}): number[] {
  const { truePositives, falseNegatives, falsePositives } = compareBeats(reference, detected, {
    ...WHOLE,
    ...options,
  });
  return [truePositives, falseNegatives, falsePositives];
}

Deno.test("compareAnnotations() pairs beats up to the tolerance and no further", () => {
  assert.deepEqual(counts([100, 500], [154, 446]), [2, 0, 0]);
  assert.deepEqual(counts([100, 500], [155, 445]), [0, 2, 2]);
  assert.deepEqual(counts([], []), [0, 0, 0]);
  assert.deepEqual(counts([5], []), [0, 1, 0]);
  assert.deepEqual(counts([], [5]), [0, 0, 1]);
});

Deno.test("compareAnnotations() pairs one to one: two detections of one beat leave one extra", () => {
  assert.deepEqual(counts([100], [90, 110]), [1, 0, 1]);
  assert.deepEqual(counts([90, 110], [100]), [1, 1, 0]);
});

Deno.test("compareAnnotations() prefers the nearer of two candidates", () => {
  // The detection at 60 would fit the beat at 100, but the one at 98 fits better and must not be left over.
  assert.deepEqual(counts([100, 400], [60, 98, 398]), [2, 0, 1]);
  assert.deepEqual(counts([60, 98, 398], [100, 400]), [2, 1, 0]);
});

Deno.test("compareAnnotations() counts only between the bounds, and a pair where its reference beat lies", () => {
  const bounds = { startSample: 1000, endSample: 2000 };
  assert.deepEqual(counts([500, 1500, 2500], [700, 1500, 2700], bounds), [1, 0, 0]);
  assert.deepEqual(counts([1010], [990], bounds), [1, 0, 0]);
  assert.deepEqual(counts([990], [1010], bounds), [0, 0, 0]);
  assert.deepEqual(counts([1990], [2010], bounds), [1, 0, 0]);
  assert.deepEqual(counts([2000], [], bounds), [0, 1, 0]);
  assert.deepEqual(counts([2001], [], bounds), [0, 0, 0]);
});

Deno.test("compareAnnotations() counts every beat once, and a perfect detector has no errors", () => {
  // A detection at sample 0 is bxb's blind spot.
  const beats = fc.array(fc.integer({ min: 1, max: 5000 }), { maxLength: 60 })
    .map((list) => list.sort((a, b) => a - b));
  fc.assert(
    fc.property(beats, beats, (reference, detected) => {
      const [tp, fn, fp] = counts(reference, detected);
      assert.deepEqual([tp + fn, tp + fp], [reference.length, detected.length]);
    }),
    { seed: 6 },
  );
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 5000 }), { maxLength: 60 }), (list) => {
      const reference = list.sort((a, b) => a - b);
      assert.deepEqual(counts(reference, reference), [reference.length, 0, 0]);
    }),
    { seed: 7 },
  );
});

/** Plain and slow: beats so far apart that each has one partner at most need no rule for choosing. */
function countPartners(reference: number[], detected: number[]): number[] {
  const found =
    reference.filter((r) => detected.some((d) => Math.abs(r - d) <= WHOLE.toleranceSamples)).length;
  return [found, reference.length - found, detected.length - found];
}

Deno.test("compareAnnotations() finds every partner where beats are further apart than two tolerances", () => {
  const apart = fc.array(fc.integer({ min: 109, max: 300 }), { maxLength: 60 }).map((steps) => {
    let at = 0;
    return steps.map((step) => at += step);
  });
  fc.assert(
    fc.property(apart, apart, (reference, detected) => {
      assert.deepEqual(counts(reference, detected), countPartners(reference, detected));
    }),
    { seed: 8, numRuns: 500 },
  );
});

const mark = (sample: number, symbol: string, subtype = 0) => ({ sample, symbol, subtype });
const classOf = (symbol: string) => "NSVFQ".includes(symbol) ? symbol : undefined;

Deno.test("compareAnnotations() puts pairs in the table by both labels and counts ectopic beats as EC57 does", () => {
  const labels = [..."NNNSSVVVFQ"], called = [..."NVSSNVNVVV"];
  const reference = labels.map((label, i) => mark(1000 * (i + 1), label));
  const test = [...called.map((label, i) => mark(1000 * (i + 1) + i, label)), mark(20_000, "V")];
  const comparison = compareAnnotations(reference, test, classOf, WHOLE);
  assert.deepEqual(comparison.offsets, labels.map((_, i) => i));
  const sum = comparison.table.flat().reduce((a, b) => a + b, 0);
  assert.equal(sum, 11);
  assert.deepEqual(qrsCounts(comparison), { truePositives: 10, falseNegatives: 0, falsePositives: 1 });
  // Fusion and unclassifiable beats called V are not counted as errors; the one that is no beat is.
  assert.deepEqual(ectopicCounts(comparison, "V"), {
    truePositives: 2,
    falseNegatives: 1,
    falsePositives: 2,
  });
  assert.deepEqual(ectopicCounts(comparison, "S"), {
    truePositives: 1,
    falseNegatives: 1,
    falsePositives: 1,
  });
});

Deno.test("compareAnnotations() counts beats in shutdown apart and extra ones in flutter not at all", () => {
  const reference = [
    mark(1000, "N"),
    mark(2000, "["),
    mark(2500, "!"),
    mark(3000, "]"),
    mark(4000, "N"),
    mark(5000, "~", 0x30),
    mark(6000, "~", 0x10),
    mark(7000, "N"),
  ];
  const detected = [1000, 1500, 2200, 2500, 2999, 4000, 5500, 6500, 7000].map((sample) => mark(sample, "N"));
  const { table } = compareAnnotations(reference, detected, classOf, WHOLE);
  const [n, , , , , o, x] = table;
  assert.deepEqual([n[0], o[0], x[0]], [3, 2, 1]);
  const missed = compareAnnotations(
    [mark(500, "N"), mark(5500, "V")],
    [
      mark(500, "N"),
      mark(5000, "~", 0x30),
      mark(6000, "~"),
    ],
    classOf,
    WHOLE,
  );
  assert.equal(missed.table[2][6], 1);
});

Deno.test("samplesOfSeconds() rounds halves up", () => {
  assert.deepEqual([250, 128, 360].map((fs) => samplesOfSeconds(0.15, fs)), [38, 19, 54]);
});

Deno.test("compareAnnotations() refuses a tolerance that is none", () => {
  assert.throws(() => counts([], [], { toleranceSamples: -1 }), RangeError);
  assert.throws(() => counts([], [], { toleranceSamples: NaN }), RangeError);
});
