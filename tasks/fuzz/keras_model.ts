import { decodeKerasModel } from "../../pipeline/lib/artefacts/keras_model.ts";
import { convertToTflite } from "../../pipeline/lib/convert/convert.ts";
import { createRng } from "../../pipeline/lib/core/rng.ts";
import type { TfliteModel } from "../../pipeline/lib/formats/tflite/graph.ts";
import { windowInputs } from "../../pipeline/lib/formats/tflite/window_inputs.ts";
import { encodeTflite } from "../../pipeline/lib/formats/tflite/writer.ts";
import { verifyTflite } from "../../pipeline/lib/formats/tflite/verify.ts";
import { forward } from "../../pipeline/lib/nn/forward.ts";
import { outputShapes, valueCount } from "../../pipeline/lib/nn/shapes.ts";
import { createEvaluator } from "../../pipeline/lib/reference/evaluator.ts";

/** Share of the largest output that float32 arithmetic explains. */
const MAX_FLOAT_ERROR = 1e-5;
/** Largest model that is computed, in values of all its layers. */
const MAX_VALUES = 1e6;
/** Beyond it float32 overflows. */
const MAX_OUTPUT = 1e30;

/**
 * Reads a Keras model and, where it is one, converts it: what was damaged and is a model still must convert to a graph
 * that passes verification and computes what the model does.
 *
 * @throws FormatError No model. @throws Error A graph that is wrong.
 */
export async function readAndConvert(bytes: Uint8Array, file: string): Promise<void> {
  const { model, weights } = await decodeKerasModel(bytes, file);
  const shapes = outputShapes(model);
  if (shapes.values().reduce((sum, shape) => sum + valueCount(shape), 0) > MAX_VALUES) return;
  let tflite: Uint8Array;
  try {
    tflite = encodeTflite(convertToTflite(model, weights));
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("Cannot convert")) return;
    throw error;
  }
  const graph = verified(tflite), rng = createRng(1);
  const entries = model.layers.filter(({ kind }) => kind === "InputLayer");
  const values = entries.reduce((sum, { name }) => sum + valueCount(shapes.get(name)!), 0);
  const window = Float32Array.from({ length: values }, rng.normal);
  const expected = forward(model, weights, window, 1);
  const [outputs] = createEvaluator(graph).run(windowInputs(graph, window));
  const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  // Damaged weights may be huge numbers.
  if (!(largest < MAX_OUTPUT)) return;
  expected.forEach((value, i) => {
    const difference = Math.abs(value - Number(outputs[i]));
    if (!(difference <= MAX_FLOAT_ERROR * Math.max(largest, 1))) {
      throw new Error(`output ${i} must be the model's ${value}, got ${outputs[i]}`);
    }
  });
}

/** @throws Error What we wrote ourselves must pass. */
function verified(tflite: Uint8Array): TfliteModel {
  try {
    return verifyTflite(tflite);
  } catch (cause) {
    throw new Error(`what was converted must pass verification: ${(cause as Error).message}`, { cause });
  }
}
