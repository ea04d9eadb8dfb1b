import assert from "node:assert/strict";
import { createRng } from "../../core/rng.ts";
import { createHistory } from "./sample_history.ts";

Deno.test("createHistory() keeps the newest samples, added one by one or in pieces", () => {
  const x = Float64Array.from({ length: 1000 }, createRng(1).normal),
    one = createHistory(60),
    many = createHistory(60);
  for (let from = 0; from < x.length; from += 50) {
    const piece = x.subarray(from, from + 50);
    piece.forEach(one.add);
    many.addAll(piece);
    assert.equal(many.samples, from + 50);
    for (let i = from + 49; i >= Math.max(0, from - 10); i--) {
      assert.equal(one.values[i & one.mask], x[i]);
      assert.equal(many.values[i & many.mask], x[i]);
    }
  }
});
