import assert from "node:assert/strict";
import { balancedClassWeights } from "./class_weights.ts";

const labels = Uint8Array.from([...Array(16).fill(0), ...Array(4).fill(1), 3]);

Deno.test("balancedClassWeights() lets each class that occurs count alike", () => {
  assert.deepEqual([...balancedClassWeights(labels, 4)], [21 / 16 / 3, 21 / 4 / 3, 0, 21 / 3]);
});

Deno.test("balancedClassWeights() goes half the way with power 0.5 and nowhere with 0", () => {
  const half = balancedClassWeights(labels, 4, 0.5);
  assert.ok(Math.abs(half[1] / half[0] - 2) < 1e-12 && Math.abs(half[3] / half[0] - 4) < 1e-12);
  const mean = labels.reduce((sum, label) => sum + half[label], 0) / labels.length;
  assert.ok(Math.abs(mean - 1) < 1e-12, `mean ${mean}`);
  assert.deepEqual([...balancedClassWeights(labels, 4, 0)], [1, 1, 0, 1]);
});

Deno.test("balancedClassWeights() refuses what is out of range", () => {
  assert.throws(() => balancedClassWeights(labels, 3), /labels must be below 3, got 3/);
  assert.throws(() => balancedClassWeights(new Uint8Array(), 3), /there must be labels/);
  assert.throws(() => balancedClassWeights(labels, 4, 2), /power must be in/);
});
