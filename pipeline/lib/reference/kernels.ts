import type { Kernel } from "./kernel.ts";
import { BINARY_KERNELS } from "./kernels/arithmetic.ts";
import { planConv2d } from "./kernels/convolution.ts";
import { planDepthwiseConv2d } from "./kernels/depthwise_convolution.ts";
import { UNARY_KERNELS } from "./kernels/elementwise.ts";
import { planFullyConnected } from "./kernels/fully_connected.ts";
import { JOINING_KERNELS } from "./kernels/joining.ts";
import { planLstm } from "./kernels/lstm.ts";
import { MOVEMENT_KERNELS } from "./kernels/movement.ts";
import { planAveragePool2d, planMaxPool2d } from "./kernels/pooling.ts";
import { planDequantize, planQuantize } from "./kernels/quantization.ts";
import { REDUCTION_KERNELS } from "./kernels/reduction.ts";
import { SLICING_KERNELS } from "./kernels/slicing.ts";
import { planSoftmax } from "./kernels/softmax.ts";

/** The kernels by operator name; a new operator is one function and one line here. */
export const KERNELS: Readonly<Record<string, Kernel>> = {
  ...BINARY_KERNELS,
  ...JOINING_KERNELS,
  ...MOVEMENT_KERNELS,
  ...REDUCTION_KERNELS,
  ...SLICING_KERNELS,
  ...UNARY_KERNELS,
  AVERAGE_POOL_2D: planAveragePool2d,
  CONV_2D: planConv2d,
  DEPTHWISE_CONV_2D: planDepthwiseConv2d,
  DEQUANTIZE: planDequantize,
  FULLY_CONNECTED: planFullyConnected,
  MAX_POOL_2D: planMaxPool2d,
  QUANTIZE: planQuantize,
  SOFTMAX: planSoftmax,
  UNIDIRECTIONAL_SEQUENCE_LSTM: planLstm,
};
