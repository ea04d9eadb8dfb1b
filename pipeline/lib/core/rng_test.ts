import assert from "node:assert/strict";
import { createRng } from "./rng.ts";

Deno.test("createRng() gives the same numbers for the same seed and others for another", () => {
  const draw = (seed: number) => Array.from({ length: 4 }, createRng(seed).uniform);
  assert.deepEqual(draw(7), draw(7));
  assert.notDeepEqual(draw(7), draw(8));
});

Deno.test("createRng() fork depends on the purpose and not on what was drawn before", () => {
  const fresh = createRng(3), used = createRng(3);
  used.uniform();
  assert.equal(fresh.fork("shuffle").uniform(), used.fork("shuffle").uniform());
  assert.notEqual(fresh.fork("shuffle").uniform(), fresh.fork("noise").uniform());
});

Deno.test("normal() has mean 0 and variance 1", () => {
  const rng = createRng(1);
  let sum = 0, squares = 0;
  const n = 100_000;
  for (let i = 0; i < n; i++) {
    const x = rng.normal();
    sum += x;
    squares += x * x;
  }
  assert.ok(Math.abs(sum / n) < 0.01, `mean ${sum / n}`);
  assert.ok(Math.abs(squares / n - 1) < 0.02, `variance ${squares / n}`);
});

Deno.test("shuffle() permutes uniformly", () => {
  const rng = createRng(5);
  const counts = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const key = rng.shuffle([0, 1, 2]).join("");
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assert.equal(counts.size, 6);
  for (const [key, count] of counts) assert.ok(Math.abs(count - 1000) < 150, `${key}: ${count}`);
});
