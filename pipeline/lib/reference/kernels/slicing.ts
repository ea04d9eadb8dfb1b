import {
  axisOf,
  constantIntegers,
  inputAt,
  type Kernel,
  type KernelContext,
  option,
  type Run,
  stridesOf,
} from "../kernel.ts";
import { planGather } from "./gather.ts";

/** The operators that take parts of a tensor. */
export const SLICING_KERNELS: Readonly<Record<string, Kernel>> = {
  SLICE: planSlice,
  SPLIT: (context) => planParts(context, { input: 1, axis: constantIntegers(inputAt(context, 0))[0] }),
  SPLIT_V: (context) => planParts(context, { input: 0, axis: constantIntegers(inputAt(context, 2))[0] }),
  STRIDED_SLICE: planStridedSlice,
  UNPACK: planUnpack,
};

/** Source: tensorflow/lite/kernels/slice.cc of TensorFlow 2.9; the output's shape has the sizes. */
function planSlice(context: KernelContext): Run {
  const input = inputAt(context, 0), [output] = context.outputs, strides = stridesOf(input.shape);
  const begin = constantIntegers(inputAt(context, 1));
  const start = strides.reduce((sum, stride, axis) => sum + begin[axis] * stride, 0);
  return planGather(input, output, { start, steps: strides, sizes: output.shape });
}

/** Parts side by side along an axis, as large as the outputs are. */
function planParts(context: KernelContext, places: { input: number; axis: number }): Run {
  const input = inputAt(context, places.input), strides = stridesOf(input.shape);
  const axis = axisOf(places.axis, input.shape.length);
  let start = 0;
  const parts = context.outputs.map((output) => {
    const part = planGather(input, output, { start, steps: strides, sizes: output.shape });
    start += output.shape[axis] * strides[axis];
    return part;
  });
  return () => parts.forEach((part) => part());
}

/** One output an index of the axis, which the outputs do not have. */
function planUnpack(context: KernelContext): Run {
  const input = inputAt(context, 0), strides = stridesOf(input.shape);
  const axis = axisOf(option(context, "axis"), input.shape.length);
  const parts = context.outputs.map((output, i) =>
    planGather(input, output, {
      start: i * strides[axis],
      steps: strides.toSpliced(axis, 1),
      sizes: output.shape,
    })
  );
  return () => parts.forEach((part) => part());
}

/**
 * STRIDED_SLICE without ellipsis and new axes.
 *
 * Source: StartForAxis and StopForAxis in tensorflow/lite/kernels/internal/strided_slice_logic.h of
 * TensorFlow 2.9.
 */
function planStridedSlice(context: KernelContext): Run {
  const input = inputAt(context, 0), { shape } = input, strides = stridesOf(shape);
  const [begin, end, step] = [1, 2, 3].map((position) => constantIntegers(inputAt(context, position)));
  if (option(context, "ellipsisMask") !== 0 || option(context, "newAxisMask") !== 0) {
    throw new RangeError("its ellipsisMask and newAxisMask must be 0, got others");
  }
  if ([begin, end, step].some((list) => list.length !== shape.length)) {
    throw new RangeError(`its begin, end and strides must hold ${shape.length} values, got others`);
  }
  const isSet = (mask: string, axis: number) => (option(context, mask) >> axis & 1) === 1;
  const from = shape.map((size, axis) => {
    const [low, high] = step[axis] > 0 ? [0, size] : [-1, size - 1];
    if (isSet("beginMask", axis)) return step[axis] > 0 ? 0 : size - 1;
    return Math.min(Math.max(begin[axis] < 0 ? begin[axis] + size : begin[axis], low), high);
  });
  const sizes = shape.map((size, axis) => {
    if (isSet("shrinkAxisMask", axis)) return 1;
    const [low, high] = step[axis] > 0 ? [0, size] : [-1, size - 1];
    const to = isSet("endMask", axis)
      ? (step[axis] > 0 ? high : low)
      : Math.min(Math.max(end[axis] < 0 ? end[axis] + size : end[axis], low), high);
    return Math.max(0, Math.ceil((to - from[axis]) / step[axis]));
  });
  return planGather(input, context.outputs[0], {
    start: from.reduce((sum, place, axis) => sum + place * strides[axis], 0),
    steps: strides.map((stride, axis) => stride * step[axis]),
    sizes,
  });
}
