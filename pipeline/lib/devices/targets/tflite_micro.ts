import { LSTM_ABSENT } from "../../formats/tflite/operator_shapes.ts";
import {
  activationTypes,
  allOf,
  anyFormOf,
  checkByTable,
  type DeviceTarget,
  type TargetRule,
  type TargetTable,
} from "./target.ts";

/** Names of `MicroMutableOpResolver`'s methods that do not follow from the operator's name. */
const RESOLVER_NAMES: Readonly<Record<string, string>> = {
  BATCH_MATMUL: "BatchMatMul",
  CUMSUM: "CumSum",
  PADV2: "PadV2",
  UNIDIRECTIONAL_SEQUENCE_LSTM: "UnidirectionalSequenceLSTM",
};

/**
 * @param operator A builtin operator of `tfliteMicroTarget`'s table.
 * @returns The method of `MicroMutableOpResolver` that registers it, for example "AddConv2D".
 */
export function resolverMethod(operator: string): string {
  const name = RESOLVER_NAMES[operator] ??
    operator.split("_").map((word) => word === "2D" ? word : word[0] + word.slice(1).toLowerCase()).join("");
  return `Add${name}`;
}

/** Kernels have no mixed form: float activations go with float weights. */
const noHybrid: TargetRule = ({ inputs: [input, weights] }) =>
  input?.type === "FLOAT32" && weights !== undefined && weights.type !== "FLOAT32"
    ? `no kernel for ${weights.type} weights with FLOAT32 activations`
    : undefined;
const weighted = allOf(noHybrid, activationTypes("FLOAT32", "INT8", "INT16"));

/** Of UNIDIRECTIONAL_SEQUENCE_LSTM: also of Vela. */
export const plainLstm: TargetRule = ({ inputs }) => {
  if (inputs[1] === undefined) return "an LSTM with an input gate only, got coupled gates (CIFG)";
  return LSTM_ABSENT.some((position) => inputs[position] !== undefined)
    ? "an LSTM without peephole, projection and layer normalization only, got some"
    : undefined;
};

const OTHERS =
  `ABS ADD ADD_N ARG_MAX ARG_MIN AVERAGE_POOL_2D BATCH_MATMUL BATCH_TO_SPACE_ND BROADCAST_ARGS BROADCAST_TO
  CAST CEIL CONCATENATION COS CUMSUM DEPTH_TO_SPACE DIV DYNAMIC_UPDATE_SLICE ELU EMBEDDING_LOOKUP EQUAL EXP EXPAND_DIMS FILL
  FLOOR FLOOR_DIV FLOOR_MOD GATHER GATHER_ND GREATER GREATER_EQUAL HARD_SWISH L2_NORMALIZATION L2_POOL_2D LEAKY_RELU LESS
  LESS_EQUAL LOG LOGICAL_AND LOGICAL_NOT LOGICAL_OR LOGISTIC LOG_SOFTMAX MAXIMUM MAX_POOL_2D MEAN MINIMUM MIRROR_PAD MUL NEG
  NOT_EQUAL PACK PAD PADV2 PRELU QUANTIZE REDUCE_ALL REDUCE_MAX REDUCE_MIN RELU RELU6 RESHAPE RESIZE_BILINEAR
  RESIZE_NEAREST_NEIGHBOR REVERSE_V2 ROUND RSQRT SELECT_V2 SHAPE SIN SLICE SOFTMAX SPACE_TO_BATCH_ND SPACE_TO_DEPTH SPLIT SPLIT_V
  SQRT SQUARE SQUARED_DIFFERENCE SQUEEZE STRIDED_SLICE SUB SUM SVDF TANH TRANSPOSE TRANSPOSE_CONV UNPACK ZEROS_LIKE`;

const TABLE: TargetTable = {
  ...anyFormOf(OTHERS),
  CONV_2D: weighted,
  DEPTHWISE_CONV_2D: weighted,
  FULLY_CONNECTED: weighted,
  DEQUANTIZE: ({ inputs: [input] }) =>
    input?.type === "FLOAT16" ? "no kernel for FLOAT16, got half-precision weights" : undefined,
  UNIDIRECTIONAL_SEQUENCE_LSTM: allOf(weighted, plainLstm),
};

/** Not listed: control flow and resource variables, which models of one subgraph do not have; custom operators. */
export const tfliteMicroTarget: DeviceTarget = {
  name: "tflite-micro",
  source:
    "operators asked of tflite-micro 0.dev20261023 one by one, 2026-11; its resolver takes any version of an operator",
  otherwise: "refused",
  check: (model) => checkByTable(model, { table: TABLE, unknown: "no kernel for it" }),
};
