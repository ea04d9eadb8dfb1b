import { quantizeMultiplier, roundHalfAway } from "../fixed_point.ts";
import {
  affineOf,
  floatValues,
  inputAt,
  int8Values,
  type Kernel,
  type KernelContext,
  option,
  type Run,
} from "../kernel.ts";

/** @returns The logistic function. */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** @param apply On real numbers. */
function planFloat(context: KernelContext, apply: (x: number) => number): Run {
  const input = floatValues(inputAt(context, 0)), output = floatValues(context.outputs[0]);
  return () => {
    for (let i = 0; i < output.length; i++) output[i] = apply(input[i]);
  };
}

/** @param apply From integers to integers that need no clamping. */
function planTable(context: KernelContext, apply: (integer: number) => number): Run {
  const input = int8Values(inputAt(context, 0)), output = int8Values(context.outputs[0]);
  const table = Int8Array.from({ length: 256 }, (_, i) => apply(i - 128));
  return () => {
    for (let i = 0; i < output.length; i++) output[i] = table[input[i] + 128];
  };
}

/** The logistic function rounded to float32 after each step, as the library's tables are made. */
function float32Sigmoid(x: number): number {
  return Math.fround(1 / Math.fround(1 + Math.fround(Math.exp(-x))));
}

const clampInt8 = (value: number) => Math.min(Math.max(value, -128), 127);
const floatKernel = (apply: (x: number) => number): Kernel => (context) => planFloat(context, apply);

/**
 * Integers by a table of the real function, computed in float32.
 *
 * Source: PopulateLookupTable in tensorflow/lite/kernels/internal/common.h of TensorFlow 2.9. The reference
 * kernels, which tflite-micro has, compute in fixed point instead and may differ by 1.
 */
const tableKernel = (
  apply: (x: number) => number,
  float32Apply: (x: number) => number = (x) => Math.fround(apply(x)),
): Kernel =>
(context) => {
  const input = inputAt(context, 0);
  if (input.type !== "INT8") return planFloat(context, apply);
  const from = affineOf(input), to = affineOf(context.outputs[0]);
  const inverse = Math.fround(1 / to.scale);
  return planTable(context, (integer) => {
    const real = Math.fround(from.scale * (integer - from.zeroPoint));
    const rescaled = Math.fround(float32Apply(real) * inverse);
    return clampInt8(roundHalfAway(rescaled) + to.zeroPoint);
  });
};

/**
 * Source: ReluX in tensorflow/lite/kernels/internal/reference/reference_ops.h and QuantizedReluX in
 * activations.cc of TensorFlow 2.9.
 *
 * @param limit Greatest real number that it lets through.
 */
const reluKernel = (limit: number): Kernel => (context) => {
  const input = inputAt(context, 0);
  if (input.type !== "INT8") return planFloat(context, (x) => Math.min(Math.max(x, 0), limit));
  const from = affineOf(input), to = affineOf(context.outputs[0]), { rescale } = context.rescaling;
  const factor = quantizeMultiplier(Math.fround(from.scale / to.scale));
  const high = limit === Infinity
    ? 127
    : clampInt8(to.zeroPoint + roundHalfAway(Math.fround(limit / to.scale)));
  return planTable(context, (integer) => {
    const value = rescale(integer - from.zeroPoint, factor) + to.zeroPoint;
    return Math.min(Math.max(value, Math.max(-128, to.zeroPoint)), high);
  });
};

/** Source: LeakyReluPrepare in activations.cc and reference/leaky_relu.h of TensorFlow 2.9. */
const leakyRelu: Kernel = (context) => {
  const input = inputAt(context, 0), alpha = option(context, "alpha");
  if (input.type !== "INT8") return planFloat(context, (x) => x > 0 ? x : alpha * x);
  const from = affineOf(input), to = affineOf(context.outputs[0]), { rescale } = context.rescaling;
  const above = quantizeMultiplier(Math.fround(from.scale / to.scale));
  const below = quantizeMultiplier(Math.fround(Math.fround(from.scale * alpha) / to.scale));
  return planTable(context, (integer) => {
    const value = integer - from.zeroPoint;
    return clampInt8(rescale(value, value >= 0 ? above : below) + to.zeroPoint);
  });
};

/** CAST to FLOAT32. */
const cast: Kernel = (context) => {
  const { values } = inputAt(context, 0), output = floatValues(context.outputs[0]);
  return () => {
    for (let i = 0; i < output.length; i++) output[i] = Number(values[i]);
  };
};

/** The operators on each value by itself. */
export const UNARY_KERNELS: Readonly<Record<string, Kernel>> = {
  ABS: floatKernel(Math.abs),
  CAST: cast,
  COS: floatKernel(Math.cos),
  EXP: floatKernel(Math.exp),
  LEAKY_RELU: leakyRelu,
  LOG: floatKernel(Math.log),
  LOGISTIC: tableKernel(sigmoid, float32Sigmoid),
  NEG: floatKernel((x) => -x),
  RELU: reluKernel(Infinity),
  RELU6: reluKernel(6),
  RSQRT: floatKernel((x) => 1 / Math.sqrt(x)),
  SIN: floatKernel(Math.sin),
  SQRT: floatKernel(Math.sqrt),
  SQUARE: floatKernel((x) => x * x),
  TANH: tableKernel(Math.tanh),
};
