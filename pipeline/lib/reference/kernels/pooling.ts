import { floatValues, inputAt, type Kernel, type KernelContext, option, type Run } from "../kernel.ts";
import { activationRange } from "./activation.ts";
import { endTap, firstTap, slidingWindow } from "./sliding_window.ts";

/**
 * Reduces the values under one window, channel by channel.
 *
 * @param pixels Where each pixel's channels begin in the input. @param count How many of them to take.
 * @param at Where the output's channels begin.
 */
type ReducePixels = (pixels: Int32Array, count: number, at: number) => void;

/** AVERAGE_POOL_2D over the pixels inside the input. Source: reference/pooling.h of TensorFlow 2.9. */
export const planAveragePool2d: Kernel = (context) => {
  const { low, high } = activationRange(context);
  const input = floatValues(inputAt(context, 0)), output = floatValues(context.outputs[0]);
  const channels = context.outputs[0].shape[3];
  return planPooling(context, (pixels, count, at) => {
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let i = 0; i < count; i++) sum += input[pixels[i] + c];
      output[at + c] = Math.min(Math.max(sum / count, low), high);
    }
  });
};

/** MAX_POOL_2D over the pixels inside the input. Source: reference/pooling.h of TensorFlow 2.9. */
export const planMaxPool2d: Kernel = (context) => {
  const { low, high } = activationRange(context);
  const input = floatValues(inputAt(context, 0)), output = floatValues(context.outputs[0]);
  const channels = context.outputs[0].shape[3];
  return planPooling(context, (pixels, count, at) => {
    for (let c = 0; c < channels; c++) {
      let max = low;
      for (let i = 0; i < count; i++) max = Math.max(max, input[pixels[i] + c]);
      output[at + c] = Math.min(max, high);
    }
  });
};

function planPooling(context: KernelContext, reduce: ReducePixels): Run {
  const filter = [option(context, "filterHeight"), option(context, "filterWidth")] as const;
  const operands = { input: inputAt(context, 0), output: context.outputs[0] };
  const { batch, channels, vertical, horizontal } = slidingWindow(context, filter, operands);
  const pixels = new Int32Array(filter[0] * filter[1]);
  return () => {
    let at = 0;
    for (let image = 0; image < batch; image++) {
      for (let outY = 0; outY < vertical.outSize; outY++) {
        const top = outY * vertical.stride - vertical.padding;
        const fromY = top + firstTap(vertical, top), toY = top + endTap(vertical, top);
        for (let outX = 0; outX < horizontal.outSize; outX++, at += channels) {
          const left = outX * horizontal.stride - horizontal.padding;
          const fromX = left + firstTap(horizontal, left), toX = left + endTap(horizontal, left);
          let count = 0;
          for (let y = fromY; y < toY; y++) {
            const row = (image * vertical.size + y) * horizontal.size;
            for (let x = fromX; x < toX; x++) pixels[count++] = (row + x) * channels;
          }
          reduce(pixels, count, at);
        }
      }
    }
  };
}
