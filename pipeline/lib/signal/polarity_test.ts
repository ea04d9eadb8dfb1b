import assert from "node:assert/strict";
import fc from "fast-check";
import { findPolarity, medianBeat, POLARITY_REACH_SECONDS } from "./polarity.ts";

const FS = 360, WIDTH = 2 * Math.round(POLARITY_REACH_SECONDS * FS) + 1;

/** Beats of one R wave and one S wave over an offset, shape [beats, WIDTH]. */
function beatsOf(
  beats: number,
  { r, s, offset = 0.3 }: { r: number; s: number; offset?: number },
): Float32Array {
  const wave = (i: number, at: number) => Math.exp(-(((i - at) / 5) ** 2));
  return Float32Array.from({ length: beats * WIDTH }, (_, at) => {
    const i = at % WIDTH - (WIDTH >> 1);
    return offset + r * wave(i, 0) + s * wave(i, 16);
  });
}

Deno.test("findPolarity() tells upright, inverted and unclear QRS complexes", () => {
  assert.equal(findPolarity(beatsOf(9, { r: 1, s: -0.2 }), WIDTH).verdict, "upright");
  assert.equal(findPolarity(beatsOf(9, { r: -1, s: 0.2 }), WIDTH).verdict, "inverted");
  assert.equal(findPolarity(beatsOf(9, { r: 0.1, s: -1 }), WIDTH).verdict, "inverted");
  assert.equal(findPolarity(beatsOf(9, { r: 1, s: -1 }), WIDTH).verdict, "unclear");
  assert.deepEqual(findPolarity(new Float32Array(0), WIDTH), { verdict: "unclear", score: 0 });
  assert.deepEqual(findPolarity(new Float32Array(WIDTH).fill(2), WIDTH), { verdict: "unclear", score: 0 });
});

Deno.test("findPolarity() goes by the beats that are most, and a negated lead gives the negated score", () => {
  const value = fc.float({ min: -2, max: 2, noNaN: true });
  const beats = fc.array(fc.array(value, { minLength: WIDTH, maxLength: WIDTH }), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(beats, (values) => {
      const lead = Float32Array.from(values.flat()), polarity = findPolarity(lead, WIDTH);
      const negated = findPolarity(lead.map((sample) => -sample), WIDTH);
      assert.ok(Math.abs(negated.score + polarity.score) < 1e-12);
      const opposite = { upright: "inverted", inverted: "upright", unclear: "unclear" }[polarity.verdict];
      assert.equal(negated.verdict, opposite);
    }),
    { seed: 51, numRuns: 50 },
  );
  const mixed = Float32Array.of(...beatsOf(3, { r: 1, s: 0 }), ...beatsOf(2, { r: -5, s: 0 }));
  assert.equal(findPolarity(mixed, WIDTH).verdict, "upright");
});

Deno.test("medianBeat() is the median of each sample", () => {
  assert.deepEqual([...medianBeat(Float32Array.of(1, 9, 2, 7, 6, 8), 2)], [2, 8]);
  assert.deepEqual([...medianBeat(Float32Array.of(1, 9, 2, 7), 2)], [1.5, 8]);
});
