import assert from "node:assert/strict";
import fc from "fast-check";
import { convertToTflite } from "../convert/convert.ts";
import { elementCount, type TfliteModel } from "../formats/tflite/graph.ts";
import { verifyTflite } from "../formats/tflite/verify.ts";
import { windowInputs } from "../formats/tflite/window_inputs.ts";
import { encodeTflite } from "../formats/tflite/writer.ts";
import { ARCHITECTURES } from "../nn/architectures/architectures.ts";
import { LAYER_MODELS } from "../convert/test_models.ts";
import type { Model } from "../nn/model.ts";
import { calibrate } from "../quantize/calibration.ts";
import { QUANTIZATION_MODES, quantizeGraph } from "../quantize/quantize_graph.ts";
import { beatWindows, livelyWeights, noiseWindows } from "../quantize/test_networks.ts";
import { quantizeInput } from "../runtime/quantized_values.ts";
import { runNative } from "../runtime/test_runs.ts";
import type { TensorArray } from "../runtime/tflite_ffi.ts";
import { createEvaluator } from "./evaluator.ts";
import { drawnImageModel, drawnSequenceModel } from "./test_drawn_models.ts";

/** Part of the largest output that float graphs, which sum in another order, may differ by. */
const FLOAT_TOLERANCE = 2e-5;
/** Of graphs that round what they read to int8: a value next to a half may fall to the other side. */
const ROUNDED_TOLERANCE = 0.05;
/** Part of the largest output that whole int8 networks may differ by where other kernels run. */
const OTHER_KERNELS_TOLERANCE = 0.1;
const IS_COMPARED_BUILD = Deno.build.arch === "x86_64";

/** Every file that is written for a model, by name: float, and each way to quantize it. */
function writtenFiles(model: Model, windows: Float32Array, count: number): Record<string, TfliteModel> {
  const float = convertToTflite(model, livelyWeights(model)), ranges = calibrate(float, windows, count);
  const graphs: Record<string, TfliteModel> = {
    float,
    "int8 with float ends": quantizeGraph(float, ranges, { mode: "int8", io: "float" }),
  };
  for (const mode of QUANTIZATION_MODES) graphs[mode] = quantizeGraph(float, ranges, { mode });
  // As they come back from the file, after every check.
  return Object.fromEntries(
    Object.entries(graphs).map(([name, graph]) => [name, verifyTflite(encodeTflite(graph), name)]),
  );
}

function toleranceOf(file: string): number {
  if (file === "int8-dynamic") return ROUNDED_TOLERANCE;
  if (!file.startsWith("int8")) return FLOAT_TOLERANCE;
  return IS_COMPARED_BUILD ? 0 : OTHER_KERNELS_TOLERANCE;
}

/** Values of a window, of all inputs. */
function windowSize({ layers }: Model): number {
  return layers.reduce(
    (sum, layer) => layer.kind === "InputLayer" ? sum + elementCount(layer.shape) : sum,
    0,
  );
}

/** Holds the evaluator against the native library on each file of a model. */
function checkAgreement(model: Model, windows: Float32Array, count: number): void {
  const size = windows.length / count;
  for (const [name, graph] of Object.entries(writtenFiles(model, windows, count))) {
    const evaluator = createEvaluator(graph, { build: "native" });
    for (let window = 0; window < Math.min(count, 3); window++) {
      const reals = windowInputs(graph, windows.subarray(window * size, (window + 1) * size));
      const inputs = reals.map((values, i) => {
        const { type, quantization } = graph.tensors[graph.inputs[i]];
        return type === "INT8"
          ? quantizeInput(values, quantization!.scale[0], quantization!.zeroPoint[0])
          : values;
      });
      const expected = runNative(graph, inputs as TensorArray[]);
      evaluator.run(inputs).forEach((values, output) => {
        const native = Array.from<number | bigint, number>(expected[output], Number);
        const largest = Math.max(...native.map(Math.abs));
        values.forEach((value: number | bigint, i: number) => {
          const error = Math.abs(Number(value) - native[i]);
          assert.ok(error <= toleranceOf(name) * largest, `${name}: ${value} is not ${native[i]} at ${i}`);
        });
      });
    }
  }
}

for (const [name, { build }] of Object.entries(ARCHITECTURES)) {
  Deno.test(`every file that is written for "${name}" runs in the evaluator as in the native library`, () => {
    const model = build({ windowSamples: 40, channels: 1, classes: 5 });
    checkAgreement(model, beatWindows(6, 40), 6);
  });
}

Deno.test("every file that is written for each form of layer runs in the evaluator as in the native library", () => {
  for (const [name, model] of Object.entries(LAYER_MODELS)) {
    const size = windowSize(model);
    try {
      checkAgreement(model, noiseWindows(4 * size), 4);
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  }
});

for (const [what, drawnModel] of [["sequences", drawnSequenceModel], ["images", drawnImageModel]] as const) {
  Deno.test(`every file that is written for a random model of ${what} runs in the evaluator as in the native library`, () => {
    fc.assert(
      fc.property(drawnModel, fc.nat(1000), (model, seed) => {
        const size = windowSize(model);
        checkAgreement(model, noiseWindows(4 * size, seed), 4);
      }),
      { numRuns: 12, seed: 5, endOnFailure: true },
    );
  });
}
