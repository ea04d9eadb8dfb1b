/** model.tflite -> model_int8.tflite, calibrated on training windows only, held against float32. */
import { readWindowSet, type WindowSet } from "./lib/artefacts/window_set.ts";
import { AAMI_CLASSES } from "./lib/beats/aami.ts";
import { createRng } from "./lib/core/rng.ts";
import { decodeTflite } from "./lib/formats/tflite/reader.ts";
import { encodeTflite } from "./lib/formats/tflite/writer.ts";
import { fractionEqual } from "./lib/metrics/agreement.ts";
import { classificationReport, confusionMatrix } from "./lib/metrics/confusion.ts";
import { calibrate } from "./lib/quantize/calibration.ts";
import { quantizeGraph } from "./lib/quantize/quantize_graph.ts";
import { classifyWindows, spreadRows } from "./lib/runtime/run_windows.ts";
import { openTfliteLibrary } from "./lib/runtime/tflite_ffi.ts";
import { STAGES } from "./lib/stage/catalogue.ts";
import type { Progress } from "./lib/stage/progress.ts";
import { runStage } from "./lib/stage/run.ts";

/** Draws windows without putting any back. @returns Shape [count, windowSamples]. */
function drawWindows(
  { windows, windowSamples, labels }: WindowSet,
  wanted: number,
  seed: number,
): Float32Array {
  const rows = createRng(seed).fork("calibration").shuffle(Uint32Array.from(labels, (_, i) => i));
  const count = Math.min(wanted, labels.length);
  const drawn = new Float32Array(count * windowSamples);
  for (let i = 0; i < count; i++) {
    drawn.set(windows.subarray(rows[i] * windowSamples, (rows[i] + 1) * windowSamples), i * windowSamples);
  }
  return drawn;
}

async function classify(
  bytes: Uint8Array,
  set: WindowSet,
  { rows, label, progress }: { rows: Uint32Array; label: string; progress: Progress },
): Promise<Uint8Array> {
  const runtime = openTfliteLibrary();
  using stack = new DisposableStack();
  const interpreters = Array.from(
    { length: navigator.hardwareConcurrency },
    () => stack.use(runtime.createInterpreter(bytes, { file: label })),
  );
  const bar = progress.bar(`comparing ${label}`, rows.length, "windows");
  const predicted = await classifyWindows({
    ...set,
    interpreters,
    rows,
    onProgress: (done) => bar.update(done),
  });
  bar.finish();
  return predicted;
}

await runStage(STAGES.quantize, {
  async run(context) {
    const { variant, progress } = context, { calibrationWindows, compareWindows, seed } = context.params;
    const floatBytes = context.read(`05_convert/${variant}`, "model.tflite");
    const train = readWindowSet(context, "train"), drawn = drawWindows(train, calibrationWindows, seed);
    const count = drawn.length / train.windowSamples;
    const floatGraph = decodeTflite(floatBytes, "model.tflite"), ranges = calibrate(floatGraph, drawn, count);
    const bytes = encodeTflite(quantizeGraph(floatGraph, ranges, { mode: "int8" }));
    context.write("model_int8.tflite", bytes);
    context.write("ranges.json", JSON.stringify(Object.fromEntries(ranges), null, 1));

    const test = readWindowSet(context, "test"), rows = spreadRows(test.labels.length, compareWindows);
    const truth = Uint8Array.from(rows, (row) => test.labels[row]);
    const float32 = await classify(floatBytes, test, { rows, label: "model.tflite", progress });
    const int8 = await classify(bytes, test, { rows, label: "model_int8.tflite", progress });
    const report = (predicted: Uint8Array) =>
      classificationReport(confusionMatrix(truth, predicted, AAMI_CLASSES.length), AAMI_CLASSES);
    const [floatReport, int8Report] = [report(float32), report(int8)],
      agreement = fractionEqual(float32, int8);
    const percent = (value: number | null) => value === null ? "-" : `${(100 * value).toFixed(2)} %`;
    return {
      counts: JSON.parse(JSON.stringify({
        calibrationWindows: count,
        bytes: bytes.length,
        floatBytes: floatBytes.length,
        comparedWindows: rows.length,
        float32: floatReport,
        int8: int8Report,
        agreement,
      })),
      summary:
        `${bytes.length} bytes (float32 ${floatBytes.length}), accuracy ${percent(int8Report.accuracy)} ` +
        `(float32 ${percent(floatReport.accuracy)}), same class on ${
          percent(agreement)
        } of ${rows.length} windows`,
    };
  },
});
