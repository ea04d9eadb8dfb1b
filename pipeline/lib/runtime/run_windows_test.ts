import assert from "node:assert/strict";
import fc from "fast-check";
import { convertToTflite } from "../convert/convert.ts";
import { createRng } from "../core/rng.ts";
import { encodeTflite } from "../formats/tflite/writer.ts";
import { ARCHITECTURES } from "../nn/architectures/architectures.ts";
import { forward } from "../nn/forward.ts";
import { initializeWeights } from "../nn/initialize.ts";
import { argMax, classifyWindows, spreadRows } from "./run_windows.ts";
import { type Interpreter, openTfliteLibrary } from "./tflite_ffi.ts";

Deno.test("argMax() finds the first of the largest values", () => {
  assert.equal(argMax([0.1, 0.7, 0.7, 0.2]), 1);
  assert.equal(argMax([-3]), 0);
});

Deno.test("spreadRows() chooses rising rows inside the table, all of them when asked for as many or for 0", () => {
  fc.assert(fc.property(fc.nat(5000), fc.nat(6000), (total, wanted) => {
    const rows = spreadRows(total, wanted);
    assert.equal(rows.length, wanted === 0 ? total : Math.min(wanted, total));
    rows.forEach((row, i) => assert.ok(row < total && (i === 0 || row > rows[i - 1])));
  }));
  assert.deepEqual([...spreadRows(10, 5)], [0, 2, 4, 6, 8]);
});

Deno.test("classifyWindows() ends with the first failure, and not before every interpreter has ended its window", async () => {
  let running = 0, runs = 0;
  const interpreter = (isBroken: boolean) =>
    ({
      // Slow enough to be given a thread.
      run: () => {
        for (const end = performance.now() + 1; performance.now() < end;);
        return Float32Array.of(1, 0);
      },
      runAsync: async () => {
        running++;
        runs++;
        await new Promise((resolve) => setTimeout(resolve, isBroken ? 1 : 20));
        running--;
        if (isBroken) throw new Error("kernel failed");
        return Float32Array.of(0, 1);
      },
    }) as unknown as Interpreter;
  await assert.rejects(
    classifyWindows({
      windows: new Float32Array(100),
      windowSamples: 1,
      interpreters: [interpreter(false), interpreter(true), interpreter(false)],
    }),
    /kernel failed/,
  );
  assert.deepEqual([running, runs], [0, 3]);
});

for (const name of Object.keys(ARCHITECTURES)) {
  Deno.test(`classifyWindows() gives every window of ${name} the reference's class, with one interpreter and with three`, async () => {
    const windowSamples = 216, count = 24, rng = createRng(3);
    const model = ARCHITECTURES[name].build({ windowSamples, channels: 1, classes: 5 });
    const weights = initializeWeights(model, rng.fork("weights"));
    // Weights far from their start, so that the classes differ from window to window.
    for (const { data } of weights.values()) data.forEach((value, i) => data[i] = 3 * value);
    const levels = Float32Array.from({ length: count }, () => rng.normal());
    const windows = Float32Array.from(
      { length: count * windowSamples },
      (_, i) => levels[Math.floor(i / windowSamples)] + rng.normal(),
    );
    const expected = Array.from({ length: count }, (_, i) => {
      const window = windows.subarray(i * windowSamples, (i + 1) * windowSamples);
      return argMax(forward(model, weights, window, 1));
    });
    assert.ok(new Set(expected).size > 1, "the windows must not all be of one class");
    const bytes = encodeTflite(convertToTflite(model, weights)), runtime = openTfliteLibrary();
    using stack = new DisposableStack();
    const interpreters = Array.from({ length: 3 }, () => stack.use(runtime.createInterpreter(bytes)));
    const input = { windows, windowSamples };
    assert.deepEqual(
      [...await classifyWindows({ ...input, interpreters: interpreters.slice(0, 1) })],
      expected,
    );
    assert.deepEqual([...await classifyWindows({ ...input, interpreters })], expected);
    const rows = Uint32Array.of(20, 3, 7);
    assert.deepEqual(
      [...await classifyWindows({ ...input, interpreters, rows })],
      Array.from(rows, (row) => expected[row]),
    );
  });
}
