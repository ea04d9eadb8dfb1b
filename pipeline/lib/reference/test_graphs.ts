import type { Rng } from "../core/rng.ts";
import {
  bytesOf,
  elementCount,
  type OptionValue,
  type TfliteModel,
  type TfliteTensor,
} from "../formats/tflite/graph.ts";
import { OPERATOR_RULES } from "../formats/tflite/operator_rules.ts";
import { createValues, type TensorValues } from "./tensor_values.ts";

/** A tensor of a graph for tests; one without `values` is an input of the model. */
export interface TestTensor extends Partial<Omit<TfliteTensor, "shape" | "data">> {
  shape: number[];
  /** Elements of a constant. */
  values?: TensorValues;
}

/** A graph of one operator for tests. */
export interface TestOperator {
  operator: string;
  version?: number;
  /** "absent" for an optional input that is not there. */
  inputs: (TestTensor | "absent")[];
  outputs: TestTensor[];
  options?: Record<string, OptionValue>;
  intermediates?: TestTensor[];
}

/** @returns The graph with its tensors named "input0", "output0" ... */
export function operatorGraph(test: TestOperator): TfliteModel {
  const tensors: TfliteTensor[] = [];
  const add = (name: string, { values, ...tensor }: TestTensor): number =>
    tensors.push({
      name,
      type: "FLOAT32",
      ...tensor,
      ...(values === undefined ? {} : { data: bytesOf(values) }),
    }) - 1;
  const inputs = test.inputs.map((input, i) => input === "absent" ? -1 : add(`input${i}`, input));
  const outputs = test.outputs.map((output, i) => add(`output${i}`, output));
  const intermediates = test.intermediates?.map((tensor, i) => add(`intermediate${i}`, tensor));
  return {
    description: "a test",
    name: "main",
    tensors,
    operators: [{
      operator: test.operator,
      version: test.version ?? 1,
      inputs,
      outputs,
      optionsType: OPERATOR_RULES[test.operator]?.options,
      options: test.options,
      intermediates,
    }],
    inputs: inputs.filter((index) =>
      index !== -1 && tensors[index].data === undefined && !tensors[index].isVariable
    ),
    outputs,
    metadata: [],
    signatures: [],
  };
}

/** @returns An INT32 constant of one axis: a shape, axes, paddings. */
export function integers(...values: number[]): TestTensor {
  return { type: "INT32", shape: [values.length], values: Int32Array.from(values) };
}

/** @returns A FLOAT32 constant of normal values. */
export function normalConstant(rng: Rng, ...shape: number[]): TestTensor {
  return { shape, values: Float32Array.from({ length: elementCount(shape) }, () => rng.normal()) };
}

/** @returns Options of a convolution: "same" padding, strides and dilation of 1, no activation, but for those given. */
export const convOptions = (options: Record<string, number> = {}) => ({
  padding: 0,
  strideH: 1,
  strideW: 1,
  fusedActivationFunction: 0,
  dilationHFactor: 1,
  dilationWFactor: 1,
  ...options,
});

/** @returns Options of a pooling: "same" padding, a window and strides of 1, no activation, but for those given. */
export const poolOptions = (options: Record<string, number>) => ({
  padding: 0,
  strideH: 1,
  strideW: 1,
  filterHeight: 1,
  filterWidth: 1,
  fusedActivationFunction: 0,
  ...options,
});

/** @returns Options of a FULLY_CONNECTED: no activation, all values in one row, but for those given. */
export const denseOptions = (options: Record<string, number | boolean> = {}) => ({
  fusedActivationFunction: 0,
  weightsFormat: 0,
  keepNumDims: false,
  asymmetricQuantizeInputs: false,
  ...options,
});

/** @returns Options of a UNIDIRECTIONAL_SEQUENCE_LSTM over [batch, steps, channels] with tanh. @param cellClip 0: none. */
export const lstmOptions = (cellClip = 0) => ({
  fusedActivationFunction: 4,
  cellClip,
  projClip: 0,
  timeMajor: false,
  asymmetricQuantizeInputs: false,
});

/** @returns Random values for each input of a model: normal reals, or integers over the type's range. */
export function randomInputs(model: TfliteModel, rng: Rng): TensorValues[] {
  return model.inputs.map((index) => {
    const values = createValues(model.tensors[index]);
    if (values instanceof BigInt64Array) throw new TypeError("no test reads INT64");
    const isReal = values instanceof Float32Array;
    for (let i = 0; i < values.length; i++) values[i] = isReal ? rng.normal() : rng.integer(256) - 128;
    return values;
  });
}
