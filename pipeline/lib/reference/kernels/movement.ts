import {
  axisOf,
  constantIntegers,
  inputAt,
  type Kernel,
  type KernelContext,
  normalAxes,
  type Operand,
  type Run,
  stridesOf,
} from "../kernel.ts";
import { planGather, walkIndices } from "./gather.ts";

/** The operators that move values of any type without arithmetic. */
export const MOVEMENT_KERNELS: Readonly<Record<string, Kernel>> = {
  EXPAND_DIMS: planCopy,
  PAD: planPad,
  PADV2: planPad,
  RESHAPE: planCopy,
  REVERSE_V2: planReverse,
  SQUEEZE: planCopy,
  TRANSPOSE: planTranspose,
};

/** The values stay as they are, only the shape changes. */
function planCopy(context: KernelContext): Run {
  const { values } = inputAt(context, 0), [output] = context.outputs;
  if (values.constructor !== output.values.constructor || values.length !== output.values.length) {
    throw new RangeError(
      `its output must hold ${values.length} values, got ${output.type} [${output.shape}]`,
    );
  }
  return () => (output.values as Float32Array).set(values as Float32Array);
}

/** Source: tensorflow/lite/kernels/internal/reference/reverse.h of TensorFlow 2.9, for any number of axes. */
function planReverse(context: KernelContext): Run {
  const input = inputAt(context, 0), { shape } = input, strides = stridesOf(shape);
  const axes = normalAxes(constantIntegers(inputAt(context, 1)), shape.length);
  return planGather(input, context.outputs[0], {
    start: axes.reduce((start, axis) => start + (shape[axis] - 1) * strides[axis], 0),
    steps: strides.map((stride, axis) => axes.includes(axis) ? -stride : stride),
    sizes: shape,
  });
}

/** Source: tensorflow/lite/kernels/internal/reference/transpose.h of TensorFlow 2.9. */
function planTranspose(context: KernelContext): Run {
  const input = inputAt(context, 0), { shape } = input, strides = stridesOf(shape);
  const axes = constantIntegers(inputAt(context, 1)).map((axis) => axisOf(axis, shape.length));
  return planGather(input, context.outputs[0], {
    start: 0,
    steps: axes.map((axis) => strides[axis]),
    sizes: axes.map((axis) => shape[axis]),
  });
}

/**
 * Writes the input into an output full of the padding: 0, which in a quantized tensor is its zero point, or
 * PADV2's value.
 *
 * Source: tensorflow/lite/kernels/pad.cc of TensorFlow 2.9.
 */
function planPad(context: KernelContext): Run {
  const input = inputAt(context, 0), { shape, values } = input, [output] = context.outputs;
  const paddings = constantIntegers(inputAt(context, 1)), strides = stridesOf(output.shape);
  const start = shape.reduce((sum, _, axis) => sum + paddings[2 * axis] * strides[axis], 0);
  const targets = walkIndices({ start, steps: strides, sizes: shape });
  const target = output.values as Float32Array, source = values as Float32Array;
  const fill = paddingOf(context, output);
  return () => {
    target.fill(fill);
    for (let i = 0; i < targets.length; i++) target[targets[i]] = source[i];
  };
}

function paddingOf({ inputs: [, , value] }: KernelContext, output: Operand): number {
  if (value !== undefined) return Number(value.values[0]);
  return output.type === "FLOAT32" ? 0 : output.quantization?.zeroPoint[0] ?? 0;
}
