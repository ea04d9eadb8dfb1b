import assert from "node:assert/strict";
import { createRng } from "../../core/rng.ts";
import { createHistory } from "./sample_history.ts";

Deno.test("createHistory() keeps the newest samples, and what was before the first one is as it", () => {
  const x = Float64Array.from({ length: 1000 }, createRng(1).normal), history = createHistory(60);
  for (let from = 0; from < x.length; from += 50) {
    history.addAll(x.subarray(from, from + 50));
    assert.equal(history.samples, from + 50);
    for (let i = from + 49; i >= from - 10; i--) {
      assert.equal(history.values[i & history.mask], x[Math.max(0, i)]);
    }
  }
});
