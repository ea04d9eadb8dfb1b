import assert from "node:assert/strict";
import { createRng } from "../core/rng.ts";
import { leastErrorRange, percentileRange } from "./clipping.ts";
import { createHistogram } from "./histogram.ts";
import { activationQuantization, quantizeActivations } from "./integer_params.ts";
import { type Range, rangeOfValues } from "./ranges.ts";

/** Normal values with a few far ones, or what relu leaves of them. */
function heavyTailed(isRelu: boolean): Float32Array {
  const rng = createRng(5);
  return Float32Array.from({ length: 20000 }, (_, i) => {
    const value = rng.normal() * (i % 1000 === 0 ? 8 : 1) + 0.2;
    return isRelu ? Math.max(value, 0) : value;
  });
}

function histogramOf(values: Float32Array) {
  const histogram = createHistogram();
  for (let i = 0; i < values.length; i += 100) {
    const block = values.subarray(i, i + 100);
    histogram.add(block, rangeOfValues(block));
  }
  return histogram;
}

/** Mean square error of the values as int8 of a range. */
function quantizationError(values: Float32Array, range: Range): number {
  const quantization = activationQuantization(range);
  const integers = quantizeActivations(values, quantization);
  const [scale] = quantization.scale, [zeroPoint] = quantization.zeroPoint;
  return values.reduce((sum, value, i) => sum + (value - scale * (integers[i] - zeroPoint)) ** 2, 0) /
    values.length;
}

Deno.test("percentileRange() leaves the asked part of the values outside each end, to a bin's width", () => {
  for (const isRelu of [false, true]) {
    const values = heavyTailed(isRelu), sorted = values.toSorted(), histogram = histogramOf(values);
    for (const percent of [100, 99.99, 99.9, 95]) {
      const outside = Math.floor(values.length * (1 - percent / 100));
      const { min, max } = percentileRange(histogram, percent);
      assert.ok(Math.abs(min - sorted[outside]) <= histogram.binWidth, `${percent}: ${min}`);
      assert.ok(
        Math.abs(max - sorted[values.length - 1 - outside]) <= histogram.binWidth,
        `${percent}: ${max}`,
      );
    }
    assert.deepEqual(percentileRange(histogram, 100), histogram.range);
  }
});

Deno.test("leastErrorRange() gives about the least error that any range gives", () => {
  const rng = createRng(2);
  const many = Float32Array.from({ length: 500 }, () => 2 * rng.uniform() - 1),
    few = Float32Array.of(3, -1.5);
  const repeats = 1000;
  for (const body of [many, many.map((value) => Math.max(value, 0))]) {
    const histogram = createHistogram();
    for (let i = 0; i < repeats; i++) histogram.add(body, rangeOfValues(body));
    histogram.add(few, rangeOfValues(few));
    const error = (range: Range) =>
      repeats * body.length * quantizationError(body, range) + few.length * quantizationError(few, range);
    const found = error(leastErrorRange(histogram));
    let least = Infinity;
    for (let low = 0.05; low <= 1; low += 0.05) {
      for (let high = 0.05; high <= 1; high += 0.05) {
        least = Math.min(least, error({ min: -1.5 * low, max: 3 * high }));
      }
    }
    assert.ok(found <= 1.1 * least, `${found} against ${least}`);
    assert.ok(found < 0.8 * error({ min: -1.5, max: 3 }));
  }
});

Deno.test("leastErrorRange() and percentileRange() keep constant and zero tensors", () => {
  const zeros = histogramOf(new Float32Array(200));
  assert.deepEqual(leastErrorRange(zeros), { min: 0, max: 0 });
  assert.deepEqual(percentileRange(zeros, 99), { min: 0, max: 0 });
  const ones = histogramOf(new Float32Array(200).fill(1));
  assert.deepEqual(percentileRange(ones, 99), { min: 1, max: 1 });
  const { min, max } = leastErrorRange(ones);
  assert.equal(min, 0);
  assert.ok(max > 0.99 && max <= 1, `${max}`);
});
