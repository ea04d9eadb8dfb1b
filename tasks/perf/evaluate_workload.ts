/** Measures the evaluator on one model in a process of its own: `evaluate_workload.ts <model> <windows>`. */
import { convertToTflite } from "../../pipeline/lib/convert/convert.ts";
import type { TfliteModel } from "../../pipeline/lib/formats/tflite/graph.ts";
import { encodeTflite } from "../../pipeline/lib/formats/tflite/writer.ts";
import { ARCHITECTURES } from "../../pipeline/lib/nn/architectures/architectures.ts";
import { calibrate } from "../../pipeline/lib/quantize/calibration.ts";
import { quantizeGraph } from "../../pipeline/lib/quantize/quantize_graph.ts";
import { beatWindows, livelyWeights } from "../../pipeline/lib/quantize/test_networks.ts";
import { createEvaluator } from "../../pipeline/lib/reference/evaluator.ts";
import { quantizeInput } from "../../pipeline/lib/runtime/quantized_values.ts";
import { openTfliteLibrary } from "../../pipeline/lib/runtime/tflite_ffi.ts";
import { cpuSeconds } from "../cpu_seconds.ts";

/** What one process measured, in processor time. */
export interface EvaluateFigures {
  model: string;
  form: "float" | "int8";
  operators: number;
  planMs: number;
  msPerWindow: number;
  /** Of the TFLite library, one thread, without XNNPACK. */
  nativeMsPerWindow: number;
  ratioToNative: number;
}

const SAMPLES = 216, CALIBRATION_WINDOWS = 8;

function milliseconds(work: () => void): number {
  const started = cpuSeconds();
  work();
  return 1000 * (cpuSeconds() - started);
}

function measure(graph: TfliteModel, windows: Float32Array[]) {
  const { type, quantization } = graph.tensors[graph.inputs[0]];
  const inputs = windows.map((window) =>
    type === "INT8" ? quantizeInput(window, quantization!.scale[0], quantization!.zeroPoint[0]) : window
  );
  let evaluator = createEvaluator(graph);
  const planMs = milliseconds(() => evaluator = createEvaluator(graph));
  // V8 compiles what it has seen run for a while.
  for (const input of inputs.slice(0, 10)) evaluator.run([input]);
  const ms = milliseconds(() => inputs.forEach((input) => evaluator.run([input])));
  using native = openTfliteLibrary().createInterpreter(encodeTflite(graph));
  const nativeMs = milliseconds(() => windows.forEach((window) => native.run(window)));
  return {
    operators: graph.operators.length,
    planMs,
    msPerWindow: ms / windows.length,
    nativeMsPerWindow: nativeMs / windows.length,
    ratioToNative: ms / nativeMs,
  };
}

const [name, count] = Deno.args, values = beatWindows(Number(count), SAMPLES);
const windows = Array.from(
  { length: Number(count) },
  (_, i) => values.subarray(i * SAMPLES, (i + 1) * SAMPLES),
);
const model = ARCHITECTURES[name].build({ windowSamples: SAMPLES, channels: 1, classes: 5 });
const float = convertToTflite(model, livelyWeights(model));
const ranges = calibrate(float, beatWindows(CALIBRATION_WINDOWS, SAMPLES), CALIBRATION_WINDOWS);
const int8 = quantizeGraph(float, ranges, { mode: "int8" });
const figures: EvaluateFigures[] = [
  { model: name, form: "float", ...measure(float, windows) },
  { model: name, form: "int8", ...measure(int8, windows) },
];
console.log(JSON.stringify(figures));
