import {
  bytesOf,
  type OptionValue,
  type TfliteModel,
  type TfliteOperator,
  type TfliteTensor,
} from "../formats/tflite/graph.ts";

/** Adds tensors and operators to a TFLite graph. */
export interface GraphBuilder {
  readonly model: TfliteModel;
  /** @returns The tensor's index. */
  tensor(tensor: TfliteTensor): number;
  /** Adds a FLOAT32 activation. @returns Its index. */
  activation(name: string, shape: number[]): number;
  /** Adds a FLOAT32 constant. @returns Its index. */
  floatConstant(name: string, shape: number[], values: Float32Array): number;
  /** Adds an INT32 vector, such as a shape or axes. @returns Its index. */
  intConstant(name: string, values: number[]): number;
  /** Adds an INT32 constant. @returns Its index. */
  intTensor(name: string, shape: number[], values: number[]): number;
  operator(operator: TfliteOperator): void;
}

/** Options of an operator of the graph: the member of BuiltinOptions and its fields. */
export type OperatorOptions = { optionsType: string; options: Record<string, OptionValue> };

/** @returns A builder of an empty graph. */
export function createGraphBuilder(description: string): GraphBuilder {
  const model: TfliteModel = {
    description,
    name: "main",
    tensors: [],
    operators: [],
    inputs: [],
    outputs: [],
    metadata: [],
    signatures: [],
  };
  const tensor = (added: TfliteTensor) => model.tensors.push(added) - 1;
  const intTensor = (name: string, shape: number[], values: number[]) =>
    tensor({ name, type: "INT32", shape, data: bytesOf(Int32Array.from(values)) });
  return {
    model,
    tensor,
    activation: (name, shape) => tensor({ name, type: "FLOAT32", shape }),
    floatConstant: (name, shape, values) => tensor({ name, type: "FLOAT32", shape, data: bytesOf(values) }),
    intTensor,
    intConstant: (name, values) => intTensor(name, [values.length], values),
    operator: (added) => {
      model.operators.push(added);
    },
  };
}
