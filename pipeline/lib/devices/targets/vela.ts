import { elementCount } from "../../formats/tflite/graph.ts";
import { PADDING } from "../../formats/tflite/schema.ts";
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
  type RuleContext,
  type TargetRule,
  type TargetTable,
} from "./target.ts";
import { plainLstm } from "./tflite_micro.ts";

const MAX_STRIDE = 3, MAX_KERNEL = 256 * 256, MAX_KERNEL_HEIGHT = 256, MAX_SAME_KERNEL = 8;
const MAX_SOFTMAX_AREA = 65536, MAX_REDUCED_AXIS = 4096;

const isValid = (context: RuleContext): boolean => numericOption(context, "padding") === PADDING.VALID;

const strideRule: TargetRule = (context) => {
  const strides = [numericOption(context, "strideH"), numericOption(context, "strideW")];
  const dilations = ["dilationHFactor", "dilationWFactor"].map((name) => numericOption(context, name) || 1);
  return strides.some((stride) => stride > MAX_STRIDE) &&
      !(isValid(context) && dilations.every((size) => size === 1))
    ? `strides above ${MAX_STRIDE} only without padding and dilation, got ${strides.join(" x ")}`
    : undefined;
};

const shortStride: TargetRule = (context) => {
  const strides = [numericOption(context, "strideH"), numericOption(context, "strideW")];
  return strides.some((stride) => stride > MAX_STRIDE)
    ? `strides of at most ${MAX_STRIDE} only, got ${strides.join(" x ")}`
    : undefined;
};

const largeKernel: TargetRule = (context) => {
  const height = numericOption(context, "filterHeight"), width = numericOption(context, "filterWidth");
  return height * width > MAX_KERNEL || height > MAX_KERNEL_HEIGHT
    ? `windows of at most ${MAX_KERNEL} values and ${MAX_KERNEL_HEIGHT} rows only, got ${height} x ${width}`
    : undefined;
};

const averageRule: TargetRule = (context) => {
  if (isValid(context)) return largeKernel(context);
  const extents = [numericOption(context, "filterHeight"), numericOption(context, "filterWidth")];
  return extents.some((size) => size > MAX_SAME_KERNEL)
    ? `windows of at most ${MAX_SAME_KERNEL} x ${MAX_SAME_KERNEL} with padding only, got ${
      extents.join(" x ")
    }`
    : undefined;
};

const constantWeights: TargetRule = ({ inputs: [, weights, bias] }) => {
  if (weights?.data === undefined || weights.type !== "INT8" && weights.type !== "UINT8") {
    return "8-bit constant weights only";
  }
  return bias !== undefined && bias.data === undefined ? "a constant bias only" : undefined;
};

const constants = (...positions: readonly number[]): TargetRule => ({ inputs }) =>
  positions.some((position) => inputs[position] !== undefined && inputs[position].data === undefined)
    ? "constant parameters only"
    : undefined;

const meanRule: TargetRule = (context) => {
  const shape = context.inputs[0]?.shape ?? [], reduced = constantAxes(context);
  if (reduced === undefined) return "constant axes only";
  if (shape.length === 4 && shape[0] !== 1) return `batch 1 only, got [${shape}]`;
  const long = reduced.find((axis) => shape[axis] >= MAX_REDUCED_AXIS);
  if (long !== undefined) return `axes of less than ${MAX_REDUCED_AXIS} only, got [${shape}]`;
  return reduced.includes(shape.length - 1) && !shape.slice(-3).includes(1)
    ? "along the channels only where height, width or channels are 1"
    : undefined;
};

const softmaxRule: TargetRule = ({ inputs: [input] }) => {
  const area = elementCount((input?.shape ?? []).slice(0, -1));
  return area >= MAX_SOFTMAX_AREA ? `less than ${MAX_SOFTMAX_AREA} rows only, got ${area}` : undefined;
};

const sliceRule: TargetRule = ({ inputs: [, , , strides] }) =>
  int32Constant(strides)?.some((stride) => stride < 1) ? "positive strides only" : undefined;

const PLAIN =
  `ABS ADD CONCATENATION EXP EXPAND_DIMS HARD_SWISH LEAKY_RELU LOG LOGISTIC MAXIMUM MINIMUM MUL NEG PACK PRELU QUANTIZE
  REDUCE_MAX REDUCE_MIN RELU RELU6 RELU_N1_TO_1 RESHAPE RSQRT SPLIT SPLIT_V SQUARED_DIFFERENCE SQUEEZE SUB SUM TANH TILE
  TRANSPOSE UNPACK`;

const TABLE: TargetTable = {
  ...anyFormOf(PLAIN),
  AVERAGE_POOL_2D: allOf(averageRule, strideRule),
  CONV_2D: allOf(constantWeights, strideRule),
  DEPTHWISE_CONV_2D: allOf(constantWeights, shortStride),
  FULLY_CONNECTED: constantWeights,
  MAX_POOL_2D: allOf(largeKernel, strideRule),
  MEAN: meanRule,
  PAD: constants(1),
  PADV2: constants(1, 2),
  SLICE: constants(1, 2),
  SOFTMAX: softmaxRule,
  STRIDED_SLICE: allOf(constants(1, 2, 3), sliceRule),
  UNIDIRECTIONAL_SEQUENCE_LSTM: plainLstm,
};

/** Not listed, and so taken for not supported: REVERSE_V2, because it must not name an axis, ARG_MAX, BATCH_MATMUL, ELU, GELU, MIRROR_PAD, resizing, TRANSPOSE_CONV. */
export const velaTarget: DeviceTarget = {
  name: "Arm Vela (Ethos-U55)",
  source: "the table that Vela 5.2.0 prints of itself, 2026",
  otherwise: "cpu",
  check: (model) => [
    ...dynamicShape(model, true),
    ...checkByTable(model, {
      table: TABLE,
      common: activationTypes("INT8", "UINT8", "INT16"),
      unknown: "not in the table",
    }),
  ],
};
