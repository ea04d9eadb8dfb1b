import { elementCount } from "../../formats/tflite/graph.ts";
import { ACTIVATION } from "../../formats/tflite/schema.ts";
import {
  activationTypes,
  allOf,
  anyFormOf,
  checkByTable,
  constantAxes,
  type DeviceTarget,
  dynamicShape,
  int32Constant,
  numericOption,
  type TargetFinding,
  type TargetRule,
  type TargetTable,
} from "./target.ts";

const MAX_SOFTMAX = 16_000;

const noActivation: TargetRule = (context) =>
  numericOption(context, "fusedActivationFunction") === ACTIVATION.NONE
    ? undefined
    : "no fused activation function";

const equalDilation: TargetRule = (context) =>
  numericOption(context, "dilationWFactor") === numericOption(context, "dilationHFactor")
    ? undefined
    : "the same dilation in both dimensions only";

const notOverBatch: TargetRule = (context) =>
  constantAxes(context)?.includes(0) ? "not along the batch" : undefined;

const meanRule: TargetRule = (context) => {
  const shape = context.inputs[0]?.shape ?? [], last = shape.length - 1;
  return constantAxes(context)?.includes(last) && shape[last] % 4 !== 0
    ? `the mean along the channels only for a multiple of 4, got ${shape[last]}`
    : undefined;
};

const softmaxRule: TargetRule = ({ inputs: [input] }) => {
  const shape = input?.shape ?? [];
  const inner = shape.filter((size) => size > 1).length;
  return inner > 1 || elementCount(shape) > MAX_SOFTMAX
    ? `one dimension of at most ${MAX_SOFTMAX} values only, got [${shape}]`
    : undefined;
};

const denseRule: TargetRule = (context) => {
  const shape = context.outputs[0]?.shape ?? [];
  if (numericOption(context, "weightsFormat") !== 0) return "the default weights format only";
  return shape.filter((size) => size > 1).length > 1
    ? `one-dimensional outputs only, got [${shape}]`
    : undefined;
};

const concatenationRule: TargetRule = ({ inputs }) =>
  inputs.some((tensor) => tensor?.data !== undefined) &&
    (inputs.length !== 2 || inputs.some((tensor) => tensor?.data?.some((byte) => byte !== 0)))
    ? "constants only as zeros, one with one other input"
    : undefined;

const paddingRule: TargetRule = ({ inputs: [, paddings] }) =>
  int32Constant(paddings)?.subarray(0, 2).some((size) => size !== 0) ? "not along the batch" : undefined;

const sliceRule: TargetRule = (context) => {
  if (int32Constant(context.inputs[3])?.every((stride) => stride === 1) !== true) return "strides of 1 only";
  return numericOption(context, "ellipsisMask") !== 0 || numericOption(context, "newAxisMask") !== 0
    ? "no ellipsis and no new axes"
    : undefined;
};

/** Its three innermost dimensions alone may be larger than 1. */
const threeDimensions: TargetRule = ({ inputs, outputs }) => {
  const wide = [...inputs, ...outputs].find((tensor) =>
    tensor !== undefined && tensor.data === undefined && tensor.shape.slice(0, -3).some((size) => size !== 1)
  );
  return wide && `sizes above 1 in the three innermost dimensions only, got [${wide.shape}]`;
};

const UNLIMITED =
  `ADD EXPAND_DIMS L2_NORMALIZATION LOGISTIC MAXIMUM MINIMUM MUL PACK QUANTIZE RELU RELU6 RELU_N1_TO_1 RESHAPE
  RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR RSQRT SLICE SPACE_TO_DEPTH SPLIT SQUARED_DIFFERENCE SQUEEZE SUB TANH TRANSPOSE
  TRANSPOSE_CONV PRELU UNIDIRECTIONAL_SEQUENCE_LSTM`;

const TABLE: TargetTable = {
  ...anyFormOf(UNLIMITED),
  AVERAGE_POOL_2D: noActivation,
  CONCATENATION: allOf(noActivation, concatenationRule),
  CONV_2D: equalDilation,
  DEPTHWISE_CONV_2D: equalDilation,
  FULLY_CONNECTED: denseRule,
  MAX_POOL_2D: noActivation,
  MEAN: allOf(notOverBatch, meanRule),
  PAD: paddingRule,
  REDUCE_MAX: notOverBatch,
  REDUCE_MIN: notOverBatch,
  SOFTMAX: softmaxRule,
  STRIDED_SLICE: sliceRule,
  SUM: notOverBatch,
};

/**
 * The table also says that some resizings and large reshapes are not mapped, without a limit; of LSTMs it says that they must be
 * unidirectional. Others found that LSTMs with about 1000 inputs fail silently.
 */
export const edgeTpuTarget: DeviceTarget = {
  name: "Edge TPU",
  source: "Coral's table of supported operations, compiler 16.0 and runtime 14, 2021",
  otherwise: "cpu",
  check: (model) => [
    ...dynamicShape(model, false),
    ...batchFinding(model.inputs.map((index) => model.tensors[index].shape)),
    ...checkByTable(model, {
      table: TABLE,
      common: allOf(activationTypes("INT8", "UINT8"), threeDimensions),
      unknown: "not in the table",
    }),
  ],
};

function batchFinding(shapes: readonly number[][]): TargetFinding[] {
  const other = shapes.find((shape) => shape.length > 1 && shape[0] !== 1);
  return other === undefined ? [] : [{ problem: `batch 1 only, got [${other}]` }];
}
