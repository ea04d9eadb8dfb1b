import { quantizeMultiplier } from "../fixed_point.ts";
import {
  affineOf,
  floatValues,
  inputAt,
  int8Values,
  type Kernel,
  type KernelContext,
  type Run,
  stridesOf,
} from "../kernel.ts";
import { activationRange, integerActivationRange } from "./activation.ts";
import { walkIndices } from "./gather.ts";

type Binary = (a: number, b: number) => number;

const floatKernel = (apply: Binary): Kernel => (context) => planFloat(context, apply);
const isInt8 = (context: KernelContext) => inputAt(context, 0).type === "INT8";
const sumKernel = (apply: Binary): Kernel => (context) =>
  isInt8(context) ? planInt8Sum(context, apply) : planFloat(context, apply);

/** The operators on two tensors, which are broadcast to one shape. */
export const BINARY_KERNELS: Readonly<Record<string, Kernel>> = {
  ADD: sumKernel((a, b) => a + b),
  DIV: floatKernel((a, b) => a / b),
  MAXIMUM: floatKernel(Math.max),
  MINIMUM: floatKernel(Math.min),
  MUL: (context) => isInt8(context) ? planInt8Product(context) : planFloat(context, (a, b) => a * b),
  SQUARED_DIFFERENCE: floatKernel((a, b) => (a - b) ** 2),
  SUB: sumKernel((a, b) => a - b),
};

function planFloat(context: KernelContext, apply: Binary): Run {
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

/** Bits that operands of a sum are shifted to the left by, to lose nothing when they are rescaled. */
const SUM_SHIFT = 20;

/**
 * Both operands are brought to twice the larger of their scales, then the sum to the output's.
 *
 * Source: reference/integer_ops/add.h and PrepareGeneralSubOp in sub.cc of TensorFlow 2.9.
 */
function planInt8Sum(context: KernelContext, apply: Binary): Run {
  const operands = [inputAt(context, 0), inputAt(context, 1)], [output] = context.outputs;
  const { rescale } = context.rescaling;
  const [a, b] = operands.map(int8Values), [affineA, affineB] = operands.map(affineOf), to = affineOf(output);
  const twiceLarger = 2 * Math.max(affineA.scale, affineB.scale);
  const factorA = quantizeMultiplier(affineA.scale / twiceLarger);
  const factorB = quantizeMultiplier(affineB.scale / twiceLarger);
  const factorOut = quantizeMultiplier(twiceLarger / (2 ** SUM_SHIFT * to.scale));
  const { low, high } = integerActivationRange(context, output), out = int8Values(output);
  const [fromA, fromB] = broadcastSources(context);
  return () => {
    for (let i = 0; i < out.length; i++) {
      const scaledA = rescale((a[fromA[i]] - affineA.zeroPoint) << SUM_SHIFT, factorA);
      const scaledB = rescale((b[fromB[i]] - affineB.zeroPoint) << SUM_SHIFT, factorB);
      const value = rescale(apply(scaledA, scaledB), factorOut) + to.zeroPoint;
      out[i] = value < low ? low : value > high ? high : value;
    }
  };
}

/** Source: reference/integer_ops/mul.h and mul.cc of TensorFlow 2.9. */
function planInt8Product(context: KernelContext): Run {
  const operands = [inputAt(context, 0), inputAt(context, 1)], [output] = context.outputs;
  const { rescale } = context.rescaling;
  const [a, b] = operands.map(int8Values), [affineA, affineB] = operands.map(affineOf), to = affineOf(output);
  const factor = quantizeMultiplier(Math.fround(Math.fround(affineA.scale * affineB.scale) / to.scale));
  const { low, high } = integerActivationRange(context, output), out = int8Values(output);
  const [fromA, fromB] = broadcastSources(context);
  return () => {
    for (let i = 0; i < out.length; i++) {
      const product = (a[fromA[i]] - affineA.zeroPoint) * (b[fromB[i]] - affineB.zeroPoint);
      const value = rescale(product, factor) + to.zeroPoint;
      out[i] = value < low ? low : value > high ? high : value;
    }
  };
}

/** @returns For each input which of its values each output value is made of. */
function broadcastSources(context: KernelContext): Int32Array[] {
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
