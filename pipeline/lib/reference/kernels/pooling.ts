import {
  affineOf,
  floatValues,
  inputAt,
  int8Values,
  type Kernel,
  type KernelContext,
  option,
  type Run,
} from "../kernel.ts";
import { activationRange, integerActivationRange } from "./activation.ts";
import { endTap, firstTap, slidingWindow } from "./sliding_window.ts";

/**
 * Reduces the values under one window, channel by channel.
 *
 * @param pixels Where each pixel's channels begin in the input. @param count How many of them to take.
 * @param at Where the output's channels begin.
 */
type ReducePixels = (pixels: Int32Array, count: number, at: number) => void;

/**
 * AVERAGE_POOL_2D over the pixels inside the input, integers with halves away from zero.
 *
 * Source: reference/pooling.h and reference/integer_ops/pooling.h of TensorFlow 2.9.
 */
export const planAveragePool2d: Kernel = (context) => {
  const { input, output, channels, low, high, isInteger } = poolingOperands(context);
  return planPooling(context, (pixels, count, at) => {
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let i = 0; i < count; i++) sum += input[pixels[i] + c];
      const mean = isInteger ? divideRounding(sum, count) : sum / count;
      output[at + c] = Math.min(Math.max(mean, low), high);
    }
  });
};

/** MAX_POOL_2D over the pixels inside the input. Source: as AVERAGE_POOL_2D. */
export const planMaxPool2d: Kernel = (context) => {
  const { input, output, channels, low, high } = poolingOperands(context);
  return planPooling(context, (pixels, count, at) => {
    for (let c = 0; c < channels; c++) {
      let max = low;
      for (let i = 0; i < count; i++) max = Math.max(max, input[pixels[i] + c]);
      output[at + c] = Math.min(max, high);
    }
  });
};

/** @returns sum / count as C++ divides, after half of the count was added away from zero. */
export function divideRounding(sum: number, count: number): number {
  const half = Math.floor(count / 2);
  return Math.trunc((sum > 0 ? sum + half : sum - half) / count);
}

function poolingOperands(context: KernelContext) {
  const input = inputAt(context, 0), [output] = context.outputs, channels = output.shape[3];
  if (input.type !== "INT8") {
    const values = { input: floatValues(input), output: floatValues(output) };
    return { ...values, channels, ...activationRange(context), isInteger: false };
  }
  const from = affineOf(input), to = affineOf(output);
  if (from.scale !== to.scale || from.zeroPoint !== to.zeroPoint) {
    throw new RangeError(
      `its output must have the input's scale ${from.scale} and zero point ${from.zeroPoint}, ` +
        `got ${to.scale} and ${to.zeroPoint}`,
    );
  }
  const values = { input: int8Values(input), output: int8Values(output) };
  return { ...values, channels, ...integerActivationRange(context, output), isInteger: true };
}

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
