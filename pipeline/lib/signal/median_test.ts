import assert from "node:assert/strict";
import fc from "fast-check";
import { medianOf, selectSmallest } from "./median.ts";

Deno.test("selectSmallest() and medianOf() find what sorting finds", () => {
  const values = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(values, fc.nat(), (numbers, at) => {
      const sorted = numbers.toSorted((a, b) => a - b), k = at % numbers.length, middle = numbers.length >> 1;
      assert.equal(selectSmallest(Float64Array.from(numbers), k), sorted[k]);
      const median = numbers.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
      assert.equal(medianOf(Float64Array.from(numbers)), median);
    }),
    { seed: 71, numRuns: 500 },
  );
});
