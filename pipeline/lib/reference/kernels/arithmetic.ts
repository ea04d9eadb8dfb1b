import { floatValues, inputAt, type Kernel, type KernelContext, type Run, stridesOf } from "../kernel.ts";
import { activationRange } from "./activation.ts";
import { walkIndices } from "./gather.ts";

const floatKernel = (apply: (a: number, b: number) => number): Kernel => (context) =>
  planFloat(context, apply);

/** The operators on two tensors, which are broadcast to one shape. */
export const BINARY_KERNELS: Readonly<Record<string, Kernel>> = {
  ADD: floatKernel((a, b) => a + b),
  DIV: floatKernel((a, b) => a / b),
  MAXIMUM: floatKernel(Math.max),
  MINIMUM: floatKernel(Math.min),
  MUL: floatKernel((a, b) => a * b),
  SQUARED_DIFFERENCE: floatKernel((a, b) => (a - b) ** 2),
  SUB: floatKernel((a, b) => a - b),
};

function planFloat(context: KernelContext, apply: (a: number, b: number) => number): Run {
  const { low, high } = activationRange(context);
  const a = floatValues(inputAt(context, 0)), b = floatValues(inputAt(context, 1));
  const output = floatValues(context.outputs[0]);
  const [fromA, fromB] = broadcastSources(context);
  return () => {
    for (let i = 0; i < output.length; i++) {
      const value = apply(a[fromA[i]], b[fromB[i]]);
      output[i] = value < low ? low : value > high ? high : value;
    }
  };
}

/** @returns For each input which of its values each output value is made of. */
export function broadcastSources(context: KernelContext): Int32Array[] {
  const { shape } = context.outputs[0];
  return [0, 1].map((position) => {
    const input = inputAt(context, position);
    const padded = [...Array(shape.length - input.shape.length).fill(1), ...input.shape];
    if (!padded.every((size, axis) => size === 1 || size === shape[axis])) {
      throw new RangeError(`its input ${position} must broadcast to [${shape}], got [${input.shape}]`);
    }
    const steps = stridesOf(padded).map((stride, axis) => padded[axis] === 1 ? 0 : stride);
    return walkIndices({ start: 0, steps, sizes: shape });
  });
}
