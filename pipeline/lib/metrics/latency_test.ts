import assert from "node:assert/strict";
import { latencyStatistics } from "./latency.ts";
import golden from "./testdata/latency.json" with { type: "json" };

const TOLERANCE = 1e-12;

Deno.test("latencyStatistics() equals numpy's figures", () => {
  for (const { samplesMs, statistics } of golden.cases) {
    const samples = Float64Array.from(samplesMs);
    const actual = latencyStatistics(samples);
    assert.deepEqual([...samples], samplesMs, "the input is left as it was");
    assert.deepEqual(Object.keys(actual), Object.keys(statistics));
    for (const [name, expected] of Object.entries(statistics)) {
      const value = actual[name as keyof typeof actual];
      assert.ok(
        Math.abs(value - expected) <= TOLERANCE,
        `${name} of ${samples.length}: ${value}, ${expected}`,
      );
    }
  }
});

Deno.test("latencyStatistics() takes a million values", () => {
  const samples = Float64Array.from({ length: 1_000_001 }, (_, i) => (i * 7919) % 1_000_001);
  const { median, p90, p99, max } = latencyStatistics(samples);
  assert.deepEqual([median, p90, p99, max], [500_000, 900_000, 990_000, 1_000_000]);
});

Deno.test("latencyStatistics() refuses no values and values that are not finite", () => {
  assert.throws(() => latencyStatistics(new Float64Array(0)), RangeError);
  for (const value of [NaN, Infinity, -Infinity]) {
    assert.throws(() => latencyStatistics(Float64Array.of(1, value)), new RegExp(`got ${value}`));
  }
});
