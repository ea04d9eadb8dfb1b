import { type PoolAttributes, poolingGradient } from "./pooling_gradients.ts";
import type { TensorFlow, TfTensor, TfTensorInfo } from "./tensorflow.ts";

const BACKEND = "wasm";

/**
 * Lets TensorFlow.js 4.22's wasm backend train convolutions and poolings at all, and rightly. To be called once.
 *
 * Added: Conv2DBackpropFilter, which it lacks. Put right:
 * - Conv2D where the kernel is shorter than the step and padding would be negative, which it does not take for 0 as TensorFlow does;
 * - MaxPoolGrad, which loses the gradient of windows without a positive value;
 * - AvgPoolGrad, which shares the gradient of a window among its padding too, unlike the average itself.
 */
export function addMissingKernels(tf: TensorFlow): void {
  registerComposed(
    tf,
    "Conv2D",
    (inputs, attributes) => shortConvolution(tf, inputs, attributes as unknown as ConvAttributes),
  );
  registerComposed(
    tf,
    "Conv2DBackpropFilter",
    (inputs, attributes) => filterGradient(tf, inputs, attributes as unknown as ConvAttributes),
  );
  for (const [kernel, kind] of [["MaxPoolGrad", "max"], ["AvgPoolGrad", "average"]] as const) {
    registerComposed(tf, kernel, (inputs, attributes) => {
      const tensors = { input: inputs("input"), dy: inputs("dy") };
      return poolingGradient(tf, kind, tensors, attributes as unknown as PoolAttributes);
    });
  }
}

/**
 * Replaces two kernels of the gradients that run as plain loops, Conv2DBackpropInput for steps of 1 and the transposed
 * BatchMatMul, by others of the backend that are fast: XNNPACK's products and convolutions. To be called once.
 */
export function replaceSlowKernels(tf: TensorFlow): void {
  registerComposed(
    tf,
    "Conv2DBackpropInput",
    (inputs, attributes) => inputGradient(tf, inputs, attributes as unknown as ConvAttributes),
  );
  registerComposed(tf, "BatchMatMul", (inputs, attributes) => transposedProduct(tf, inputs, attributes));
}

type Inputs = (name: string) => TfTensor;

/**
 * Registers a kernel made of other ones.
 *
 * @param compute Returns undefined for what the backend's own kernel is to do.
 */
function registerComposed(
  tf: TensorFlow,
  kernelName: string,
  compute: (inputs: Inputs, attributes: Record<string, unknown>) => TfTensor | undefined,
): void {
  const shipped = tf.getKernel(kernelName, BACKEND);
  if (shipped) tf.unregisterKernel(kernelName, BACKEND);
  // Kernels pass each other plain descriptions; a tensor made from one counts as another reader of its memory.
  const asTensor = (info: TfTensorInfo): TfTensor => {
    if ("dataSync" in info) return info as TfTensor;
    tf.backend().incRef(info.dataId);
    return tf.engine().makeTensorFromTensorInfo(info);
  };
  tf.registerKernel({
    kernelName,
    backendName: BACKEND,
    kernelFunc(call) {
      const result = tf.tidy(() => compute((name) => asTensor(call.inputs[name]), call.attrs));
      if (result === undefined) return shipped!.kernelFunc(call);
      // The engine takes over the result's memory, so it must survive the tensor that held it.
      tf.backend().incRef(result.dataId);
      result.dispose();
      const { dataId, shape, dtype } = result;
      return { dataId, shape, dtype };
    },
  });
}

/** Attributes of the gradients of a convolution; layouts are [batch, height, width, channels]. */
interface ConvAttributes {
  strides: number | [number, number];
  /** A number, or an array of them by axis, is explicit padding. */
  pad: "same" | "valid" | number | [number, number][];
  /** Of the gradient by the filter: [height, width, inChannels, outChannels]. */
  filterShape: number[];
  /** Of the gradient by the input. */
  inputShape: number[];
}

/** How a convolution lies along one axis of its input. */
interface Axis {
  stride: number;
  kernel: number;
  /** Size of the input and of the output. */
  steps: number;
  outSteps: number;
  /** Zeros before and after the input. */
  before: number;
  after: number;
}

/** The two axes, height and width. @throws RangeError Explicit padding, which no layer of Keras has. */
function axesOf(
  { strides, pad }: ConvAttributes,
  { input, filter, output }: Record<"input" | "filter" | "output", number[]>,
): Axis[] {
  if (pad !== "same" && pad !== "valid") {
    throw new RangeError(`Cannot differentiate a convolution: pad must be same or valid, got ${pad}`);
  }
  return [0, 1].map((axis) => {
    const stride = typeof strides === "number" ? strides : strides[axis];
    const kernel = filter[axis], steps = input[1 + axis], outSteps = output[1 + axis];
    const total = pad === "same" ? Math.max((outSteps - 1) * stride + kernel - steps, 0) : 0;
    const before = Math.floor(total / 2);
    return { stride, kernel, steps, outSteps, before, after: total - before };
  });
}

/** A convolution whose last window ends before the input does: no padding at all. */
function shortConvolution(tf: TensorFlow, inputs: Inputs, attributes: ConvAttributes): TfTensor | undefined {
  const x = inputs("x"), filter = inputs("filter"), { strides, pad } = attributes;
  if (pad !== "same") return undefined;
  const [vertical, horizontal] = typeof strides === "number" ? [strides, strides] : strides;
  const output = [x.shape[0], Math.ceil(x.shape[1] / vertical), Math.ceil(x.shape[2] / horizontal)];
  const axes = axesOf(attributes, { input: x.shape, filter: filter.shape, output });
  if (axes.every(({ before, after, kernel, stride }) => before + after > 0 || kernel >= stride)) {
    return undefined;
  }
  const padding = axes.map(({ before, after }): [number, number] => [before, after]);
  return tf.conv2d(tf.pad(x, [[0, 0], ...padding, [0, 0]]), filter, [vertical, horizontal], "valid");
}

/** d loss / d filter[i, j] = patches^T dy: the input's values under filter row i, column j, times the output's gradient. */
function filterGradient(tf: TensorFlow, inputs: Inputs, attributes: ConvAttributes): TfTensor {
  const x = inputs("x"), dy = inputs("dy"), { filterShape } = attributes;
  const axes = axesOf(attributes, { input: x.shape, filter: filterShape, output: dy.shape });
  const [batch, , , channels] = x.shape, filters = filterShape[3];
  const [rows, columns] = axes, positions = batch * rows.outSteps * columns.outSteps;
  const reach = ({ outSteps, stride }: Axis) => (outSteps - 1) * stride + 1;
  const padding = axes.map(({ before, after }): [number, number] => [before, after]);
  const padded = tf.pad(x, [[0, 0], ...padding, [0, 0]]);
  const patches: TfTensor[] = [];
  for (let i = 0; i < rows.kernel; i++) {
    for (let j = 0; j < columns.kernel; j++) {
      const end = [batch, i + reach(rows), j + reach(columns), channels];
      const values = tf.stridedSlice(padded, [0, i, j, 0], end, [1, rows.stride, columns.stride, 1]);
      patches.push(tf.reshape(values, [positions, channels]));
    }
  }
  const matrix = patches.length === 1 ? patches[0] : tf.concat(patches, 1);
  const gradient = tf.matMul(tf.transpose(matrix), tf.reshape(dy, [positions, filters]));
  return tf.reshape(gradient, filterShape);
}

/** For steps of 1: the output's gradient, padded, convolved with the filter turned round and its channels exchanged. */
function inputGradient(tf: TensorFlow, inputs: Inputs, attributes: ConvAttributes): TfTensor | undefined {
  const dy = inputs("dy"), filter = inputs("filter"), { inputShape } = attributes;
  const axes = axesOf(attributes, { input: inputShape, filter: filter.shape, output: dy.shape });
  if (axes.some(({ stride }) => stride !== 1)) return undefined;
  const padding = axes.map(({ kernel, before, steps, outSteps }): [number, number] => [
    kernel - 1 - before,
    steps + before - outSteps,
  ]);
  const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
  return tf.conv2d(tf.pad(dy, [[0, 0], ...padding, [0, 0]]), turned, 1, "valid");
}

/** XNNPACK multiplies what is not transposed, so the operands are turned first. */
function transposedProduct(
  tf: TensorFlow,
  inputs: Inputs,
  { transposeA, transposeB }: Record<string, unknown>,
): TfTensor | undefined {
  if (!transposeA && !transposeB) return undefined;
  const turn = (matrix: TfTensor) => {
    const axes = [...matrix.shape.keys()], last = axes.length - 1;
    return tf.transpose(matrix, [...axes.slice(0, -2), last, last - 1]);
  };
  const a = inputs("a"), b = inputs("b");
  return tf.matMul(transposeA ? turn(a) : a, transposeB ? turn(b) : b);
}
