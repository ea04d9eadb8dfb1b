/** model.tflite -> model_int8.tflite and other forms, or any .tflite that is named, calibrated on training windows only, held against float32. */
import { createHash } from "node:crypto";
import {
  type QuantizationMetadata,
  withQuantizationMetadata,
} from "./lib/artefacts/quantization_metadata.ts";
import { readWindowSet, type WindowSet } from "./lib/artefacts/window_set.ts";
import { AAMI_CLASSES } from "./lib/beats/aami.ts";
import { createRng } from "./lib/core/rng.ts";
import { bytesOf, type TfliteModel } from "./lib/formats/tflite/graph.ts";
import { decodeTflite } from "./lib/formats/tflite/reader.ts";
import { encodeTflite } from "./lib/formats/tflite/writer.ts";
import { fractionEqual } from "./lib/metrics/agreement.ts";
import { classificationReport, confusionMatrix } from "./lib/metrics/confusion.ts";
import { latencyStatistics } from "./lib/metrics/latency.ts";
import { calibrate, type CalibrationMethod } from "./lib/quantize/calibration.ts";
import { QUANTIZATION_MODES, type QuantizationMode, quantizeGraph } from "./lib/quantize/quantize_graph.ts";
import { compareLayers } from "./lib/reference/compare_layers.ts";
import { comparisonTable, type FormFigures } from "./lib/report/form_comparison.ts";
import { layerErrorTable } from "./lib/report/layer_errors.ts";
import { classifyWindows, spreadRows } from "./lib/runtime/run_windows.ts";
import { type Interpreter, openTfliteLibrary } from "./lib/runtime/tflite_ffi.ts";
import { STAGES } from "./lib/stage/catalogue.ts";
import { quantizeFile } from "./lib/stage/file_modes/quantize.ts";
import { runStage } from "./lib/stage/run.ts";
import type { StageContext } from "./lib/stage/stage_context.ts";
import { tuneForInt8 } from "./lib/stage/tune_for_int8.ts";

type Context = StageContext<typeof STAGES.quantize.params>;

/** Runs over which the time of one window is taken, after some that are not counted. */
const LATENCY_RUNS = 50, WARM_UP_RUNS = 5;
/** Test windows from which --debug takes each tensor's error. */
const DEBUG_WINDOWS = 32;

/** The int8 form of a model that was tuned for it, in the place of the one that was not. */
const TUNED = "int8-qat";

const fileOf = (mode: QuantizationMode): string => `model_${mode.replaceAll("-", "_")}.tflite`;

/** Copies rows of a set one behind the other. @returns Shape [rows, windowSamples]. */
function takeWindows({ windows, windowSamples }: WindowSet, rows: Uint32Array): Float32Array {
  const taken = new Float32Array(rows.length * windowSamples);
  rows.forEach((row, i) =>
    taken.set(windows.subarray(row * windowSamples, (row + 1) * windowSamples), i * windowSamples)
  );
  return taken;
}

/** Draws windows without putting any back. @returns Shape [count, windowSamples]. */
function drawWindows(set: WindowSet, wanted: number, seed: number): Float32Array {
  const rows = createRng(seed).fork("calibration").shuffle(Uint32Array.from(set.labels, (_, i) => i));
  return takeWindows(set, rows.subarray(0, wanted));
}

/** One form of a model. */
interface Form {
  name: string;
  /** Of the file, for messages. */
  file: string;
  bytes: Uint8Array;
}

/** What a form calls the windows, and how long it takes for one. */
async function runForm(
  { file, bytes }: Form,
  windows: Float32Array,
  { windowSamples, progress }: { windowSamples: number; progress: Context["progress"] },
): Promise<{ predicted: Uint8Array; latencyMs: number }> {
  const runtime = openTfliteLibrary(), count = windows.length / windowSamples;
  using stack = new DisposableStack();
  const interpreters = Array.from(
    { length: navigator.hardwareConcurrency },
    () => stack.use(runtime.createInterpreter(bytes, { file })),
  );
  const latencyMs = count === 0 ? 0 : medianMs(interpreters[0], windows.subarray(0, windowSamples));
  const bar = progress.bar(`comparing ${file}`, count, "windows");
  const predicted = await classifyWindows({
    windows,
    windowSamples,
    interpreters,
    onProgress: (done) => bar.update(done),
  });
  bar.finish();
  return { predicted, latencyMs };
}

function medianMs(interpreter: Interpreter, window: Float32Array): number {
  const samplesMs = Float64Array.from({ length: WARM_UP_RUNS + LATENCY_RUNS }, () => {
    const startedMs = performance.now();
    interpreter.run(window);
    return performance.now() - startedMs;
  });
  return latencyStatistics(samplesMs.subarray(WARM_UP_RUNS)).median;
}

/** Judges every form on the same test windows, the float32 one first. */
async function compareForms(context: Context, forms: readonly Form[]): Promise<FormFigures[]> {
  const test = readWindowSet(context, "test"), { windowSamples } = test;
  const rows = spreadRows(test.labels.length, context.params.compareWindows);
  const truth = Uint8Array.from(rows, (row) => test.labels[row]), windows = takeWindows(test, rows);
  const figures: FormFigures[] = [];
  let reference: Uint8Array | undefined;
  for (const form of forms) {
    const { predicted, latencyMs } = await runForm(form, windows, {
      windowSamples,
      progress: context.progress,
    });
    reference ??= predicted;
    figures.push({
      form: form.name,
      bytes: form.bytes.length,
      report: classificationReport(confusionMatrix(truth, predicted, AAMI_CLASSES.length), AAMI_CLASSES),
      agreement: fractionEqual(reference, predicted),
      latencyMs,
    });
  }
  return figures;
}

/** Draws the calibration windows once, for every graph whose ranges are asked for. */
function prepareCalibration({ params }: Context, train: WindowSet) {
  const { calibrationWindows, percentile, seed } = params, method = params.calibration as CalibrationMethod;
  const drawn = drawWindows(train, calibrationWindows, seed), windows = drawn.length / train.windowSamples;
  const calibration = {
    method,
    ...(method === "percentile" ? { percentile } : {}),
    windows,
    sha256: createHash("sha256").update(bytesOf(drawn)).digest("hex"),
  };
  const findRanges = (graph: TfliteModel) => calibrate(graph, drawn, windows, { method, percentile });
  return { calibration, findRanges };
}

/** Encodes a quantized graph, with how it was made among its metadata. */
function createForm(graph: TfliteModel, told: Omit<QuantizationMetadata, "schemaVersion">): Form {
  const mode = told.mode as QuantizationMode;
  return {
    name: told.tuning === undefined ? mode : TUNED,
    file: fileOf(mode),
    bytes: encodeTflite(withQuantizationMetadata(graph, { schemaVersion: 1, ...told })),
  };
}

/** @returns Each tensor's error in int8 on a few test windows, as text. */
function describeErrors(context: Context, floatGraph: TfliteModel, int8Graph: TfliteModel): string {
  const test = readWindowSet(context, "test"), rows = spreadRows(test.labels.length, DEBUG_WINDOWS);
  const layers = compareLayers(floatGraph, int8Graph, takeWindows(test, rows), { count: rows.length });
  return `${layerErrorTable(layers)}\n\n`;
}

const percent = (value: number | null): string => value === null ? "-" : `${(100 * value).toFixed(2)} %`;

await runStage(STAGES.quantize, {
  // What is in the cache was not printed.
  always: ({ debug }) => debug,
  async run(context) {
    const { compare, debug, qat, qatRate } = context.params;
    const modes = context.params.modes as QuantizationMode[], io = context.params.io as "int8" | "float";
    const floatBytes = context.read(`05_convert/${context.variant}`, "model.tflite");
    const floatGraph = decodeTflite(floatBytes, "model.tflite");
    const train = readWindowSet(context, "train");
    const { calibration, findRanges } = prepareCalibration(context, train);
    const ranges = findRanges(floatGraph);
    context.write("ranges.json", JSON.stringify(Object.fromEntries(ranges), null, 1));

    const forms: Form[] = [{ name: "float32", file: "model.tflite", bytes: floatBytes }];
    let errors = "";
    for (const mode of QUANTIZATION_MODES) {
      if (!modes.includes(mode) && !compare) continue;
      const graph = quantizeGraph(floatGraph, ranges, { mode, io });
      const form = createForm(graph, { mode, ...(mode === "int8" ? { calibration } : {}) });
      // What was tuned takes the place of what was not.
      if (modes.includes(mode) && !(mode === "int8" && qat > 0)) context.write(form.file, form.bytes);
      forms.push(form);
      if (debug && mode === "int8") errors = describeErrors(context, floatGraph, graph);
    }

    let tuning: QuantizationMetadata["tuning"];
    if (qat > 0) {
      const options = { epochs: qat, rate: qatRate, train, floatGraph, calibrate: findRanges };
      const tuned = await tuneForInt8(context, options), { history, bestEpoch } = tuned.result;
      tuning = { epochs: history.length, bestEpoch };
      const graph = quantizeGraph(tuned.floatGraph, tuned.ranges, { mode: "int8", io });
      const form = createForm(graph, { mode: "int8", calibration, tuning });
      context.write(form.file, form.bytes);
      context.write("tuning.json", JSON.stringify(history, null, 1));
      forms.push(form);
    }

    const figures = await compareForms(context, forms);
    const [float32] = figures, formOf = (name: string) => figures.find(({ form }) => form === name);
    const int8 = formOf(TUNED) ?? formOf("int8"), shown = int8 ?? figures.at(-1)!;
    const comparison = {
      comparedWindows: float32.report.support,
      forms: figures.map(({ latencyMs: _, ...figure }) => figure),
    };
    context.write("compare.json", JSON.stringify(comparison, null, 1));
    return {
      counts: JSON.parse(JSON.stringify({
        modes: QUANTIZATION_MODES.filter((mode) => modes.includes(mode)),
        calibrationWindows: calibration.windows,
        calibration,
        tuning,
        bytes: int8?.bytes,
        floatBytes: floatBytes.length,
        comparedWindows: comparison.comparedWindows,
        ...Object.fromEntries(figures.map(({ form, report }) => [form, report])),
        agreement: int8?.agreement,
        formBytes: Object.fromEntries(figures.map(({ form, bytes }) => [form, bytes])),
      })),
      measured: { latencyMs: Object.fromEntries(figures.map(({ form, latencyMs }) => [form, latencyMs])) },
      table: errors + comparisonTable(figures, { byClass: compare }),
      summary:
        `${shown.form} ${shown.bytes} bytes (float32 ${floatBytes.length}), accuracy ${
          percent(shown.report.accuracy)
        } ` +
        `(float32 ${percent(float32.report.accuracy)}), same class on ${percent(shown.agreement)} of ` +
        `${comparison.comparedWindows} windows`,
    };
  },
}, quantizeFile);
