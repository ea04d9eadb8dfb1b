import assert from "node:assert/strict";
import { FormatError, StageError } from "../core/errors.ts";
import { createRng } from "../core/rng.ts";
import { elementCount } from "../formats/tflite/graph.ts";
import { changeGraph } from "../formats/tflite/test_changes.ts";
import { smallModel } from "../formats/tflite/test_models.ts";
import { encodeTflite } from "../formats/tflite/writer.ts";
import { openTfliteLibrary } from "./tflite_ffi.ts";

const ROUNDS = 1500;

// A change that the checks miss ends the whole process, which no test can catch: that is its way to fail.
for (const xnnpack of [false, true]) {
  Deno.test(`createInterpreter() and run() answer to ${ROUNDS} changed graphs${xnnpack ? " with XNNPACK" : ""}`, () => {
    const { createInterpreter } = openTfliteLibrary();
    const rng = createRng(xnnpack ? 31 : 30);
    let computed = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const model = smallModel();
      for (let changes = 1 + rng.integer(2); changes > 0; changes--) changeGraph(model, rng);
      try {
        using interpreter = createInterpreter(encodeTflite(model), { xnnpack });
        const window = new Float32Array(elementCount(interpreter.inputs[0].shape)).fill(0.5);
        interpreter.run(window);
        computed++;
      } catch (error) {
        assert.ok(
          error instanceof FormatError || error instanceof StageError || error instanceof RangeError,
          `round ${round}: ${error}`,
        );
      }
    }
    assert.ok(computed > ROUNDS / 20, `${computed} graphs were computed`);
  });
}
