import assert from "node:assert/strict";
import { createRng } from "../../core/rng.ts";
import { createMatchedFilter, qrsTemplate } from "./matched_filter.ts";

Deno.test("qrsTemplate() is an R wave between Q and S: mean 0, symmetric, the same in seconds at any rate", () => {
  for (const fs of [100, 125, 500]) {
    const template = qrsTemplate(fs), middle = (template.length - 1) / 2;
    assert.ok(Math.abs(template.reduce((sum, value) => sum + value, 0)) < 1e-12);
    template.forEach((value, k) => assert.ok(Math.abs(value - template[template.length - 1 - k]) < 1e-12));
    assert.equal(middle, Math.round(0.08 * fs));
    assert.ok(Math.abs(template[middle] - 1) < 0.01, `R ${template[middle]} at ${fs} Hz`);
    const q = template[middle - Math.round(0.035 * fs)];
    assert.ok(q > -0.5 && q < -0.4, `Q ${q} at ${fs} Hz`);
  }
});

Deno.test("createMatchedFilter() gives the correlation with the template", () => {
  const template = qrsTemplate(125), x = Float64Array.from({ length: 400 }, createRng(1).normal);
  const actual = x.slice(), filter = createMatchedFilter(template);
  filter.run(actual.subarray(0, 150));
  filter.run(actual.subarray(150));
  assert.equal(2 * filter.delay, template.length - 1);
  for (let i = template.length - 1; i < x.length; i++) {
    const expected = template.reduce((sum, weight, k) => sum + weight * x[i - k], 0);
    assert.ok(Math.abs(actual[i] - expected) < 1e-12, `sample ${i}: ${actual[i]}, not ${expected}`);
  }
});

Deno.test("createMatchedFilter() answers a template with its energy, at its middle plus the delay", () => {
  const template = qrsTemplate(125), x = new Float64Array(200);
  x.set(template, 50);
  const filter = createMatchedFilter(template);
  filter.run(x);
  const energy = template.reduce((sum, value) => sum + value ** 2, 0), highest = x.indexOf(Math.max(...x));
  assert.equal(highest, 50 + (template.length - 1) / 2 + filter.delay);
  assert.ok(Math.abs(x[highest] - energy) < 1e-12);
});

Deno.test("createMatchedFilter() gives exactly 0 on a flat lead", () => {
  const flat = new Float64Array(200).fill(1024.7);
  createMatchedFilter(qrsTemplate(125)).run(flat);
  assert.ok(flat.every((value) => value === 0));
});
