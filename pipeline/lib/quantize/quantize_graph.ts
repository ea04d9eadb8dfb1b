import type { TfliteModel } from "../formats/tflite/graph.ts";
import type { TensorTypeName } from "../formats/tflite/schema.ts";
import { quantizeDynamically } from "./dynamic_range.ts";
import { addFloatEnds } from "./float_ends.ts";
import { quantizeToFloat16 } from "./float16.ts";
import { quantizeToInt8 } from "./int8_graph.ts";
import type { Ranges } from "./ranges.ts";

/** The ways to make a model smaller, by name. */
export const QUANTIZATION_MODES = ["int8", "int8-dynamic", "float16"] as const;
/** One of {@linkcode QUANTIZATION_MODES}; {@linkcode QuantizeOptions} says what each does. */
export type QuantizationMode = typeof QUANTIZATION_MODES[number];

/** How a graph is quantized. */
export interface QuantizeOptions {
  /**
   * - `int8`: weights and activations are integers, for processors without floating point; needs ranges.
   * - `int8-dynamic`: weights are int8, activations float; what a layer reads is rounded to int8 as it runs.
   * - `float16`: weights are stored as half precision and computed with in float32.
   */
  mode: QuantizationMode;
  /** Type of inputs and outputs in the mode int8; float adds QUANTIZE and DEQUANTIZE at the ends. */
  io?: "int8" | "float";
}

const ROUNDED_TYPES: readonly TensorTypeName[] = ["INT8", "UINT8", "INT16", "FLOAT16"];

/**
 * Quantizes a float32 graph.
 *
 * @param floatGraph Left as it is.
 * @param ranges By tensor name, as `calibrate` gives them; only the mode int8 looks at them.
 * @throws RangeError A graph that is quantized already, an operator that has no form in this mode, or a tensor without
 *   range.
 */
export function quantizeGraph(
  floatGraph: TfliteModel,
  ranges: Ranges,
  { mode, io = "int8" }: QuantizeOptions,
): TfliteModel {
  checkIsFloat(floatGraph);
  switch (mode) {
    case "int8": {
      const int8 = quantizeToInt8(floatGraph, ranges);
      return io === "float" ? addFloatEnds(int8) : int8;
    }
    case "int8-dynamic":
      return quantizeDynamically(floatGraph);
    case "float16":
      return quantizeToFloat16(floatGraph);
  }
}

/** @throws RangeError A graph that is quantized already. */
export function checkIsFloat({ tensors }: TfliteModel): void {
  const rounded = tensors.find(({ type }) => ROUNDED_TYPES.includes(type));
  if (rounded === undefined) return;
  throw new RangeError(
    `Cannot quantize graph: its tensors must be FLOAT32, got ${rounded.type} for "${rounded.name}"; ` +
      "what is rounded once is not to be rounded again",
  );
}
