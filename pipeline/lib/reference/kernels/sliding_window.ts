import { PADDING } from "../../formats/tflite/schema.ts";
import { type KernelContext, type Operand, option } from "../kernel.ts";

/** How a filter slides along one axis. */
export interface Slide {
  /** Positions of input and output. */
  size: number;
  outSize: number;
  filter: number;
  stride: number;
  dilation: number;
  /** Positions before the input that the first filter covers. */
  padding: number;
}

/** A filter that slides over images [batch, height, width, channels]. */
export interface SlidingWindow {
  batch: number;
  channels: number;
  outChannels: number;
  vertical: Slide;
  horizontal: Slide;
}

/**
 * Lays a filter over an operator's input.
 *
 * Source: ComputePaddingHeightWidth in tensorflow/lite/kernels/padding.h of TensorFlow 2.9: of an odd padding
 * the larger half goes to the end.
 *
 * @param filter Height and width.
 */
export function slidingWindow(
  context: KernelContext,
  filter: readonly [height: number, width: number],
  { input, output }: { input: Operand; output: Operand },
): SlidingWindow {
  const [batch, height, width, channels] = input.shape;
  const [, outHeight, outWidth, outChannels] = output.shape;
  const isSame = option(context, "padding") === PADDING.SAME;
  const slide = (size: number, outSize: number, extent: number, axis: "H" | "W"): Slide => {
    const stride = option(context, `stride${axis}`, 1),
      dilation = option(context, `dilation${axis}Factor`, 1);
    const covered = (outSize - 1) * stride + (extent - 1) * dilation + 1;
    const padding = isSame ? Math.floor(Math.max(covered - size, 0) / 2) : 0;
    return { size, outSize, filter: extent, stride, dilation, padding };
  };
  return {
    batch,
    channels,
    outChannels,
    vertical: slide(height, outHeight, filter[0], "H"),
    horizontal: slide(width, outWidth, filter[1], "W"),
  };
}

/** @returns The first tap of a filter that begins at `origin` which lies inside the input. */
export function firstTap({ dilation }: Slide, origin: number): number {
  return origin < 0 ? Math.ceil(-origin / dilation) : 0;
}

/** @returns One more than the last tap of a filter that begins at `origin` which lies inside the input. */
export function endTap({ size, filter, dilation }: Slide, origin: number): number {
  return Math.min(filter, Math.ceil((size - origin) / dilation));
}
