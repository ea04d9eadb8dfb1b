import type { Conv1DLayer } from "../model.ts";

/** How a convolution lies over the time axis. */
export interface Conv1DExtent {
  /** Steps of the output. */
  outSteps: number;
  /** Zeros before the first step of the input; the rest of the padding stands after the last one. */
  padLeft: number;
}

/**
 * Places a one-dimensional convolution over its input.
 *
 * Source: TensorFlow, "tf.nn" guide, notes on padding conventions: "same" pads
 * max((ceil(steps / strides) - 1) strides + kernelSize - steps, 0) zeros, the smaller half in front.
 *
 * @param layer Convolution with `kernelSize` and `strides` of at least 1.
 * @param steps Steps of the input, at least 1.
 * @throws RangeError A "valid" kernel that is longer than the input.
 * @throws TypeError An unknown padding.
 */
export function conv1dExtent(
  layer: Pick<Conv1DLayer, "name" | "kernelSize" | "strides" | "padding">,
  steps: number,
): Conv1DExtent {
  const { name, kernelSize, strides, padding } = layer;
  switch (padding) {
    case "same": {
      const outSteps = Math.ceil(steps / strides);
      const padTotal = Math.max((outSteps - 1) * strides + kernelSize - steps, 0);
      return { outSteps, padLeft: Math.floor(padTotal / 2) };
    }
    case "valid":
      if (kernelSize > steps) {
        throw new RangeError(
          `Cannot use layer "${name}": kernelSize must be at most the ${steps} steps of its input, got ${kernelSize}`,
        );
      }
      return { outSteps: Math.floor((steps - kernelSize) / strides) + 1, padLeft: 0 };
    default:
      throw new TypeError(
        `Cannot use layer "${name}": padding must be "same" or "valid", got "${padding satisfies never}"`,
      );
  }
}

/** What `conv1d` computes on; all arrays row-major. */
export interface Conv1DBuffers {
  /** [steps, inChannels]. */
  input: Float64Array;
  /** [kernelSize, inChannels, filters]. */
  kernel: Float32Array;
  /** [filters]. */
  bias: Float32Array;
  /** [outSteps, filters], written. */
  output: Float64Array;
}

/** Computes a one-dimensional convolution (a correlation, as in Keras) of one window, before its activation. */
export function conv1d(layer: Conv1DLayer, { input, kernel, bias, output }: Conv1DBuffers): void {
  const { filters, kernelSize, strides } = layer;
  const inChannels = kernel.length / (kernelSize * filters);
  const steps = input.length / inChannels;
  const { outSteps, padLeft } = conv1dExtent(layer, steps);
  for (let t = 0; t < outSteps; t++) {
    const out = t * filters;
    const first = t * strides - padLeft;
    output.set(bias, out);
    for (let k = Math.max(0, -first); k < kernelSize && first + k < steps; k++) {
      for (let c = 0; c < inChannels; c++) {
        const x = input[(first + k) * inChannels + c];
        // After a relu about half of the inputs are 0 and add nothing.
        if (x === 0) continue;
        const row = (k * inChannels + c) * filters;
        for (let f = 0; f < filters; f++) output[out + f] += x * kernel[row + f];
      }
    }
  }
}
