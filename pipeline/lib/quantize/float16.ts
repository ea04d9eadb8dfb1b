import { bytesOf, float32Elements, type TfliteModel, type TfliteOperator } from "../formats/tflite/graph.ts";

/** The version whose kernel reads FLOAT16. */
const DEQUANTIZE_VERSION = 3;
/** Greatest number of half precision. */
const FLOAT16_MAX = 65504;

/**
 * Stores every FLOAT32 constant as half precision; a DEQUANTIZE of each, which the interpreter computes once, gives it
 * back as float32.
 *
 * Values are rounded to the nearest, ties to even; those beyond half precision become its greatest.
 *
 * Source: QuantizeTensorFloat16 in tensorflow/lite/tools/optimize/quantization_utils.cc.
 *
 * @param floatGraph Left as it is.
 */
export function quantizeToFloat16(floatGraph: TfliteModel): TfliteModel {
  const tensors = floatGraph.tensors.map((tensor) => ({ ...tensor }));
  const conversions: TfliteOperator[] = [];
  for (const [index, { name, type, data }] of floatGraph.tensors.entries()) {
    if (type !== "FLOAT32" || data === undefined) continue;
    const halves = Float16Array.from(
      float32Elements(data),
      (value) => Math.min(Math.max(value, -FLOAT16_MAX), FLOAT16_MAX),
    );
    const stored = tensors.push({
      ...tensors[index],
      name: `${name}_float16`,
      type: "FLOAT16",
      data: bytesOf(halves),
    }) - 1;
    delete tensors[index].data;
    conversions.push({
      operator: "DEQUANTIZE",
      version: DEQUANTIZE_VERSION,
      inputs: [stored],
      outputs: [index],
    });
  }
  return { ...floatGraph, tensors, operators: [...conversions, ...floatGraph.operators] };
}
