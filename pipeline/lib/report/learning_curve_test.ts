import assert from "node:assert/strict";
import { type CurvePoint, drawLearningCurve } from "./learning_curve.ts";

const point = (epoch: number, loss: number): CurvePoint => ({
  epoch,
  loss,
  validationLoss: 2 * loss,
  validationAccuracy: 0.75,
  validationBalancedAccuracy: 0.5,
  validationMacroF1: 0.25,
});
const points = [point(1, 0.5), point(2, 0.25), point(3, 0.125)];

Deno.test("drawLearningCurve() draws a line for each figure through the epochs' values", () => {
  const svg = drawLearningCurve({ title: "cnn", points, bestEpoch: 2 });
  const lines = [...svg.matchAll(/<path d="([^"]+)" fill="none" stroke="#\w+" stroke-width="2"/g)].map((
    match,
  ) => match[1]);
  // Panels of 350 x 240 from (60, 60) and (510, 60); losses from 0 to 1, as the others.
  assert.deepEqual(lines, [
    "M60,180L235,240L410,270",
    "M60,60L235,180L410,240",
    "M510,120L685,120L860,120",
    "M510,180L685,180L860,180",
    "M510,240L685,240L860,240",
  ]);
  assert.equal(
    svg.match(/<path d="M(235|685),60V300"/g)?.length,
    2,
    "the best epoch is marked in both panels",
  );
  assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox/);
});

Deno.test("drawLearningCurve() is well-formed for one epoch, losses of 0 and any title", () => {
  const svg = drawLearningCurve({ title: '<a> & "b"', points: [point(1, 0)], bestEpoch: 1 });
  assert.ok(svg.includes("&#60;a&#62; &#38; &#34;b&#34;"));
  assert.doesNotMatch(svg, /NaN|Infinity|undefined|null/);
  assert.equal(svg.match(/<(text|svg)\b/g)?.length, svg.match(/<\/(text|svg)>/g)?.length);
});

Deno.test("drawLearningCurve() refuses no epochs and figures that are not finite", () => {
  assert.throws(() => drawLearningCurve({ title: "", points: [], bestEpoch: 1 }), RangeError);
  assert.throws(() => drawLearningCurve({ title: "", points: [point(7, NaN)], bestEpoch: 7 }), /got epoch 7/);
});
