import assert from "node:assert/strict";
import fc from "fast-check";
import { binCenter, createHistogram } from "./histogram.ts";
import { rangeOfValues } from "./ranges.ts";

const blocks = fc.array(
  fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 1, maxLength: 20 }),
  { minLength: 1, maxLength: 8 },
);

Deno.test("createHistogram() counts every value in a bin of the final width", () => {
  fc.assert(
    fc.property(blocks, (lists) => {
      const histogram = createHistogram(), values = lists.flat();
      for (const list of lists) histogram.add(Float32Array.from(list), rangeOfValues(list));
      assert.deepEqual(histogram.range, rangeOfValues(values));
      const expected = new Map<number, number>();
      for (const value of values.filter((value) => value !== 0)) {
        const bin = Math.min(2048 + Math.floor(value / histogram.binWidth), 4095);
        expected.set(bin, (expected.get(bin) ?? 0) + 1);
      }
      const got = new Map([...histogram.counts.entries()].filter(([, count]) => count > 0));
      assert.deepEqual(got, new Map([...expected].sort(([a], [b]) => a - b)));
      assert.equal(histogram.zeros, values.filter((value) => value === 0).length);
    }),
    { seed: 1 },
  );
});

Deno.test("createHistogram() takes bins no wider than half a thousandth of the values", () => {
  const histogram = createHistogram();
  histogram.add(Float32Array.of(0.001), { min: 0.001, max: 0.001 });
  histogram.add(Float32Array.of(3), { min: 3, max: 3 });
  assert.equal(histogram.binWidth, 4 / 2048);
  assert.ok(Math.abs(binCenter(histogram, histogram.counts.lastIndexOf(1)) - 3) <= histogram.binWidth);
});
