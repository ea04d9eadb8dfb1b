import assert from "node:assert/strict";
import { bytesOf } from "../formats/tflite/graph.ts";
import { decodeTflite } from "../formats/tflite/reader.ts";
import { createEvaluator } from "./evaluator.ts";
import golden from "./testdata/reference_kernels.json" with { type: "json" };
import { createValues } from "./tensor_values.ts";

for (const { name, model: file, inputs, outputs } of golden.graphs) {
  Deno.test(`createEvaluator() gives the bits of TFLite's reference kernels: ${name}`, () => {
    const model = decodeTflite(Uint8Array.fromBase64(file)), evaluator = createEvaluator(model);
    for (const [round, encoded] of inputs.entries()) {
      const values = encoded.map((data, i) =>
        createValues({ ...model.tensors[model.inputs[i]], data: Uint8Array.fromBase64(data) })
      );
      const got = evaluator.run(values).map((output) => bytesOf(output).toBase64());
      assert.deepEqual(got, outputs[round]);
    }
  });
}
