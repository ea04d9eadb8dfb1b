import assert from "node:assert/strict";
import { createRng } from "../core/rng.ts";
import { bytesOf, type TfliteModel, type TfliteTensor } from "../formats/tflite/graph.ts";
import { compareLayers } from "./compare_layers.ts";
import { operatorGraph } from "./test_graphs.ts";
import { INT8_GRAPHS } from "./test_int8_graphs.ts";
import { createValues } from "./tensor_values.ts";

const int8 = (scale: number, zeroPoint: number) => ({
  type: "INT8" as const,
  quantization: { scale: [scale], zeroPoint: [zeroPoint], quantizedDimension: 0 },
});

/** relu, then tanh, of 4 values; in int8 with the scale that the test gives relu's output. */
function chain(reluScale?: number): TfliteModel {
  const tensor = (name: string, quantized: Partial<TfliteTensor>): TfliteTensor => ({
    name,
    type: "FLOAT32",
    shape: [1, 4],
    ...(reluScale === undefined ? {} : quantized),
  });
  return {
    ...operatorGraph({ operator: "RELU", inputs: [], outputs: [] }),
    tensors: [
      tensor("input", int8(1 / 32, 0)),
      tensor("relu", int8(reluScale!, -128)),
      tensor("tanh", int8(1 / 128, 0)),
    ],
    operators: [
      { operator: "RELU", version: 2, inputs: [0], outputs: [1] },
      { operator: "TANH", version: 2, inputs: [1], outputs: [2] },
    ],
    inputs: [0],
    outputs: [2],
  };
}

/** The float graph whose constants are what the integers of a quantized one stand for. */
function floatTwin(model: TfliteModel): TfliteModel {
  return {
    ...model,
    tensors: model.tensors.map((tensor) => {
      const { name, shape, isVariable, quantization, data } = tensor;
      if (quantization === undefined) return tensor;
      if (data === undefined) return { name, shape, isVariable, type: "FLOAT32" };
      const [scale] = quantization.scale, [zeroPoint] = quantization.zeroPoint;
      const values = Float32Array.from(
        createValues(tensor) as Int8Array,
        (value) => scale * (value - zeroPoint),
      );
      return { name, shape, type: "FLOAT32", data: bytesOf(values) };
    }),
  };
}

Deno.test("compareLayers() gives energies, errors and saturation by hand, in the order of execution", () => {
  // Two windows; 1.51 lies 0.01 off the steps of 1/32 (1.5), all others on them.
  const windows = Float32Array.of(-1, 0.5, 1.51, 2, 0, 0, 0, 1);
  const rows = compareLayers(chain(), chain(1 / 64), windows, { count: 2 });
  assert.deepEqual(rows.map(({ tensor, operator }) => [tensor, operator]), [
    ["input", "INPUT"],
    ["relu", "RELU"],
    ["tanh", "TANH"],
  ]);
  const [input, relu] = rows, squares = 0.5 ** 2 + 1.51 ** 2 + 2 ** 2 + 1;
  for (const [row, energy] of [[input, 1 + squares], [relu, squares]] as const) {
    assert.ok(Math.abs(row.maxError - 0.01) < 1e-6, `${row.maxError}`);
    assert.ok(Math.abs(row.sqnrDb - 10 * Math.log10(energy / 1e-4)) < 1e-2, `${row.sqnrDb}`);
    assert.deepEqual([row.maxValue, row.saturated], [2, 0]);
  }
});

Deno.test("compareLayers() shows a collapse in the tensor where it happens", () => {
  const rng = createRng(3), windows = Float32Array.from({ length: 400 }, () => rng.normal());
  const [input, relu, tanh] = compareLayers(chain(), chain(1 / 1024), windows, { count: 100 });
  assert.ok(input.sqnrDb > 35 && input.saturated === 0, JSON.stringify(input));
  assert.ok(relu.sqnrDb < 5 && relu.saturated > 0.3 && relu.maxError > 1, JSON.stringify(relu));
  assert.ok(tanh.sqnrDb < 10, JSON.stringify(tanh));
});

Deno.test("compareLayers() is exact where a graph is compared with itself", () => {
  const [input, relu] = compareLayers(chain(), chain(), Float32Array.of(1, 2, 3, 4), { count: 1 });
  assert.deepEqual([input.sqnrDb, relu.sqnrDb, relu.maxError, relu.maxValue], [Infinity, Infinity, 0, 4]);
});

Deno.test("compareLayers() follows an LSTM's cells through all steps", () => {
  const quantized = operatorGraph(INT8_GRAPHS["UNIDIRECTIONAL_SEQUENCE_LSTM"]), rng = createRng(4);
  const windows = Float32Array.from({ length: 3 * 30 * 3 }, () => rng.uniform());
  const rows = compareLayers(floatTwin(quantized), quantized, windows, { count: 3 });
  assert.deepEqual(rows.map(({ operator }) => operator), [
    "INPUT",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
  ]);
  for (const row of rows) assert.ok(row.sqnrDb > 25 && row.sqnrDb < 60, JSON.stringify(row));
});

Deno.test("compareLayers() matches the integers behind float inputs", () => {
  const quantized = chain(1 / 64);
  quantized.tensors[0].name = "input_int8";
  quantized.tensors.push({ name: "input", type: "FLOAT32", shape: [1, 4] });
  quantized.operators.unshift({ operator: "QUANTIZE", version: 1, inputs: [3], outputs: [0] });
  quantized.inputs = [3];
  const rows = compareLayers(chain(), quantized, Float32Array.of(0.51, 0, 0, 1), { count: 1 });
  assert.deepEqual(rows.map(({ tensor }) => tensor), ["input", "input_int8", "relu", "tanh"]);
  assert.equal(rows[0].sqnrDb, Infinity);
  assert.ok(rows[1].sqnrDb < 45);
});
