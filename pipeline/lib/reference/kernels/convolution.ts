import { inputAt, type Kernel, type Run } from "../kernel.ts";
import { endTap, firstTap, type SlidingWindow, slidingWindow } from "./sliding_window.ts";
import { planWeighted, type WeightedPlan } from "./weighted.ts";

/** Output channels that are summed side by side, so that one input value is read for all of them. */
const LANES = 4;

/** CONV_2D. Source: tensorflow/lite/kernels/internal/reference/conv.h of TensorFlow 2.9. */
export const planConv2d: Kernel = (context) => {
  const plan = planWeighted(context, {
    rescale: context.rescaling.rescaleProducts,
    channelAxis: 0,
    groups: inputAt(context, 0).shape[0],
  });
  const [, filterHeight, filterWidth, inChannels] = plan.weights.shape;
  if (inChannels !== plan.input.shape[3]) {
    throw new RangeError(`its input must have ${inChannels} channels, got [${plan.input.shape}]`);
  }
  return planConvolution(plan, slidingWindow(context, [filterHeight, filterWidth], plan));
};

/** Sums over the window and the input channels; the weights are [outChannels, height, width, channels]. */
export function planConvolution(plan: WeightedPlan, window: SlidingWindow): Run {
  const { inputValues, loadInput, storeRow } = plan;
  const { batch, channels, outChannels, vertical, horizontal } = window;
  const taps = vertical.filter * horizontal.filter * channels;
  const blocks = Math.ceil(outChannels / LANES);
  const weights = interleaveLanes(plan.weightValues, taps, outChannels);
  const sums = new Float64Array(blocks * LANES);
  // Taps side by side read neighbouring values: a row of the filter is one run of them.
  const runTaps = horizontal.dilation === 1 ? horizontal.filter : 1;

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
          for (let block = 0; block < blocks; block++) {
            let sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
            for (let tapY = fromY; tapY < toY; tapY++) {
              const row = (image * vertical.size + top + tapY * vertical.dilation) * horizontal.size + left;
              const weightRow = block * taps + tapY * horizontal.filter * channels;
              for (let tapX = fromX; tapX < toX; tapX += runTaps) {
                const begin = (row + tapX * horizontal.dilation) * channels;
                const end = begin + Math.min(runTaps, toX - tapX) * channels;
                let w = (weightRow + tapX * channels) * LANES;
                for (let i = begin; i < end; i++, w += LANES) {
                  const value = inputValues[i];
                  sum0 += value * weights[w];
                  sum1 += value * weights[w + 1];
                  sum2 += value * weights[w + 2];
                  sum3 += value * weights[w + 3];
                }
              }
            }
            const lane = block * LANES;
            sums[lane] = sum0;
            sums[lane + 1] = sum1;
            sums[lane + 2] = sum2;
            sums[lane + 3] = sum3;
          }
          storeRow(sums, at);
        }
      }
    }
  };
}

/** @returns [outChannels, taps] as [outChannels / LANES, taps, LANES], filled up with zeros. */
function interleaveLanes(weights: ArrayLike<number>, taps: number, outChannels: number): Float64Array {
  const interleaved = new Float64Array(Math.ceil(outChannels / LANES) * LANES * taps);
  for (let channel = 0; channel < outChannels; channel++) {
    const first = (channel - channel % LANES) * taps + channel % LANES;
    for (let tap = 0; tap < taps; tap++) interleaved[first + tap * LANES] = weights[channel * taps + tap];
  }
  return interleaved;
}
