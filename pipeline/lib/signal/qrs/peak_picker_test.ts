import assert from "node:assert/strict";
import { createRng } from "../../core/rng.ts";
import { createPeakPicker } from "./peak_picker.ts";

Deno.test("createPeakPicker() gives the peaks that a look at the whole signal gives", () => {
  for (const apart of [0, 1, 5, 20]) {
    // Steps make plateaus and equal heights.
    const { normal } = createRng(apart + 3),
      x = Float64Array.from({ length: 2000 }, () => Math.round(4 * normal()));
    const expected: number[] = [];
    for (let i = 1; i < x.length - 1; i++) {
      if (!(x[i] > x[i - 1] && x[i] >= x[i + 1])) continue;
      const last = expected.at(-1);
      if (last === undefined || i - last > apart) expected.push(i);
      else if (x[i] > x[last]) expected[expected.length - 1] = i;
    }
    const picker = createPeakPicker(apart), found: number[] = [];
    for (const value of x) {
      if (!picker.next(value)) continue;
      assert.equal(picker.height, x[picker.at]);
      found.push(picker.at);
    }
    if (picker.finish()) found.push(picker.at);
    assert.deepEqual(found, expected);
    const inPieces = createPeakPicker(apart), again: number[] = [];
    for (let from = 0; from < x.length; from += 77) {
      inPieces.run(x.subarray(from, from + 77), (at, height) => {
        assert.equal(height, x[at]);
        again.push(at);
      });
    }
    if (inPieces.finish()) again.push(inPieces.at);
    assert.deepEqual(again, expected);
  }
});
