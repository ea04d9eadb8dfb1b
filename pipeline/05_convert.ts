/** model.h5 -> model.tflite (float32), or any Keras file that is named, held against the reference forward pass in the TFLite library. */
import { decodeKerasModel } from "./lib/artefacts/keras_model.ts";
import { withModelMetadata } from "./lib/artefacts/model_metadata.ts";
import { signalFormOf } from "./lib/artefacts/signal_form.ts";
import { readWindowSet, type WindowSet } from "./lib/artefacts/window_set.ts";
import { AAMI_CLASSES } from "./lib/beats/aami.ts";
import { checkConvertible, convertToTflite } from "./lib/convert/convert.ts";
import { printChanges } from "./lib/convert/print_changes.ts";
import { StageError } from "./lib/core/errors.ts";
import { bytesOf } from "./lib/formats/tflite/graph.ts";
import { encodeTflite } from "./lib/formats/tflite/writer.ts";
import { maxAbsDifference } from "./lib/metrics/agreement.ts";
import { forward } from "./lib/nn/forward.ts";
import type { Model, Weights } from "./lib/nn/model.ts";
import { spreadRows } from "./lib/runtime/run_windows.ts";
import { openTfliteLibrary } from "./lib/runtime/tflite_ffi.ts";
import { STAGES } from "./lib/stage/catalogue.ts";
import { convertFile } from "./lib/stage/file_modes/convert.ts";
import { sha256Hex } from "./lib/stage/files.ts";
import { runStage } from "./lib/stage/run.ts";
import { COUNTS_FILE } from "./lib/stage/stage_context.ts";

/** Largest difference of a probability that float32 arithmetic in another order explains. */
const MAX_FLOAT_ERROR = 1e-5;

/**
 * @param options.batch Windows of one invocation; what a last one lacks is filled with windows from the start.
 * @returns The largest difference between the .tflite and the reference over all probabilities of some windows.
 */
function compareWithReference(
  bytes: Uint8Array,
  { model, weights }: { model: Model; weights: Weights },
  { windows, windowSamples, labels }: WindowSet,
  { checkWindows, batch }: { checkWindows: number; batch: number },
): { maxError: number; windows: number } {
  using interpreter = openTfliteLibrary().createInterpreter(bytes, { file: "model.tflite" });
  let maxError = 0;
  const rows = spreadRows(labels.length, checkWindows), together = new Float32Array(batch * windowSamples);
  for (let first = 0; first < rows.length; first += batch) {
    for (let i = 0; i < batch; i++) {
      const row = rows[(first + i) % rows.length];
      together.set(windows.subarray(row * windowSamples, (row + 1) * windowSamples), i * windowSamples);
    }
    maxError = Math.max(
      maxError,
      maxAbsDifference(interpreter.run(together), forward(model, weights, together, batch)),
    );
  }
  return { maxError, windows: rows.length };
}

await runStage(STAGES.convert, {
  // What is in the cache was not printed.
  always: ({ dumpPasses }) => dumpPasses,
  async run(context) {
    const name = context.variant!, { synthetic, params } = context;
    const kerasBytes = context.read(`04_train/${name}`, "model.h5");
    const trained = await decodeKerasModel(kerasBytes, "model.h5");
    checkConvertible(name, trained.model, "leave it out: --model with the names of the others");
    const batch = params.batch === "dynamic" ? params.batch : Number(params.batch), passes: string[] = [];
    const graph = convertToTflite(trained.model, trained.weights, {
      description: `ECG beat classifier ${name}${synthetic ? ", trained on synthetic ECG" : ""}`,
      batch,
      bidirectional: params.bidirectional as "reverse-op" | "two-inputs",
      onPass: params.dumpPasses ? printChanges((line) => passes.push(line)) : undefined,
    });
    const train = readWindowSet(context, "train"), test = readWindowSet(context, "test");
    const bytes = encodeTflite(withModelMetadata(graph, {
      model: name,
      source: { file: "model.h5", sha256: sha256Hex(kerasBytes) },
      beats: {
        study: context.study,
        synthetic,
        labels: [...AAMI_CLASSES],
        signal: signalFormOf(context.readJson("03_window", COUNTS_FILE)),
        trainingData: { windows: train.labels.length, sha256: sha256Hex(bytesOf(train.windows)) },
      },
    }));
    // A split may be empty when there are few patients; the training windows always exist.
    const check = compareWithReference(bytes, trained, test.labels.length > 0 ? test : train, {
      checkWindows: params.checkWindows,
      batch: batch === "dynamic" ? 1 : batch,
    });
    if (!(check.maxError < MAX_FLOAT_ERROR)) {
      throw new StageError(
        `Cannot convert ${name}: the .tflite must agree with the reference within ${MAX_FLOAT_ERROR}, ` +
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
      table: params.dumpPasses ? passes.join("\n") : undefined,
      summary:
        `${bytes.length} bytes, ${graph.operators.length} operators, max error ${
          check.maxError.toExponential(1)
        } ` +
        `on ${check.windows} windows`,
    };
  },
}, convertFile);
