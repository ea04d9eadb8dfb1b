import { inputAt, type Kernel } from "../kernel.ts";
import { endTap, firstTap, slidingWindow } from "./sliding_window.ts";
import { planWeighted } from "./weighted.ts";

/**
 * DEPTHWISE_CONV_2D: each input channel has as many output channels as the multiplier says.
 *
 * The weights are [1, height, width, outChannels].
 *
 * Source: tensorflow/lite/kernels/internal/reference/depthwiseconv_float.h of TensorFlow 2.9; the multiplier
 * is taken from the shapes, as there.
 */
export const planDepthwiseConv2d: Kernel = (context) => {
  const plan = planWeighted(context, {
    rescale: context.rescaling.rescale,
    channelAxis: 3,
    groups: inputAt(context, 0).shape[0],
  });
  const { inputValues, loadInput, storeRow } = plan;
  const [, filterHeight, filterWidth, filterChannels] = plan.weights.shape;
  const window = slidingWindow(context, [filterHeight, filterWidth], plan);
  const { batch, channels, outChannels, vertical, horizontal } = window;
  if (filterChannels !== outChannels || outChannels % channels !== 0) {
    throw new RangeError(`its weights must be [1, h, w, n x ${channels}], got [${plan.weights.shape}]`);
  }
  const multiplier = outChannels / channels;
  const weights = Float64Array.from(plan.weightValues);
  const inputChannel = Int32Array.from({ length: outChannels }, (_, c) => Math.floor(c / multiplier));
  const sums = new Float64Array(outChannels);

  return () => {
    loadInput();
    let at = 0;
    for (let image = 0; image < batch; image++) {
      for (let outY = 0; outY < vertical.outSize; outY++) {
        const top = outY * vertical.stride - vertical.padding;
        const fromY = firstTap(vertical, top), toY = endTap(vertical, top);
        for (let outX = 0; outX < horizontal.outSize; outX++, at += outChannels) {
          const left = outX * horizontal.stride - horizontal.padding;
          const fromX = firstTap(horizontal, left), toX = endTap(horizontal, left);
          sums.fill(0);
          for (let tapY = fromY; tapY < toY; tapY++) {
            const row = (image * vertical.size + top + tapY * vertical.dilation) * horizontal.size + left;
            for (let tapX = fromX; tapX < toX; tapX++) {
              const pixel = (row + tapX * horizontal.dilation) * channels;
              const tap = (tapY * filterWidth + tapX) * outChannels;
              for (let c = 0; c < outChannels; c++) {
                sums[c] += inputValues[pixel + inputChannel[c]] * weights[tap + c];
              }
            }
          }
          storeRow(sums, at);
        }
      }
    }
  };
};
