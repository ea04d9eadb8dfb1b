import type { TfliteQuantization, TfliteTensor } from "./graph.ts";
import type { OperatorContext } from "./operator_context.ts";
import type { TensorTypeName } from "./schema.ts";

/** @returns What is wrong with the types or quantizations of an operator's tensors, or undefined. */
export type TypeCheck = (context: OperatorContext) => string | undefined;

const QUANTIZED_TYPES: readonly TensorTypeName[] = ["INT8", "UINT8", "INT16"];

/**
 * All tensors (but the ones that steer the operator) have the same type, one of these.
 *
 * @param steering Positions of inputs that are axes, shapes and the like.
 */
export function sameType(types: readonly TensorTypeName[], steering: readonly number[] = []): TypeCheck {
  return ({ inputs, outputs }) => {
    const tensors = [
      ...inputs.filter((_, position) => !steering.includes(position)),
      ...outputs,
    ] as TfliteTensor[];
    const [{ type }] = tensors;
    if (!types.includes(type)) return `its type must be ${types.join(" or ")}, got ${type}`;
    const other = tensors.find((tensor) => tensor.type !== type);
    if (other !== undefined) return `its tensors must have one type, got ${type} and ${other.type}`;
    return undefined;
  };
}

/** Arithmetic on integers needs to know what they stand for. */
export const quantizedArithmetic = (
  types: readonly TensorTypeName[],
  steering: readonly number[] = [],
): TypeCheck => {
  const same = sameType(types, steering);
  return (context) =>
    same(context) ??
      scalesProblem([...context.inputs.filter((_, i) => !steering.includes(i)), ...context.outputs]);
};

/** Part of a step by which two scales may come apart over all integers of int8: what rounding explains. */
const MAX_DRIFT_STEPS = 0.5;

/**
 * The tensors that are not steering are all in one quantization: the kernels move, compare or average the integers as they
 * are. Those of TFLite 2.9 look at that in debug builds only (CONCATENATION and REDUCE_MAX: always) and else give an output
 * that stands for other numbers.
 *
 * @param check What else must hold. @param steering As of `sameType`.
 */
export const inOneScale = (check: TypeCheck, steering: readonly number[] = []): TypeCheck => (context) => {
  const problem = check(context);
  if (problem !== undefined) return problem;
  const [first, ...others] = [...context.inputs.filter((_, i) => !steering.includes(i)), ...context.outputs]
    .map((tensor) => tensor!).filter(({ type, quantization }) =>
      QUANTIZED_TYPES.includes(type) && (quantization?.scale.length ?? 0) > 0
    );
  const other = others.find((tensor) => !standsForSame(tensor.quantization!, first.quantization!));
  return other === undefined
    ? undefined
    : `its tensors must have one scale and zero point, because it leaves integers as they are, got ${
      describeScale(first)
    } and ${describeScale(other)}`;
};

function standsForSame(a: TfliteQuantization, b: TfliteQuantization): boolean {
  return a.scale.length === b.scale.length &&
    a.scale.every((scale, i) =>
      Math.abs(scale - b.scale[i]) * 255 <= MAX_DRIFT_STEPS * scale && a.zeroPoint[i] === b.zeroPoint[i]
    );
}

const describeScale = ({ name, quantization }: TfliteTensor): string =>
  `${quantization!.scale[0]}, ${quantization!.zeroPoint[0]} of "${name}"`;

/** Input type, output type: any of these pairs. */
export function typePairs(...pairs: readonly (readonly [TensorTypeName, TensorTypeName])[]): TypeCheck {
  return ({ inputs: [input], outputs: [output] }) => {
    if (!pairs.some(([from, to]) => input!.type === from && output.type === to)) {
      return `its types must be ${pairs.map((pair) => pair.join(" to ")).join(", ")}, got ${
        input!.type
      } to ${output.type}`;
    }
    return scalesProblem([input, output]);
  };
}

/** Types of input, weights, bias and output that the kernels of convolutions and dense layers know. */
const WEIGHTED_TYPES = [
  "FLOAT32,FLOAT32,FLOAT32,FLOAT32",
  "FLOAT32,INT8,FLOAT32,FLOAT32",
  "INT8,INT8,INT32,INT8",
];

/** Of CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED. */
export const weightedTypes: TypeCheck = ({ inputs: [input, weights, bias], outputs: [output] }) => {
  const biasType = bias?.type ?? (input!.type === "INT8" ? "INT32" : "FLOAT32");
  const types = [input!.type, weights!.type, biasType, output.type].join();
  if (!WEIGHTED_TYPES.includes(types)) {
    return `its input, weights, bias and output must be ${WEIGHTED_TYPES.join(" or ")}, got ${types}`;
  }
  if (weights!.type === "INT8") {
    if ((weights!.quantization?.scale.length ?? 0) === 0) {
      return "its weights must be quantized, got no scale";
    }
    if (weights!.quantization!.zeroPoint.some((value) => value !== 0)) {
      return "its weights must have the zero point 0, got another";
    }
  }
  return scalesProblem([input, output]);
};

/** Types of input, weights, biases, hidden state, cell state and output that the LSTM kernel knows. */
const LSTM_TYPES = [
  "FLOAT32,FLOAT32,FLOAT32,FLOAT32,FLOAT32,FLOAT32",
  "FLOAT32,INT8,FLOAT32,FLOAT32,FLOAT32,FLOAT32",
  "INT8,INT8,INT32,INT8,INT16,INT8",
];

/** Of UNIDIRECTIONAL_SEQUENCE_LSTM. */
export const lstmTypes: TypeCheck = ({ inputs, outputs: [output], intermediates }) => {
  const weights = inputs.slice(1, 9), biases = inputs.slice(12, 16);
  const other = weights.find((tensor) => tensor!.type !== weights[0]!.type);
  if (other !== undefined) {
    return `its weights must have one type, because the kernel looks at one only, got ${
      weights[0]!.type
    } and ${other.type}`;
  }
  for (let gate = 0; gate < 8; gate++) {
    const types = [inputs[0], weights[gate], biases[gate % 4], inputs[18], inputs[19], output]
      .map((tensor) => tensor!.type).join();
    if (!LSTM_TYPES.includes(types)) {
      return `its input, weights, bias, states and output must be ${LSTM_TYPES.join(" or ")}, got ${types}`;
    }
  }
  if (weights[0]!.type === "FLOAT32") return undefined;
  if (inputs[0]!.type === "INT8" && intermediates.length !== 5) {
    return `an integer LSTM must have 5 intermediates, got ${intermediates.length}`;
  }
  const cellScale = inputs[19]!.quantization?.scale[0] ?? 1;
  if (inputs[19]!.type === "INT16" && !isCellScale(cellScale)) {
    return `its cell state must have a power of two from 2^-15 to 2^-9 as scale, got ${cellScale}`;
  }
  const hiddenZeroPoint = inputs[18]!.quantization?.zeroPoint[0] ?? 0;
  if (inputs[18]!.type === "INT8" && hiddenZeroPoint !== 0) {
    return "its hidden state must have the zero point 0, because TFLite 2.9 subtracts it where later " +
      `releases add it, got ${hiddenZeroPoint}`;
  }
  return scalesProblem([...weights, inputs[0], inputs[18], inputs[19], output]) ??
    (inputs[0]!.type === "INT8" ? hiddenProblem([inputs[18]!, output, intermediates[4]]) : undefined);
};

/** The kernel computes in the last intermediate's scale and copies the integers to hidden state and output. */
function hiddenProblem(tensors: TfliteTensor[]): string | undefined {
  const scales = tensors.map(({ quantization }) => quantization?.scale[0]);
  const zeroPoints = tensors.map(({ quantization }) => quantization?.zeroPoint[0] ?? 0);
  return new Set(scales).size === 1 && new Set(zeroPoints).size === 1
    ? undefined
    : `its hidden state, output and last intermediate must have one quantization, got scales ${scales}`;
}

function isCellScale(scale: number): boolean {
  const exponent = Math.log2(scale);
  return Number.isInteger(exponent) && exponent >= -15 && exponent <= -9;
}

/** Each quantized tensor must have exactly one scale. */
function scalesProblem(tensors: readonly (TfliteTensor | undefined)[]): string | undefined {
  for (const tensor of tensors) {
    if (tensor === undefined || !QUANTIZED_TYPES.includes(tensor.type)) continue;
    const scales = tensor.quantization?.scale.length ?? 0;
    if (scales !== 1) return `its tensor "${tensor.name}" (${tensor.type}) must have 1 scale, got ${scales}`;
  }
  return undefined;
}
