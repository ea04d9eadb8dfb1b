import assert from "node:assert/strict";
import fc from "fast-check";
import { createRng } from "../../core/rng.ts";
import { createBlockHistory, type EnvelopeBlock, quantile } from "./qrs_candidates.ts";

const FS = 60, KEEP = 11;

/** All blocks of an envelope handed over in pieces. */
function makeBlocks(envelope: Float64Array, piece: number): EnvelopeBlock[] {
  const history = createBlockHistory(FS, KEEP), blocks: EnvelopeBlock[] = [];
  const take = () => {
    while (history.next()) blocks.push({ ...history.block(history.blocks - 1) });
  };
  for (let from = 0; from < envelope.length; from += piece) {
    history.push(envelope.subarray(from, from + piece));
    take();
  }
  history.finish();
  take();
  return blocks;
}

const smoothNoise = (length: number, seed: number) => {
  const rng = createRng(seed);
  let level = 0;
  return Float64Array.from({ length }, () => Math.abs(level += 0.5 * rng.normal() - 0.2 * level));
};

Deno.test("createBlockHistory() finds the samples that are highest within 80 ms, their background, and what may be T waves", () => {
  const envelope = smoothNoise(50 * FS + 17, 4), at = (i: number) => envelope[i] ?? 0;
  const blocks = makeBlocks(envelope, 60);
  assert.equal(blocks.length, 51);
  const expected: number[] = [];
  for (let i = 1; i < envelope.length - 1; i++) {
    const isHighest = [1, 2, 3, 4, 5].every((k) => at(i) > at(i - k) && at(i) >= at(i + k));
    if (isHighest) expected.push(i);
  }
  const candidates = blocks.flatMap(({ candidates }) => candidates);
  assert.deepEqual(candidates.map(({ at }) => at), expected);
  assert.ok(expected.length > 100);
  for (const { at: i, logHeight, contrast, isEcho } of candidates) {
    let sum = 0;
    for (let k = 7; k <= 18; k++) sum += at(i - k) + at(i + k);
    assert.equal(logHeight, Math.log(at(i)));
    assert.ok(Math.abs(contrast - Math.log(at(i) / (sum / 24))) < 1e-12);
    const isLow = expected.some((k) => k < i && i - k < 0.4 * FS && at(i) < 0.5 * at(k));
    assert.equal(isEcho, isLow, `sample ${i}`);
  }
});

Deno.test("createBlockHistory() knows the highest sample of each block, and the median of ten", () => {
  const envelope = smoothNoise(40 * FS, 5);
  for (const [b, { highest, median }] of makeBlocks(envelope, 60).entries()) {
    const block = envelope.slice(b * FS, (b + 1) * FS);
    assert.equal(highest, Math.max(...block));
    assert.equal(median, block.filter((_, i) => i % 6 === 0).sort()[5]);
  }
});

Deno.test("createBlockHistory() makes the same blocks of pieces of any length", () => {
  const envelope = smoothNoise(20 * FS, 6), whole = makeBlocks(envelope, 60);
  for (const piece of [1, 7, 59]) assert.deepEqual(makeBlocks(envelope, piece), whole);
});

Deno.test("highestNear() looks back over all blocks kept, and no further ahead than the newest block could see", () => {
  const envelope = smoothNoise(30 * FS, 7), history = createBlockHistory(FS, KEEP);
  for (let from = 0; from < envelope.length; from += FS) {
    history.push(envelope.subarray(from, from + FS));
    while (history.next()) {
      const known = history.blocks * FS + 18;
      for (let i = Math.max(2, known - KEEP * FS - 40); i < known + 5; i += 3) {
        const highest = i + 2 <= known ? Math.max(...envelope.slice(i - 2, i + 3)) : undefined;
        assert.equal(history.highestNear(i, 2), highest, `${i} of ${known}`);
      }
    }
  }
  assert.equal(history.highestNear(1, 2), undefined);
});

Deno.test("quantile() is a value of the sorted list", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 40 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (list, q) => {
        const sorted = Float64Array.from(list).sort();
        const expected = sorted[Math.min(list.length - 1, Math.floor(q * list.length))];
        // Zeros of either sign are one value here.
        assert.ok(quantile(Float64Array.from(list), list.length, q) === expected);
      },
    ),
    { seed: 8, numRuns: 100 },
  );
});
