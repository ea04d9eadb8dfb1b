/** model.h5 -> model.tflite (float32), held against the reference forward pass in the TFLite library. */
import { decodeKerasModel } from "./lib/artefacts/keras_model.ts";
import { readWindowSet, type WindowSet } from "./lib/artefacts/window_set.ts";
import { checkConvertible, convertToTflite } from "./lib/convert/convert.ts";
import { StageError } from "./lib/core/errors.ts";
import { encodeTflite } from "./lib/formats/tflite/writer.ts";
import { maxAbsDifference } from "./lib/metrics/agreement.ts";
import { forward } from "./lib/nn/forward.ts";
import type { Model, Weights } from "./lib/nn/model.ts";
import { spreadRows } from "./lib/runtime/run_windows.ts";
import { openTfliteLibrary } from "./lib/runtime/tflite_ffi.ts";
import { STAGES } from "./lib/stage/catalogue.ts";
import { runStage } from "./lib/stage/run.ts";

/** Largest difference of a probability that float32 arithmetic in another order explains. */
const MAX_FLOAT_ERROR = 1e-5;

/** @returns The largest difference between the .tflite and the reference over all probabilities of some windows. */
function compareWithReference(
  bytes: Uint8Array,
  { model, weights }: { model: Model; weights: Weights },
  { windows, windowSamples, labels }: WindowSet,
  checkWindows: number,
): { maxError: number; windows: number } {
  using interpreter = openTfliteLibrary().createInterpreter(bytes, { file: "model.tflite" });
  let maxError = 0;
  const rows = spreadRows(labels.length, checkWindows);
  for (const row of rows) {
    const window = windows.subarray(row * windowSamples, (row + 1) * windowSamples);
    maxError = Math.max(
      maxError,
      maxAbsDifference(interpreter.run(window), forward(model, weights, window, 1)),
    );
  }
  return { maxError, windows: rows.length };
}

await runStage(STAGES.convert, {
  async run(context) {
    const trained = await decodeKerasModel(
      context.read(`04_train/${context.variant}`, "model.h5"),
      "model.h5",
    );
    const description = `ECG beat classifier ${context.variant}${
      context.synthetic ? ", trained on synthetic ECG" : ""
    }`;
    checkConvertible(context.variant!, trained.model, "leave it out: --model with the names of the others");
    const graph = convertToTflite(trained.model, trained.weights, { description });
    const bytes = encodeTflite(graph);
    // A split may be empty when there are few patients; the training windows always exist.
    const set = ["test", "train"].map((split) => readWindowSet(context, split)).find(({ labels }) =>
      labels.length > 0
    )!;
    const check = compareWithReference(bytes, trained, set, context.params.checkWindows);
    if (!(check.maxError < MAX_FLOAT_ERROR)) {
      throw new StageError(
        `Cannot convert ${context.variant}: the .tflite must agree with the reference within ${MAX_FLOAT_ERROR}, ` +
          `got ${check.maxError}`,
      );
    }
    context.write("model.tflite", bytes);
    return {
      counts: {
        bytes: bytes.length,
        operators: graph.operators.map(({ operator }) => operator),
        checkedWindows: check.windows,
        maxError: check.maxError,
      },
      summary:
        `${bytes.length} bytes, ${graph.operators.length} operators, max error ${
          check.maxError.toExponential(1)
        } ` +
        `on ${check.windows} windows`,
    };
  },
});
