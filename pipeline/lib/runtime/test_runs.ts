import type { TfliteModel } from "../formats/tflite/graph.ts";
import { encodeTflite } from "../formats/tflite/writer.ts";
import { openTfliteLibrary, type TensorArray } from "./tflite_ffi.ts";

/**
 * Runs a graph once in the native library, from zero states, for tests that compare with it.
 *
 * @param inputs In the order of the model's inputs.
 * @returns The outputs in the order of the model's.
 */
export function runNative(model: TfliteModel, inputs: readonly TensorArray[]): TensorArray[] {
  using interpreter = openTfliteLibrary().createInterpreter(encodeTflite(model));
  interpreter.resetState();
  inputs.forEach((values, i) => interpreter.setInput(i, values));
  interpreter.invoke();
  return interpreter.outputs.map((_, i) => interpreter.output(i));
}
