import type { TensorFlow, TfTensor } from "./tensorflow.ts";

/** Attributes of the gradients of a pooling; layouts are [batch, height, width, channels]. */
export interface PoolAttributes {
  filterSize: number | [number, number];
  strides: number | [number, number];
  pad: "same" | "valid";
}

/**
 * The gradient of a pooling by its input, in plain TypeScript. Of the windows of "same" padding only the steps that are there
 * take part.
 *
 * @param kind "max" gives the gradient to the first largest step of a window, "average" a share to each.
 * @param input [batch, height, width, channels]. @param dy Gradient of the output.
 */
export function poolingGradient(
  tf: TensorFlow,
  kind: "max" | "average",
  { input, dy }: { input: TfTensor; dy: TfTensor },
  { filterSize, strides, pad }: PoolAttributes,
): TfTensor {
  const [batch, height, width, channels] = input.shape, [, outHeight, outWidth] = dy.shape;
  const [rows, columns] = [[height, outHeight], [width, outWidth]].map(([steps, outSteps], axis) => {
    const size = typeof filterSize === "number" ? filterSize : filterSize[axis];
    const stride = typeof strides === "number" ? strides : strides[axis];
    const total = pad === "same" ? Math.max((outSteps - 1) * stride + size - steps, 0) : 0;
    // First and last step of each window, without the padding.
    return Array.from({ length: outSteps }, (_, out) => {
      const first = out * stride - Math.floor(total / 2);
      return [Math.max(first, 0), Math.min(first + size, steps)];
    });
  });
  const x = input.dataSync(), gradient = dy.dataSync(), result = new Float32Array(x.length);
  let at = 0;
  for (let image = 0; image < batch; image++) {
    const start = image * height * width * channels;
    for (const [top, bottom] of rows) {
      for (const [left, right] of columns) {
        for (let channel = 0; channel < channels; channel++, at++) {
          const share = gradient[at] / ((bottom - top) * (right - left));
          let largest = -1;
          for (let row = top; row < bottom; row++) {
            for (let column = left; column < right; column++) {
              const value = start + (row * width + column) * channels + channel;
              if (kind === "average") result[value] += share;
              else if (largest === -1 || x[value] > x[largest]) largest = value;
            }
          }
          if (kind === "max") result[largest] += gradient[at];
        }
      }
    }
  }
  return tf.tensor(result, input.shape);
}
