import { elementCount } from "../../formats/tflite/graph.ts";
import { inputAt, type Kernel, option } from "../kernel.ts";
import { planConvolution } from "./convolution.ts";
import type { Slide } from "./sliding_window.ts";
import { planWeighted } from "./weighted.ts";

const alongAxis = (size: number): Slide => ({
  size,
  outSize: size,
  filter: 1,
  stride: 1,
  dilation: 1,
  padding: 0,
});

/**
 * FULLY_CONNECTED of any rank: a convolution of width 1 over the rows.
 *
 * Source: tensorflow/lite/kernels/internal/reference/fully_connected.h of TensorFlow 2.9.
 */
export const planFullyConnected: Kernel = (context) => {
  const [, features] = inputAt(context, 1).shape, count = elementCount(inputAt(context, 0).shape);
  if (option(context, "weightsFormat") !== 0) throw new RangeError("its weights must not be shuffled");
  if (count % features !== 0) {
    throw new RangeError(`its input must hold a multiple of ${features} values, got ${count}`);
  }
  const rows = count / features;
  const plan = planWeighted(context, {
    rescale: context.rescaling.rescaleProducts,
    channelAxis: 0,
    groups: rows,
  });
  return planConvolution(plan, {
    batch: 1,
    channels: features,
    outChannels: plan.weights.shape[0],
    vertical: alongAxis(1),
    horizontal: alongAxis(rows),
  });
};
