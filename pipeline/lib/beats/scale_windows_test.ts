import assert from "node:assert/strict";
import { scaleWindows } from "./scale_windows.ts";

Deno.test("scaleWindows() scales every window by itself and counts constant ones", () => {
  const windows = Float32Array.of(1, 3, 2, -4, -4, -4, 0, 0.5, 10);
  assert.equal(scaleWindows(windows, 3), 1);
  assert.deepEqual([...windows.subarray(0, 6)], [0, 1, 0.5, 0, 0, 0]);
  assert.equal(windows[8], 1);
  assert.ok(Math.abs(windows[7] - 0.05) < 1e-7);
});
