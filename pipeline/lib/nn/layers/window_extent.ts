/** What a window reads beyond the ends of its input. */
export type Padding = "same" | "valid" | "causal";

/** How a convolution's or a pooling's window slides over the time axis. */
export interface SlidingWindow {
  /** Steps that it reads, at least 1. */
  size: number;
  /** Steps from one window to the next, at least 1. */
  strides: number;
  padding: Padding;
  /** Steps from one that it reads to the next, at least 1. Default 1. */
  dilation?: number;
}

/** Where the windows lie. */
export interface WindowExtent {
  /** Number of windows: steps of the output. */
  outSteps: number;
  /** Steps of padding that the first window reads before the input. */
  padLeft: number;
  /** Steps of padding that the last window reads behind the input. */
  padRight: number;
}

/** @param name Of the layer. @throws TypeError A padding that is neither "same" nor "valid". */
export function checkPadding(name: string, padding: "same" | "valid"): void {
  if (padding !== "same" && padding !== "valid") {
    throw new TypeError(
      `Cannot use layer "${name}": padding must be "same" or "valid", got "${padding satisfies never}"`,
    );
  }
}

/** Largest size, strides and dilation: TFLite's kernels take no larger ones. */
const MAX_EXTENT = 32767;

/**
 * Places a window over its input.
 *
 * Source: TensorFlow, "tf.nn" guide, notes on padding conventions: "same" pads max((ceil(steps / strides) - 1) strides +
 * span - steps, 0) steps, the smaller half in front, where span = (size - 1) dilation + 1. "causal" is Keras' own: span - 1
 * steps in front, so that no window reads a step behind its own.
 *
 * @param layer Name and what the size is called, for messages.
 * @param steps Steps of the input, at least 1.
 * @throws RangeError A "valid" window that is longer than the input, or sizes above 32767.
 * @throws TypeError An unknown padding.
 */
export function windowExtent(
  layer: { name: string; sizeName: string },
  { size, strides, padding, dilation = 1 }: SlidingWindow,
  steps: number,
): WindowExtent {
  for (
    const [what, value] of [[layer.sizeName, size], ["strides", strides], ["dilation", dilation]] as const
  ) {
    if (value > MAX_EXTENT) {
      throw new RangeError(
        `Cannot use layer "${layer.name}": ${what} must be at most ${MAX_EXTENT}, got ${value}`,
      );
    }
  }
  const span = (size - 1) * dilation + 1;
  const extent = (outSteps: number, padLeft: number): WindowExtent => ({
    outSteps,
    padLeft,
    padRight: Math.max(0, (outSteps - 1) * strides + span - steps - padLeft),
  });
  switch (padding) {
    case "same": {
      const outSteps = Math.ceil(steps / strides);
      return extent(outSteps, Math.floor(Math.max((outSteps - 1) * strides + span - steps, 0) / 2));
    }
    case "causal":
      return extent(Math.ceil(steps / strides), span - 1);
    case "valid":
      if (span > steps) {
        throw new RangeError(
          `Cannot use layer "${layer.name}": ${layer.sizeName} must be at most the ${steps} steps of its input, got ${
            dilation === 1 ? size : `${size} with a dilation of ${dilation}`
          }`,
        );
      }
      return extent(Math.floor((steps - span) / strides) + 1, 0);
    default:
      throw new TypeError(
        `Cannot use layer "${layer.name}": padding must be "same", "valid" or "causal", got "${padding satisfies never}"`,
      );
  }
}
