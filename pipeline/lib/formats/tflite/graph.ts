import { TENSOR_TYPES, type TensorTypeName } from "./schema.ts";

/** How integers stand for real numbers: real = scale (integer - zeroPoint). */
export interface TfliteQuantization {
  /** One scale, or one for each index of `quantizedDimension`. */
  scale: number[];
  /** As many as `scale`. */
  zeroPoint: number[];
  /** The axis that several scales belong to. */
  quantizedDimension: number;
  /** Range seen in calibration, where the file tells it. */
  min?: number[];
  max?: number[];
}

/** A tensor: an activation, a constant (with `data`) or a state that lives from one invocation to the next. */
export interface TfliteTensor {
  name: string;
  type: TensorTypeName;
  shape: number[];
  /** The shape with -1 for the axes that may be resized. */
  shapeSignature?: number[];
  quantization?: TfliteQuantization;
  isVariable?: boolean;
  /** Little-endian elements of a constant. */
  data?: Uint8Array;
}

/** Value of one field of an operator's options. */
export type OptionValue = number | boolean | bigint | number[];

/** One operation of the graph. */
export interface TfliteOperator {
  /** Name in the schema's enum BuiltinOperator, or "CUSTOM". */
  operator: string;
  /** Name of a custom operator. */
  customCode?: string;
  version: number;
  /** Tensor indices; -1 for an optional input that is absent. */
  inputs: number[];
  /** Tensor indices. */
  outputs: number[];
  /** Member of the union BuiltinOptions, for example "Conv2DOptions"; absent for an operator without options. */
  optionsType?: string;
  /** Options by the schema's field names in camelCase; a missing field has the schema's default. */
  options?: Record<string, OptionValue>;
  /** Options of a custom operator, not interpreted. */
  customOptions?: Uint8Array;
  /** Tensor indices of an integer LSTM's intermediate scales. */
  intermediates?: number[];
}

/** A named piece of data beside the graph, for example "min_runtime_version". */
export interface TfliteMetadata {
  name: string;
  data: Uint8Array;
}

/** A name for an input or output of a signature. */
export interface TfliteTensorMap {
  name: string;
  /** Tensor index. */
  tensor: number;
}

/** A callable entry of the model. */
export interface TfliteSignature {
  key: string;
  inputs: TfliteTensorMap[];
  outputs: TfliteTensorMap[];
}

/** A .tflite file with one subgraph, as a value. */
export interface TfliteModel {
  description: string;
  /** Name of the subgraph. */
  name: string;
  tensors: TfliteTensor[];
  /** In the order of execution. */
  operators: TfliteOperator[];
  /** Tensor indices. */
  inputs: number[];
  /** Tensor indices. */
  outputs: number[];
  metadata: TfliteMetadata[];
  signatures: TfliteSignature[];
}

/** @returns Signatures with each tensor's index replaced. */
export function renumberSignatures(
  signatures: readonly TfliteSignature[],
  indexOf: (tensor: number) => number,
): TfliteSignature[] {
  const renumber = (entry: TfliteTensorMap) => ({ ...entry, tensor: indexOf(entry.tensor) });
  return signatures.map((signature) => ({
    ...signature,
    inputs: signature.inputs.map(renumber),
    outputs: signature.outputs.map(renumber),
  }));
}

/** @returns The number of elements of a tensor of this shape; 1 for []. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** @returns Bytes of a tensor of this type and shape; 0 for types whose elements have no fixed size. */
export function tensorByteSize({ type, shape }: Pick<TfliteTensor, "type" | "shape">): number {
  return TENSOR_TYPES[type].byteSize * elementCount(shape);
}

/**
 * Gives a constant's bytes for storage.
 *
 * @param values Elements in the machine's byte order; every platform that Deno runs on is little-endian.
 * @returns A view of the same memory.
 */
export function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** @returns A constant's FLOAT32 elements, copied. */
export function float32Elements(data: Uint8Array): Float32Array {
  return new Float32Array(data.slice().buffer);
}

/** @returns A constant's INT32 elements, copied. */
export function int32Elements(data: Uint8Array): Int32Array {
  return new Int32Array(data.slice().buffer);
}
