import * as tf from "@tensorflow/tfjs";

/** What the engine hands to a kernel and takes from it. */
interface TensorInfo {
  dataId: object;
  shape: number[];
  dtype: tf.DataType;
}

/**
 * Adds the one kernel that TensorFlow.js 4.22's wasm backend lacks for training a Conv1D: without it the backward pass
 * fails with "Kernel 'Conv2DBackpropFilter' not registered". It is a matrix product of the input's patches with the
 * output's gradient, on the backend's own kernels.
 */
export function registerConv2DBackpropFilter(): void {
  tf.registerKernel({
    kernelName: "Conv2DBackpropFilter",
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs }) =>
      filterGradient(inputs as unknown as Record<"x" | "dy", TensorInfo>, attrs as unknown as ConvAttributes),
  });
}

interface ConvAttributes {
  strides: number | [number, number];
  pad: "same" | "valid" | number;
  dimRoundingMode?: "floor" | "round" | "ceil";
  filterShape: [number, number, number, number];
}

function filterGradient(
  { x, dy }: Record<"x" | "dy", TensorInfo>,
  { strides, pad, dimRoundingMode, filterShape }: ConvAttributes,
): tf.TensorInfo {
  const [kernelHeight, kernelWidth, , filters] = filterShape;
  const inputShape = x.shape as [number, number, number, number];
  const conv = tf.backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, dimRoundingMode);
  const { top, bottom, left, right } = conv.padInfo;
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, strideHeight, strideWidth } = conv;
  const rows = batchSize * outHeight * outWidth;
  const missing = (
    steps: number,
    stride: number,
    size: number,
    before: number,
    given: number,
    after: number,
  ) => Math.max(after, (steps - 1) * stride + size - before - given);
  const result = tf.tidy(() => {
    const padded = tf.pad(asTensor(x), [
      [0, 0],
      [top, missing(outHeight, strideHeight, kernelHeight, top, inHeight, bottom)],
      [left, missing(outWidth, strideWidth, kernelWidth, left, inWidth, right)],
      [0, 0],
    ]);
    const patches: tf.Tensor[] = [];
    for (let i = 0; i < kernelHeight; i++) {
      for (let j = 0; j < kernelWidth; j++) {
        const end = [batchSize, i + (outHeight - 1) * strideHeight + 1, j + (outWidth - 1) * strideWidth + 1];
        const values = tf.stridedSlice(padded, [0, i, j, 0], [...end, inChannels], [
          1,
          strideHeight,
          strideWidth,
          1,
        ]);
        patches.push(values.reshape([rows, inChannels]));
      }
    }
    const columns = patches.length === 1 ? patches[0] : tf.concat(patches, 1);
    return tf.matMul(columns, asTensor(dy).reshape([rows, filters]), true, false).reshape(filterShape);
  });
  // The engine takes over the result's memory, so it must survive the tensor that held it.
  backend().incRef(result.dataId);
  result.dispose();
  return { dataId: result.dataId, shape: result.shape, dtype: result.dtype };
}

function asTensor(info: TensorInfo): tf.Tensor {
  if (info instanceof tf.Tensor) return info;
  backend().incRef(info.dataId);
  return tf.engine().makeTensorFromTensorInfo(info);
}

function backend(): { incRef(dataId: object): void } {
  return tf.backend() as unknown as { incRef(dataId: object): void };
}
