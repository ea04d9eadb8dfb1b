import { renumberSignatures, type TfliteModel, type TfliteOperator } from "../formats/tflite/graph.ts";

/** Versions whose kernels turn float32 into int8 and back. */
const QUANTIZE_VERSION = 1, DEQUANTIZE_VERSION = 2;

/**
 * Gives an int8 graph float32 inputs and outputs: QUANTIZE behind each int8 input, DEQUANTIZE before each int8 output.
 *
 * The float tensors have the names that the caller knows, the integers behind them "<name>_int8", as in the files of
 * TensorFlow's converter.
 *
 * @param graph Left as it is.
 */
export function addFloatEnds(graph: TfliteModel): TfliteModel {
  const tensors = graph.tensors.map((tensor) => ({ ...tensor }));
  const floats = new Map<number, number>();
  const addFloat = (index: number): number => {
    const known = floats.get(index);
    if (known !== undefined) return known;
    const { name, shape, shapeSignature } = tensors[index];
    tensors[index].name = `${name}_int8`;
    const added = tensors.push({ name, type: "FLOAT32", shape, shapeSignature }) - 1;
    floats.set(index, added);
    return added;
  };
  const isInt8 = (index: number) => graph.tensors[index].type === "INT8";
  const conversions = (ends: readonly number[], operator: string, version: number): TfliteOperator[] =>
    [...new Set(ends)].filter(isInt8).map((index) => {
      const pair = [addFloat(index), index];
      const [input, output] = operator === "QUANTIZE" ? pair : pair.toReversed();
      return { operator, version, inputs: [input], outputs: [output] };
    });
  const before = conversions(graph.inputs, "QUANTIZE", QUANTIZE_VERSION);
  const behind = conversions(graph.outputs, "DEQUANTIZE", DEQUANTIZE_VERSION);
  const outside = (index: number) => floats.get(index) ?? index;
  return {
    ...graph,
    tensors,
    operators: [...before, ...graph.operators, ...behind],
    inputs: graph.inputs.map(outside),
    outputs: graph.outputs.map(outside),
    signatures: renumberSignatures(graph.signatures, outside),
  };
}
