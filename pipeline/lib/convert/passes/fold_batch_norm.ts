import { bytesOf, float32Elements, type TfliteOperator } from "../../formats/tflite/graph.ts";
import { PADDING } from "../../formats/tflite/schema.ts";
import { samePadding } from "./fold_padding.ts";
import { editGraph, type GraphEditor, isPlain } from "./graph_editor.ts";
import type { Pass } from "./pass.ts";

/** Where a product's channels stand in its weights: the output channel changes with `axis`. */
const WEIGHTED: Record<string, { outputAxis: number }> = {
  CONV_2D: { outputAxis: 0 },
  DEPTHWISE_CONV_2D: { outputAxis: 3 },
  FULLY_CONNECTED: { outputAxis: 0 },
};

/**
 * Folds MUL and ADD by a constant a channel, which is what a BatchNormalization is lowered to, into the weights and bias
 * of the convolution or dense layer before or behind it.
 *
 * An ADD before a convolution that pads with zeros stays: the padding would have to hold the constant.
 */
export const foldBatchNorm: Pass = (graph) => {
  const editor = editGraph(graph);
  for (const operator of editor.operators()) {
    if (operator.operator === "MUL" || operator.operator === "ADD") foldBehind(operator, editor);
  }
  for (const operator of [...editor.operators()].reverse()) {
    if (operator.operator === "MUL" || operator.operator === "ADD") foldBefore(operator, editor);
  }
  return editor.finish();
};

/** @returns The activation and the constant of a MUL or ADD by one number or one a channel of its input. */
function affineParts(
  operator: TfliteOperator,
  editor: GraphEditor,
): { input: number; constant: Float32Array } | undefined {
  const [a, b] = operator.inputs;
  for (const [input, constant] of [[a, editor.vectorOf(b)], [b, editor.vectorOf(a)]] as const) {
    const channels = editor.shapeOf(input).at(-1);
    if (constant !== undefined && (constant.length === 1 || constant.length === channels)) {
      return { input, constant };
    }
  }
  return undefined;
}

/** Folds an operator into the product that it reads. */
function foldBehind(operator: TfliteOperator, editor: GraphEditor): void {
  const parts = affineParts(operator, editor);
  if (parts === undefined || editor.onlyReaderOf(parts.input) !== operator) return;
  const product = editor.producerOf(parts.input);
  if (product === undefined || !isPlain(product)) return;
  const weights = weightsOf(product, editor);
  if (weights === undefined) return;
  const { constant } = parts, at = (channel: number) => constant[channel % constant.length];
  if (operator.operator === "ADD") {
    weights.bias.forEach((value, channel) => weights.bias[channel] = value + at(channel));
  } else {
    weights.bias.forEach((value, channel) => weights.bias[channel] = value * at(channel));
    weights.kernel.forEach((value, i) => weights.kernel[i] = value * at(weights.outputOf(i)));
  }
  replaceWeights(product, weights, editor);
  // What was fused into the operator is now the product's.
  product.options!.fusedActivationFunction = operator.options!.fusedActivationFunction;
  const [output] = operator.outputs;
  editor.remove(operator);
  editor.setOutput(product, output);
}

/** Folds an operator into the product that reads it, also through a RESHAPE, whose last axis repeats the channels. */
function foldBefore(operator: TfliteOperator, editor: GraphEditor): void {
  const parts = affineParts(operator, editor), [output] = operator.outputs;
  if (parts === undefined || !isPlain(operator)) return;
  let reader = editor.onlyReaderOf(output), place = operator.outputs[0];
  const reshape = reader?.operator === "RESHAPE" ? reader : undefined;
  if (reshape) {
    [place] = reshape.outputs;
    reader = editor.onlyReaderOf(place);
  }
  if (reader === undefined || reader.inputs[0] !== place) return;
  const weights = weightsOf(reader, editor), { constant } = parts;
  const features = editor.shapeOf(place).at(-1)!;
  if (weights === undefined || features % constant.length !== 0) return;
  if (reader.operator === "FULLY_CONNECTED" && features !== editor.shapeOf(reader.inputs[1])[1]) return;
  const at = (index: number) => constant[weights.inputOf(index) % constant.length];
  if (operator.operator === "MUL") {
    weights.kernel.forEach((value, i) => weights.kernel[i] = value * at(i));
  } else {
    if (padsWithZeros(reader, editor)) return;
    weights.kernel.forEach((value, i) => weights.bias[weights.outputOf(i)] += value * at(i));
  }
  replaceWeights(reader, weights, editor);
  editor.setInput(reshape ?? reader, 0, parts.input);
  editor.remove(operator);
}

function padsWithZeros(operator: TfliteOperator, editor: GraphEditor): boolean {
  if (operator.operator === "FULLY_CONNECTED" || operator.options!.padding === PADDING.VALID) return false;
  const input = editor.shapeOf(operator.inputs[0]), filter = editor.shapeOf(operator.inputs[1]);
  return (["H", "W"] as const).some((side, i) =>
    samePadding(operator, side, { size: input[1 + i], filter: filter[1 + i] }).total > 0
  );
}

/** The weights of a product on their way to other values. */
interface ProductWeights {
  /** In float64, so that several factors round once. */
  kernel: Float64Array;
  bias: Float64Array;
  /** @returns The output channel of a value of the kernel. */
  outputOf(index: number): number;
  /** @returns The input channel of a value of the kernel. */
  inputOf(index: number): number;
}

function weightsOf(operator: TfliteOperator, editor: GraphEditor): ProductWeights | undefined {
  const layout = WEIGHTED[operator.operator], { tensors } = editor.model;
  if (layout === undefined || operator.inputs.length !== 3 || operator.inputs[2] === -1) return undefined;
  const [, kernel, bias] = operator.inputs.map((input) => tensors[input]);
  if (kernel.data === undefined || bias.data === undefined || kernel.type !== "FLOAT32") return undefined;
  const { shape } = kernel, lastAxis = shape[shape.length - 1];
  const outputs = shape[layout.outputAxis], perOutput = float32Elements(kernel.data).length / outputs;
  const multiplier = Number(operator.options!.depthMultiplier ?? 1);
  return {
    kernel: Float64Array.from(float32Elements(kernel.data)),
    bias: Float64Array.from(float32Elements(bias.data)),
    outputOf: (index) => layout.outputAxis === 0 ? Math.floor(index / perOutput) : index % lastAxis,
    inputOf: (index) =>
      layout.outputAxis === 0 ? index % lastAxis : Math.floor(index % lastAxis / multiplier),
  };
}

/** The old constants may be other operators' as well, so these are new ones; under the old names if they are not. */
function replaceWeights(
  operator: TfliteOperator,
  { kernel, bias }: ProductWeights,
  editor: GraphEditor,
): void {
  for (const [position, values] of [[1, kernel], [2, bias]] as const) {
    const index = operator.inputs[position], old = editor.model.tensors[index];
    const tensor = { ...old, data: bytesOf(Float32Array.from(values)) };
    if (editor.onlyReaderOf(index) === operator) editor.model.tensors[index] = tensor;
    else editor.setInput(operator, position, editor.addTensor(tensor));
  }
}
