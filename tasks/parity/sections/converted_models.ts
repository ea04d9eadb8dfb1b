import { convertToTflite } from "../../../pipeline/lib/convert/convert.ts";
import { encodeTflite } from "../../../pipeline/lib/formats/tflite/writer.ts";
import { ARCHITECTURES } from "../../../pipeline/lib/nn/architectures/architectures.ts";
import type { Model, Weights } from "../../../pipeline/lib/nn/model.ts";
import { calibrate } from "../../../pipeline/lib/quantize/calibration.ts";
import { quantizeGraph } from "../../../pipeline/lib/quantize/quantize_graph.ts";
import { beatWindows, livelyWeights } from "../../../pipeline/lib/quantize/test_networks.ts";
import type { TfliteRuntime } from "../../../pipeline/lib/runtime/tflite_ffi.ts";

const SIZES = { windowSamples: 216, channels: 1, classes: 5 };
/** As many as 06_quantize takes by default. */
const CALIBRATION_WINDOWS = 500;
export const TEST_WINDOWS = 64;

/** An architecture at full size, converted and quantized. */
export interface ConvertedModel {
  name: string;
  model: Model;
  weights: Weights;
  /** Windows that the ranges come from, [500, 216]. */
  calibration: Float32Array;
  /** Other windows, [64, 216]. */
  windows: Float32Array;
  /** What conversion and quantization took. */
  seconds: number;
  float32: Uint8Array;
  int8: Uint8Array;
}

/** Makes each architecture, with random weights. */
export function* convertedModels(): Generator<ConvertedModel> {
  const calibration = beatWindows(CALIBRATION_WINDOWS, SIZES.windowSamples, 1);
  const windows = beatWindows(TEST_WINDOWS, SIZES.windowSamples, 2);
  for (
    const { name, build } of Object.values(ARCHITECTURES).filter(({ name }) => ["cnn", "lstm"].includes(name))
  ) {
    const model = build(SIZES), weights = livelyWeights(model);
    const started = performance.now();
    const graph = convertToTflite(model, weights);
    const ranges = calibrate(graph, calibration, CALIBRATION_WINDOWS);
    const int8 = encodeTflite(quantizeGraph(graph, ranges, { mode: "int8" }));
    const float32 = encodeTflite(graph), seconds = (performance.now() - started) / 1000;
    yield { name, model, weights, calibration, windows, seconds, float32, int8 };
  }
}

/** @returns What the TFLite library computes on the windows one after another. */
export function predict(library: TfliteRuntime, bytes: Uint8Array, windows: Float32Array): Float32Array {
  using interpreter = library.createInterpreter(bytes);
  const count = windows.length / SIZES.windowSamples;
  const outputs = Array.from(
    { length: count },
    (_, i) => [...interpreter.run(windows.subarray(i * SIZES.windowSamples, (i + 1) * SIZES.windowSamples))],
  );
  return Float32Array.from(outputs.flat());
}
