import assert from "node:assert/strict";
import { cosineSchedule } from "./schedules.ts";

Deno.test("cosineSchedule() falls from the first rate over their mean to the last and stays there", () => {
  const rate = cosineSchedule({ first: 1e-2, last: 1e-3, epochs: 11 });
  const expected = [[1, 1e-2], [6, 5.5e-3], [11, 1e-3], [20, 1e-3]];
  for (const [epoch, value] of expected) assert.ok(Math.abs(rate(epoch) - value) < 1e-15, `epoch ${epoch}`);
  assert.equal(cosineSchedule({ first: 1, last: 0, epochs: 1 })(1), 1);
});

Deno.test("cosineSchedule() refuses what is out of range", () => {
  assert.throws(() => cosineSchedule({ first: 0, last: 0, epochs: 1 }), RangeError);
  assert.throws(() => cosineSchedule({ first: 1, last: 2, epochs: 1 }), RangeError);
  assert.throws(() => cosineSchedule({ first: 1, last: 0, epochs: 0 }), RangeError);
});
