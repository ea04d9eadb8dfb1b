import assert from "node:assert/strict";
import { createRng } from "../core/rng.ts";
import { FormatError } from "../core/errors.ts";
import type { TfliteModel } from "../formats/tflite/graph.ts";
import { decodeTflite } from "../formats/tflite/reader.ts";
import { smallModel } from "../formats/tflite/test_models.ts";
import { encodeTflite } from "../formats/tflite/writer.ts";
import { MODEL_METADATA, readModelMetadata, withModelMetadata } from "./model_metadata.ts";
import { SIGNAL_FORM } from "./test_signal_form.ts";

const TOLD = {
  model: "cnn",
  source: { file: "model.h5", sha256: "0".repeat(64) },
  beats: {
    study: "inter-patient",
    synthetic: false,
    labels: ["N", "S"],
    signal: SIGNAL_FORM,
    trainingData: { windows: 3, sha256: "1".repeat(64) },
  },
};

Deno.test("readModelMetadata() gives back what withModelMetadata() put into a file, beside other entries", () => {
  const graph = decodeTflite(encodeTflite(withModelMetadata(smallModel(), TOLD)));
  assert.deepEqual(graph.metadata.map(({ name }) => name), ["min_runtime_version", MODEL_METADATA]);
  const { inputs, ...told } = readModelMetadata(graph, "model.tflite")!;
  assert.deepEqual(inputs, [{ name: "input", content: "window" }]);
  assert.deepEqual(told, { schemaVersion: 1, toolchain: "0.1.0-dev", ...TOLD });
  assert.equal(readModelMetadata(smallModel(), "model.tflite"), undefined);
});

Deno.test("withModelMetadata() says which input the host fills in reverse, and nothing of beats for other models", () => {
  const graph = smallModel();
  graph.tensors.push({ name: "input_reversed", type: "FLOAT32", shape: [1, 1, 4, 1] });
  graph.inputs.push(graph.tensors.length - 1);
  const metadata = readModelMetadata(
    withModelMetadata(graph, { ...TOLD, beats: undefined }),
    "model.tflite",
  )!;
  assert.deepEqual(metadata.inputs.map(({ content }) => content), ["window", "reversed"]);
  assert.equal(metadata.beats, undefined);
});

Deno.test("readModelMetadata() answers damaged entries with a FormatError", () => {
  const rng = createRng(4), { metadata } = withModelMetadata(smallModel(), TOLD), whole = metadata[1].data;
  for (let i = 0; i < 500; i++) {
    const data = whole.slice(0, rng.uniform() < 0.5 ? undefined : rng.integer(whole.length));
    if (data.length > 0) data[rng.integer(data.length)] = rng.integer(256);
    const damaged: Pick<TfliteModel, "metadata"> = { metadata: [{ name: MODEL_METADATA, data }] };
    try {
      readModelMetadata(damaged, "model.tflite");
    } catch (error) {
      assert.ok(error instanceof FormatError, String(error));
    }
  }
});
