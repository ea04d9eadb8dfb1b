import assert from "node:assert/strict";
import { createRng } from "../../core/rng.ts";
import { createIntegratingThreshold } from "./christov.ts";

Deno.test("createIntegratingThreshold() takes off what the paper's sum of differences comes to", () => {
  const fs = 200, newest = 10, oldest = 60, lag = 10;
  const complexLead = Float64Array.from({ length: 2000 }, createRng(21).uniform);
  const at = (i: number) => complexLead[Math.max(0, i)];
  const largest = (to: number) => Math.max(...Array.from({ length: newest }, (_, k) => at(to - k)));

  const block = createIntegratingThreshold(fs), actual = complexLead.slice();
  for (let from = 0; from < actual.length; from += 130) {
    block.run(actual.subarray(from, from + 130));
  }
  // The paper's 150 at 250 Hz is 120 at 200 Hz.
  let integral = 0.5 * complexLead[0];
  const integrals = Array.from(complexLead, (_, i) => integral += (largest(i) - largest(i - oldest)) / 120);
  for (let i = 0; i < actual.length; i++) {
    const expected = complexLead[i] - (i < lag ? 0.5 * at(0) : integrals[i - lag]);
    assert.ok(Math.abs(actual[i] - expected) < 1e-9, `sample ${i}: ${actual[i]}, not ${expected}`);
  }
});
