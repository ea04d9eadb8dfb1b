import { convertToTflite } from "../../../pipeline/lib/convert/convert.ts";
import { createRng } from "../../../pipeline/lib/core/rng.ts";
import { encodeTflite } from "../../../pipeline/lib/formats/tflite/writer.ts";
import { ARCHITECTURES } from "../../../pipeline/lib/nn/architectures/architectures.ts";
import { hardSigmoidsOf } from "../../../pipeline/lib/nn/keras_hard_sigmoid.ts";
import { calibrate } from "../../../pipeline/lib/quantize/calibration.ts";
import { QUANTIZATION_MODES, quantizeGraph } from "../../../pipeline/lib/quantize/quantize_graph.ts";
import { beatWindows, livelyWeights } from "../../../pipeline/lib/quantize/test_networks.ts";
import { openTfliteLibrary } from "../../../pipeline/lib/runtime/tflite_ffi.ts";
import { foreignModels, goldens, type NamedModel, windowValues } from "./models.ts";

const SIZES = { windowSamples: 216, channels: 1, classes: 5 };
/** As many as 06_quantize takes by default. */
const CALIBRATION_WINDOWS = 500;
const TEST_WINDOWS = 64;
/** For models whose ranges mean nothing. */
const NOISE_CALIBRATION_WINDOWS = 32, NOISE_TEST_WINDOWS = 16;

/** A model, converted and quantized. */
export interface ConvertedModel extends NamedModel {
  /** Windows that the ranges come from, [count, values]. */
  calibration: Float32Array;
  /** Other windows, [count, values]. */
  windows: Float32Array;
  /** What conversion and quantization to int8 took. */
  seconds: number;
  /** The .tflite files by "float32" and the modes of quantization. */
  files: Record<string, Uint8Array>;
}

function convert(named: NamedModel, calibration: Float32Array, windows: Float32Array): ConvertedModel {
  const started = performance.now(), count = calibration.length / windowValues(named.model);
  const graph = convertToTflite(named.model, named.weights);
  const ranges = calibrate(graph, calibration, count),
    files: Record<string, Uint8Array> = { float32: encodeTflite(graph) };
  let seconds = 0;
  // int8 is the first.
  for (const mode of QUANTIZATION_MODES) {
    files[mode] = encodeTflite(quantizeGraph(graph, ranges, { mode }));
    seconds ||= (performance.now() - started) / 1000;
  }
  return { ...named, calibration, windows, seconds, files };
}

/** Makes each architecture, with random weights, for windows like heartbeats. */
export function* convertedArchitectures(): Generator<ConvertedModel> {
  const calibration = beatWindows(CALIBRATION_WINDOWS, SIZES.windowSamples, 1);
  const windows = beatWindows(TEST_WINDOWS, SIZES.windowSamples, 2);
  for (const { name, build } of Object.values(ARCHITECTURES)) {
    const model = build(SIZES);
    yield convert({ name, model, weights: livelyWeights(model) }, calibration, windows);
  }
}

/** Converts models made elsewhere and what Keras made once, with every kind of layer, for windows of noise. */
export async function* convertedOthers(): AsyncGenerator<ConvertedModel> {
  // Keras 3 made the same ones; gates with a hard sigmoid have no form in TFLite.
  const others = (await goldens()).filter(({ name, model }) =>
    !name.startsWith("keras3") && model.layers.every((layer) => hardSigmoidsOf(layer).length === 0)
  );
  for (const named of [...others, ...await foreignModels()]) {
    const rng = createRng(3), values = windowValues(named.model);
    const draw = (count: number) => Float32Array.from({ length: count * values }, rng.normal);
    yield convert(named, draw(NOISE_CALIBRATION_WINDOWS), draw(NOISE_TEST_WINDOWS));
  }
}

/** @returns What the TFLite library computes on windows of so many values, one after another. */
export function predict(bytes: Uint8Array, windows: Float32Array, values: number): Float32Array {
  using interpreter = openTfliteLibrary().createInterpreter(bytes);
  const outputs = Array.from(
    { length: windows.length / values },
    (_, i) => [...interpreter.run(windows.subarray(i * values, (i + 1) * values))],
  );
  return Float32Array.from(outputs.flat());
}
