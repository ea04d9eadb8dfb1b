import { ACTIVATION, PADDING } from "../formats/tflite/schema.ts";
import type { GraphBuilder, OperatorOptions } from "./graph_builder.ts";

/** Name and shape of the tensor that an operator writes. */
export interface NamedShape {
  name: string;
  /** With the batch axis. */
  shape: readonly number[];
}

interface Operation extends NamedShape {
  operator: string;
  /** Tensor indices. */
  inputs: number[];
  options?: OperatorOptions;
  version?: number;
}

/** Adds an operator with one output. @returns The output's index. */
function addOperation(
  graph: GraphBuilder,
  { operator, inputs, name, shape, options, version = 1 }: Operation,
): number {
  const output = graph.activation(name, [...shape]);
  graph.operator({ operator, version, inputs, outputs: [output], ...options });
  return output;
}

/** @returns The shape of a tensor, with the batch axis. */
export const shapeOf = (graph: GraphBuilder, tensor: number): number[] => graph.model.tensors[tensor].shape;

/** Adds a RESHAPE. @returns The output's index. */
export function reshape(graph: GraphBuilder, input: number, { name, shape }: NamedShape): number {
  const target = graph.intConstant(`${name}/shape`, [...shape]);
  return addOperation(graph, {
    operator: "RESHAPE",
    inputs: [input, target],
    name,
    shape,
    options: { optionsType: "ReshapeOptions", options: { newShape: [...shape] } },
  });
}

/** Adds a TRANSPOSE. @returns The output's index. */
export function transpose(
  graph: GraphBuilder,
  input: number,
  { name, axes }: { name: string; axes: readonly number[] },
): number {
  const shape = shapeOf(graph, input), order = graph.intConstant(`${name}/axes`, [...axes]);
  return addOperation(graph, {
    operator: "TRANSPOSE",
    inputs: [input, order],
    name,
    shape: axes.map((axis) => shape[axis]),
    options: { optionsType: "TransposeOptions", options: {} },
  });
}

/** Adds a REVERSE_V2 along one axis. @returns The output's index. */
export function reverse(
  graph: GraphBuilder,
  input: number,
  { name, axis }: { name: string; axis: number },
): number {
  const axes = graph.intConstant(`${name}/axes`, [axis]);
  return addOperation(graph, {
    operator: "REVERSE_V2",
    inputs: [input, axes],
    name,
    shape: shapeOf(graph, input),
    options: { optionsType: "ReverseV2Options", options: {} },
  });
}

/** Operators that work on each value by itself. */
const UNARY_OPTIONS: Record<"RELU" | "RELU6" | "LOGISTIC" | "TANH" | "SOFTMAX", OperatorOptions | undefined> =
  {
    RELU: undefined,
    RELU6: undefined,
    LOGISTIC: undefined,
    TANH: undefined,
    SOFTMAX: { optionsType: "SoftmaxOptions", options: { beta: 1 } },
  };

/** Operators with one input and an output of the same shape. */
export type UnaryOperator = keyof typeof UNARY_OPTIONS;

/** Adds an operator of one input; SOFTMAX works along the last axis. @returns The output's index. */
export function unary(graph: GraphBuilder, operator: UnaryOperator, input: number, name: string): number {
  return addOperation(graph, {
    operator,
    inputs: [input],
    name,
    shape: shapeOf(graph, input),
    options: UNARY_OPTIONS[operator],
  });
}

/** Adds a LEAKY_RELU. @param slope What it multiplies values below 0 by. @returns The output's index. */
export function leakyRelu(
  graph: GraphBuilder,
  input: number,
  { name, slope }: { name: string; slope: number },
): number {
  return addOperation(graph, {
    operator: "LEAKY_RELU",
    inputs: [input],
    name,
    shape: shapeOf(graph, input),
    options: { optionsType: "LeakyReluOptions", options: { alpha: Math.fround(slope) } },
  });
}

const NO_ACTIVATION = { fusedActivationFunction: ACTIVATION.NONE };
const BINARY_OPTIONS: Record<"ADD" | "SUB" | "MUL", OperatorOptions> = {
  ADD: { optionsType: "AddOptions", options: { ...NO_ACTIVATION, potScaleInt16: true } },
  SUB: { optionsType: "SubOptions", options: { ...NO_ACTIVATION, potScaleInt16: true } },
  MUL: { optionsType: "MulOptions", options: NO_ACTIVATION },
};

/** Adds an operator of two inputs, whose axes of size 1 are spread over the other's. @returns The output's index. */
export function binary(
  graph: GraphBuilder,
  operator: keyof typeof BINARY_OPTIONS,
  inputs: [number, number],
  output: NamedShape,
): number {
  return addOperation(graph, {
    operator,
    inputs,
    ...output,
    options: { ...BINARY_OPTIONS[operator], options: { ...BINARY_OPTIONS[operator].options } },
  });
}

/** Adds a CONCATENATION. @param axis Counted from 0, the batch. @returns The output's index. */
export function concatenate(
  graph: GraphBuilder,
  inputs: readonly number[],
  { axis, name, shape }: NamedShape & { axis: number },
): number {
  return addOperation(graph, {
    operator: "CONCATENATION",
    inputs: [...inputs],
    name,
    shape,
    options: { optionsType: "ConcatenationOptions", options: { axis, ...NO_ACTIVATION } },
  });
}

/** Adds a SPLIT into equal parts along an axis. @returns The outputs' indices, as many as names. */
export function split(
  graph: GraphBuilder,
  input: number,
  { axis, axisName, names }: { axis: number; axisName: string; names: readonly string[] },
): number[] {
  const shape = shapeOf(graph, input), parts = names.length;
  const outputs = names.map((name) => graph.activation(name, shape.with(axis, shape[axis] / parts)));
  graph.operator({
    operator: "SPLIT",
    version: 1,
    inputs: [graph.intConstant(axisName, [axis]), input],
    outputs,
    optionsType: "SplitOptions",
    options: { numSplits: parts },
  });
  return outputs;
}

/** Which part of each axis a STRIDED_SLICE takes; an axis of which it takes all has no entry. */
interface Slice extends NamedShape {
  /** By axis; -1 is the last index. */
  from: readonly (number | undefined)[];
  to: readonly (number | undefined)[];
  /** The axis of which one index is taken; it is gone then. */
  dropped?: number;
}

function slice(graph: GraphBuilder, input: number, { name, shape, from, to, dropped }: Slice): number {
  const constant = (what: string, values: readonly number[]) =>
    graph.intConstant(`${name}/${what}`, [...values]);
  const maskOf = (bounds: readonly (number | undefined)[]) =>
    bounds.reduce<number>((mask, bound, axis) => bound === undefined ? mask | 1 << axis : mask, 0);
  const begin = constant("begin", from.map((bound) => bound ?? 0));
  const end = constant("end", to.map((bound) => bound ?? 0));
  const strides = constant("strides", from.map(() => 1));
  return addOperation(graph, {
    operator: "STRIDED_SLICE",
    inputs: [input, begin, end, strides],
    name,
    shape,
    options: {
      optionsType: "StridedSliceOptions",
      options: {
        beginMask: maskOf(from),
        endMask: maskOf(to),
        ellipsisMask: 0,
        newAxisMask: 0,
        shrinkAxisMask: dropped === undefined ? 0 : 1 << dropped,
      },
    },
  });
}

/** Adds a STRIDED_SLICE that takes the last step of [batch, time, channels]. @returns [batch, channels]. */
export function lastStep(graph: GraphBuilder, sequence: number, name: string): number {
  const [batch, , channels] = shapeOf(graph, sequence);
  return slice(graph, sequence, {
    name,
    shape: [batch, channels],
    from: [undefined, -1, undefined],
    to: [undefined, 0, undefined],
    dropped: 1,
  });
}

/** Adds a STRIDED_SLICE that takes the first columns of a matrix. @returns [rows, count]. */
export function firstColumns(
  graph: GraphBuilder,
  matrix: number,
  { name, count }: { name: string; count: number },
): number {
  const [rows] = shapeOf(graph, matrix);
  return slice(graph, matrix, {
    name,
    shape: [rows, count],
    from: [undefined, 0],
    to: [undefined, count],
  });
}

/** Adds a PAD with zeros. @param paddings Before and behind each axis. @returns The output's index. */
export function pad(
  graph: GraphBuilder,
  input: number,
  { name, paddings }: { name: string; paddings: readonly (readonly [number, number])[] },
): number {
  const amounts = graph.intTensor(`${name}/paddings`, [paddings.length, 2], paddings.flat());
  return addOperation(graph, {
    operator: "PAD",
    inputs: [input, amounts],
    name,
    shape: shapeOf(graph, input).map((size, axis) => size + paddings[axis][0] + paddings[axis][1]),
    options: { optionsType: "PadOptions", options: {} },
  });
}

/** Adds a MEAN over some axes, which are gone then. @returns The output's index. */
export function mean(
  graph: GraphBuilder,
  input: number,
  { name, axes }: { name: string; axes: readonly number[] },
): number {
  return addOperation(graph, {
    operator: "MEAN",
    inputs: [input, graph.intConstant(`${name}/axes`, [...axes])],
    name,
    shape: shapeOf(graph, input).filter((_, axis) => !axes.includes(axis)),
    options: { optionsType: "ReducerOptions", options: { keepDims: false } },
  });
}

/** A layer's weights as constants of the graph. */
export interface WeightTensors {
  kernel: number;
  bias: number;
}

/** Adds a FULLY_CONNECTED. @param input [rows, features]. @param weights Kernel [units, features], bias [units]. */
export function fullyConnected(
  graph: GraphBuilder,
  input: number,
  { kernel, bias, name }: WeightTensors & { name: string },
): number {
  return addOperation(graph, {
    operator: "FULLY_CONNECTED",
    inputs: [input, kernel, bias],
    name,
    shape: [shapeOf(graph, input)[0], shapeOf(graph, kernel)[0]],
    options: {
      optionsType: "FullyConnectedOptions",
      options: { ...NO_ACTIVATION, weightsFormat: 0, keepNumDims: false, asymmetricQuantizeInputs: false },
    },
  });
}

type HeightAndWidth = readonly [height: number, width: number];

/** How a window slides over an image [batch, height, width, channels]; SAME pads like Keras: what is odd goes to the end. */
export interface Sliding {
  strides: HeightAndWidth;
  padding: "same" | "valid";
  /** Default 1, 1. */
  dilation?: HeightAndWidth;
}

function slidingOptions({ strides, padding }: Sliding) {
  return {
    padding: padding === "same" ? PADDING.SAME : PADDING.VALID,
    strideW: strides[1],
    strideH: strides[0],
  };
}

function slidShape(
  input: number[],
  filter: HeightAndWidth,
  { strides, padding, dilation = [1, 1] }: Sliding,
) {
  return [0, 1].map((i) => {
    const span = padding === "same" ? 1 : (filter[i] - 1) * dilation[i] + 1;
    return Math.floor((input[1 + i] - span) / strides[i]) + 1;
  });
}

/** Adds a CONV_2D. @param weights Kernel [filters, height, width, channels], bias [filters]. @returns The output's index. */
export function convolve(
  graph: GraphBuilder,
  input: number,
  { kernel, bias, name, ...sliding }: WeightTensors & Sliding & { name: string },
): number {
  const shape = shapeOf(graph, input), [filters, height, width] = shapeOf(graph, kernel);
  const { dilation = [1, 1] } = sliding;
  return addOperation(graph, {
    operator: "CONV_2D",
    inputs: [input, kernel, bias],
    name,
    shape: [shape[0], ...slidShape(shape, [height, width], sliding), filters],
    options: {
      optionsType: "Conv2DOptions",
      options: {
        ...slidingOptions(sliding),
        ...NO_ACTIVATION,
        dilationWFactor: dilation[1],
        dilationHFactor: dilation[0],
      },
    },
  });
}

/**
 * Adds a DEPTHWISE_CONV_2D. @param weights Kernel [1, height, width, channels x multiplier], bias [channels x multiplier].
 *
 * @returns The output's index.
 */
export function convolveDepthwise(
  graph: GraphBuilder,
  input: number,
  { kernel, bias, name, ...sliding }: WeightTensors & Sliding & { name: string },
): number {
  const shape = shapeOf(graph, input), [, height, width, filters] = shapeOf(graph, kernel);
  const { dilation = [1, 1] } = sliding;
  return addOperation(graph, {
    operator: "DEPTHWISE_CONV_2D",
    inputs: [input, kernel, bias],
    name,
    shape: [shape[0], ...slidShape(shape, [height, width], sliding), filters],
    // Source: tensorflow/lite/tools/versioning/op_version.cc: dilation came with version 2.
    version: dilation.some((factor) => factor > 1) ? 2 : 1,
    options: {
      optionsType: "DepthwiseConv2DOptions",
      options: {
        ...slidingOptions(sliding),
        depthMultiplier: filters / shape[3],
        ...NO_ACTIVATION,
        dilationWFactor: dilation[1],
        dilationHFactor: dilation[0],
      },
    },
  });
}

/** Adds a MAX_POOL_2D or AVERAGE_POOL_2D; padding takes no part in either. @returns The output's index. */
export function pool(
  graph: GraphBuilder,
  operator: "MAX_POOL_2D" | "AVERAGE_POOL_2D",
  input: number,
  { name, filter, ...sliding }: Sliding & { name: string; filter: HeightAndWidth },
): number {
  const shape = shapeOf(graph, input);
  return addOperation(graph, {
    operator,
    inputs: [input],
    name,
    shape: [shape[0], ...slidShape(shape, filter, sliding), shape[3]],
    options: {
      optionsType: "Pool2DOptions",
      options: {
        ...slidingOptions(sliding),
        filterWidth: filter[1],
        filterHeight: filter[0],
        ...NO_ACTIVATION,
      },
    },
  });
}
