import { FormatError } from "../../core/errors.ts";
import {
  elementCount,
  int32Elements,
  tensorByteSize,
  type TfliteModel,
  type TfliteOperator,
  type TfliteTensor,
} from "./graph.ts";
import type { OperatorContext } from "./operator_context.ts";
import { OPERATOR_RULES, type OperatorRule } from "./operator_rules.ts";
import { CUSTOM_OPERATOR, OPERATORS_BY_NAME } from "./operators.ts";
import { decodeTflite } from "./reader.ts";
import { ACTIVATION, PADDING, TENSOR_TYPES } from "./schema.ts";

/** Kernels keep shapes of up to this many axes. */
const MAX_RANK = 6;
/** Bytes of one tensor and of all tensors of a model; a few hundred numbers must not demand all memory. */
const MAX_TENSOR_BYTES = 2 ** 30;
const MAX_MODEL_BYTES = 2 ** 31;

/**
 * Reads a .tflite file and checks that the TFLite 2.9 kernels can run it: they trust the file, and a wrong
 * size, axis or stride would end in memory that is not theirs.
 *
 * Checked: sizes of constants against type and shape, shapes, scales, the order of execution, operators and
 * versions; of each operator inputs, outputs, options, types and the shape that it gives (`OPERATOR_RULES`).
 * Refused as well is what TFLite 2.9 loads and computes wrongly: INT8 FULLY_CONNECTED weights with a scale a
 * channel, an int8 LSTM whose hidden state has a zero point other than 0, and integers that an operator leaves as they
 * are between tensors of two scales.
 *
 * @param bytes The file; constants of the result are views of it.
 * @param file Its name, for messages.
 * @throws FormatError The first thing that does not hold.
 */
export function verifyTflite(bytes: Uint8Array, file?: string): TfliteModel {
  const model = decodeTflite(bytes, file);
  const found = modelProblem(model);
  if (found !== undefined) {
    const { operator, problem } = found;
    const where = operator === undefined
      ? ""
      : `operator ${operator} (${operatorName(model.operators[operator])}): `;
    throw new FormatError(`Cannot run TFLite model: ${where}${problem}`, { file });
  }
  return model;
}

/** Why the TFLite 2.9 kernels must not run a model. */
export interface ModelProblem {
  /** Position of the operator that it is about, if it is about one. */
  operator?: number;
  problem: string;
}

/** @returns What `verifyTflite` refuses a graph for, or undefined. */
export function modelProblem(model: TfliteModel): ModelProblem | undefined {
  const whole = tensorsProblem(model) ?? entriesProblem(model);
  if (whole !== undefined) return { problem: whole };
  const ready = new Set(model.inputs);
  model.tensors.forEach(({ data, isVariable }, index) => {
    if (data !== undefined || isVariable) ready.add(index);
  });
  for (const [index, operator] of model.operators.entries()) {
    const problem = operatorProblem(operator, model, ready);
    if (problem !== undefined) return { operator: index, problem };
    operator.outputs.forEach((output) => ready.add(output));
  }
  const unread = readersProblem(model, ready);
  return unread === undefined ? undefined : { problem: unread };
}

/** @returns The name by which users know an operator. */
export const operatorName = ({ operator, customCode }: TfliteOperator): string => customCode ?? operator;

function tensorsProblem(model: TfliteModel): string | undefined {
  let modelBytes = 0;
  for (const [index, tensor] of model.tensors.entries()) {
    const problem = tensorProblem(tensor);
    if (problem !== undefined) return `tensor ${index} ("${tensor.name}"): ${problem}`;
    modelBytes += tensorByteSize(tensor);
  }
  if (modelBytes > MAX_MODEL_BYTES) {
    return `its tensors must hold at most ${MAX_MODEL_BYTES} bytes, got ${modelBytes}`;
  }
  return undefined;
}

function entriesProblem(model: TfliteModel): string | undefined {
  if (model.inputs.length === 0 || model.outputs.length === 0) {
    return "it must have inputs and outputs, got none";
  }
  const seen = new Set<number>();
  for (const input of model.inputs) {
    const { data, isVariable } = model.tensors[input];
    if (data !== undefined || isVariable || seen.has(input)) {
      return `its input ${input} must be neither constant nor variable nor named twice`;
    }
    seen.add(input);
  }
  return undefined;
}

function readersProblem(model: TfliteModel, ready: ReadonlySet<number>): string | undefined {
  const missing = model.outputs.find((output) => !ready.has(output));
  if (missing !== undefined) return `its output ${missing} must be computed, got no operator for it`;
  // XNNPACK 2.9 ends in a segmentation fault where nothing reads what an operator writes.
  const read = new Set([...model.outputs, ...model.operators.flatMap(({ inputs }) => inputs)]);
  const dead = model.operators.flatMap(({ outputs }) => outputs).find((output) => !read.has(output));
  return dead === undefined
    ? undefined
    : `an operator's output must be read by another, got tensor ${dead} without reader`;
}

function tensorProblem(tensor: TfliteTensor): string | undefined {
  const { type, shape, shapeSignature, quantization, isVariable, data } = tensor;
  if (TENSOR_TYPES[type].byteSize === 0) return `its type must be a number, got ${type}`;
  if (shape.length > MAX_RANK) return `it must have at most ${MAX_RANK} axes, got ${shape.length}`;
  if (shape.some((size) => size < 0)) return `its shape must not be negative, got [${shape}]`;
  if (tensorByteSize(tensor) > MAX_TENSOR_BYTES) {
    return `it must hold at most ${MAX_TENSOR_BYTES} bytes, got shape [${shape}]`;
  }
  if (shapeSignature !== undefined && shapeSignature.length > 0) {
    const fits = shapeSignature.length === shape.length &&
      shapeSignature.every((size, axis) => size === -1 || size === shape[axis]);
    if (!fits) return `its shape signature must be its shape or -1, got [${shapeSignature}] for [${shape}]`;
  }
  if (data !== undefined) {
    if (isVariable) return "a variable must not have data, got some";
    if (data.length !== tensorByteSize(tensor)) {
      return `its data must hold ${tensorByteSize(tensor)} bytes for ${type} [${shape}], got ${data.length}`;
    }
  }
  if (quantization === undefined || quantization.scale.length === 0) return undefined;
  const { scale, zeroPoint, quantizedDimension } = quantization;
  if (scale.length > 1 && scale.length !== shape[quantizedDimension]) {
    return `it must have 1 scale or one an index of axis ${quantizedDimension}, got ${scale.length}`;
  }
  const wrong = scale.find((value) => !(Number.isFinite(value) && value > 0));
  if (wrong !== undefined) return `its scales must be positive, got ${wrong}`;
  const [low, high] = type === "UINT8" ? [0, 255] : type === "INT8" ? [-128, 127] : [-32768, 32767];
  const outside = zeroPoint.find((value) => value < low || value > high);
  return outside === undefined ? undefined : `its zero points must be in [${low}, ${high}], got ${outside}`;
}

function operatorProblem(
  operator: TfliteOperator,
  model: TfliteModel,
  ready: ReadonlySet<number>,
): string | undefined {
  if (operator.operator === CUSTOM_OPERATOR) {
    return operator.customCode?.startsWith("Flex")
      ? "it must be a builtin operator, got one of TensorFlow; convert without SELECT_TF_OPS"
      : "it must be a builtin operator, got a custom one";
  }
  const { minVersion, maxVersion } = OPERATORS_BY_NAME.get(operator.operator)!;
  if (operator.version < Math.max(1, minVersion) || operator.version > maxVersion) {
    return `its version must be in [${minVersion}, ${maxVersion}] for TFLite 2.9, got ${operator.version}`;
  }
  const rule = OPERATOR_RULES[operator.operator];
  if (rule === undefined) return "it must be an operator that can be checked before it runs, got another one";
  const counts = countProblem("inputs", operator.inputs.length, rule.inputs) ??
    countProblem("outputs", operator.outputs.length, rule.outputs);
  if (counts !== undefined) return counts;

  for (const [position, index] of operator.inputs.entries()) {
    if (index === -1) {
      if (!rule.optional?.includes(position)) return `its input ${position} must be there, got none`;
    } else if (!ready.has(index)) {
      return `its input ${position} must be computed before, got tensor ${index}`;
    } else if (elementCount(model.tensors[index].shape) === 0) {
      return `its input ${position} must not be empty, got [${model.tensors[index].shape}]`;
    }
  }
  for (const index of operator.outputs) {
    if (ready.has(index)) return `its output must be written by no other, got tensor ${index}`;
    if (elementCount(model.tensors[index].shape) === 0) {
      return `its outputs must not be empty, got [${model.tensors[index].shape}]`;
    }
  }
  if (new Set(operator.outputs).size !== operator.outputs.length) {
    return "its outputs must differ, got one twice";
  }
  const context = {
    operator,
    inputs: operator.inputs.map((index) => index === -1 ? undefined : model.tensors[index]),
    outputs: operator.outputs.map((index) => model.tensors[index]),
    intermediates: (operator.intermediates ?? []).map((index) => model.tensors[index]),
  };
  return optionsProblem(operator, rule) ?? constantsProblem(operator, rule, model) ?? rule.types(context) ??
    shapeProblem(context, rule) ?? rule.check?.(context);
}

/** The kernels set the outputs' shapes themselves; later operators were checked against the declared ones. */
function shapeProblem(context: OperatorContext, rule: OperatorRule): string | undefined {
  const shape = rule.shape(context);
  if (typeof shape === "string") return shape;
  const other = context.outputs.find((output) => output.shape.join() !== shape.join());
  return other === undefined ? undefined : `its outputs must be [${shape}], got [${other.shape}]`;
}

function countProblem(
  what: string,
  count: number,
  [least, most]: readonly [number, number],
): string | undefined {
  return count >= least && count <= most
    ? undefined
    : `it must have ${least} to ${most} ${what}, got ${count}`;
}

function optionsProblem(operator: TfliteOperator, rule: OperatorRule): string | undefined {
  const { optionsType, options = {} } = operator;
  if (rule.options !== undefined && optionsType !== rule.options) {
    return `it must have ${rule.options}, got ${optionsType ?? "none"}`;
  }
  for (const [name, values] of [["fusedActivationFunction", ACTIVATION], ["padding", PADDING]] as const) {
    if (name in options && !Object.values<number>(values).includes(Number(options[name]))) {
      return `its ${name} must be one of the schema's, got ${options[name]}`;
    }
  }
  return undefined;
}

function constantsProblem(
  operator: TfliteOperator,
  rule: OperatorRule,
  model: TfliteModel,
): string | undefined {
  for (const position of rule.constants ?? []) {
    const index = operator.inputs[position];
    if (index === undefined) continue;
    const { type, data } = model.tensors[index];
    if (type !== "INT32" || data === undefined) {
      return `its input ${position} must be an INT32 constant, got ${
        data === undefined ? "no constant" : type
      }`;
    }
    if (!rule.axes?.includes(position)) continue;
    const { shape } = model.tensors[index];
    if (shape.length > 1 || elementCount(shape) > MAX_RANK) {
      return `its axes must be a list of at most ${MAX_RANK}, got [${shape}]`;
    }
    const rank = model.tensors[operator.inputs[rule.axesOf ?? 0]].shape.length;
    const wrong = int32Elements(data).find((axis) => axis < -rank || axis >= rank);
    if (wrong !== undefined) return `its axes must be in [${-rank}, ${rank - 1}], got ${wrong}`;
  }
  return undefined;
}
