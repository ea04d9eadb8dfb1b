import assert from "node:assert/strict";
import { convertToTflite } from "../../convert/convert.ts";
import { createWasmEngine } from "../../engine/wasm_engine.ts";
import { float32Elements } from "../../formats/tflite/graph.ts";
import { encodeTflite } from "../../formats/tflite/writer.ts";
import { forward } from "../../nn/forward.ts";
import type { Model, Weights } from "../../nn/model.ts";
import { openTfliteLibrary } from "../../runtime/tflite_ffi.ts";
import { activationRoundings } from "./activation_roundings.ts";
import { createWeightRounder } from "./round_weights.ts";
import { MODELS, quantizedModel, SAMPLES } from "./test_quantized.ts";

/** What the int8 graph does that training does not: it rounds biases, gates and accumulators. Of probabilities, mean. */
const ROUNDING_TOLERANCE = 0.001;

function rounded(model: Model, weights: Weights): Weights {
  const round = createWeightRounder(model);
  return new Map([...weights].map(([name, { shape, data }]) => {
    const values = data.slice();
    round(name, shape, values);
    return [name, { shape, data: values }];
  }));
}

for (const [name, model] of Object.entries(MODELS)) {
  Deno.test(`createWeightRounder() gives what the quantizer's integers stand for: ${name}`, () => {
    const { weights, int8Graph } = quantizedModel(model);
    const roundedGraph = convertToTflite(model, rounded(model, weights));
    let compared = 0;
    for (const { name, type, data, shape, quantization } of int8Graph.tensors) {
      if (type !== "INT8" || data === undefined || /bias/.test(name)) continue;
      const { scale, quantizedDimension } = quantization!, integers = new Int8Array(data);
      const stride = shape.slice(quantizedDimension + 1).reduce((a, b) => a * b, 1);
      const values = float32Elements(roundedGraph.tensors.find((tensor) => tensor.name === name)!.data!);
      values.forEach((value, i) => {
        const expected = integers[i] * scale[scale.length === 1 ? 0 : Math.floor(i / stride) % scale.length];
        assert.ok(Math.abs(value - expected) <= 1e-6 * Math.abs(expected), `${name}[${i}]: ${value}`);
      });
      compared++;
    }
    assert.ok(compared >= 3, `${compared} constants were compared`);
  });

  Deno.test(`activationRoundings() and createWeightRounder() make the engine compute as int8 does: ${name}`, async () => {
    const { weights, windows, count, int8Graph } = quantizedModel(model);
    const engine = await createWasmEngine(model, weights, {
      workers: 1,
      batchSize: count,
      roundings: activationRoundings(int8Graph),
      roundWeight: createWeightRounder(model),
    });
    const simulated = await engine.predict(windows, count);
    engine.close();
    const float = forward(model, weights, windows, count), classes = float.length / count;
    using interpreter = openTfliteLibrary().createInterpreter(encodeTflite(int8Graph), { file: "test" });
    let simulatedError = 0, floatError = 0;
    for (let window = 0; window < count; window++) {
      const integer = interpreter.run(windows.subarray(window * SAMPLES, (window + 1) * SAMPLES));
      integer.forEach((p, c) => {
        // Only the output is left to be rounded, as int8 does with a step of 1 / 256.
        const rounded = Math.min(Math.round(256 * simulated[window * classes + c]), 255) / 256;
        simulatedError += Math.abs(rounded - p) / float.length;
        floatError += Math.abs(float[window * classes + c] - p) / float.length;
      });
    }
    assert.ok(simulatedError < ROUNDING_TOLERANCE, `${simulatedError}, without rounding ${floatError}`);
    assert.ok(simulatedError < floatError / 3, `${simulatedError} is not far below ${floatError}`);
  });
}
