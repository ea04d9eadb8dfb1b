import { quantizeMultiplier, roundHalfAway } from "../fixed_point.ts";
import {
  type Affine,
  affineOf,
  floatValues,
  inputAt,
  int8Values,
  integerLimits,
  type Kernel,
  type KernelContext,
  type Run,
} from "../kernel.ts";

/** DEQUANTIZE of INT8, UINT8, INT16 and FLOAT16. Source: reference/dequantize.h of TensorFlow 2.9. */
export const planDequantize: Kernel = (context) => {
  const input = inputAt(context, 0), output = floatValues(context.outputs[0]), { values } = input;
  if (input.type === "FLOAT16" && values instanceof Uint16Array) {
    return () => values.forEach((bits, i) => output[i] = halfToFloat(bits));
  }
  integerLimits(input);
  const { scale, zeroPoint } = affineOf(input), integers = values as Int8Array;
  return () => {
    for (let i = 0; i < output.length; i++) output[i] = scale * (integers[i] - zeroPoint);
  };
};

/** QUANTIZE of FLOAT32, and of INT8 into another scale. */
export const planQuantize: Kernel = (context) =>
  inputAt(context, 0).type === "FLOAT32" ? planFromFloat(context) : planRequantize(context);

/** Source: AffineQuantize in reference/quantize.h of TensorFlow 2.9. */
function planFromFloat(context: KernelContext): Run {
  const input = floatValues(inputAt(context, 0)), [output] = context.outputs;
  const affine = affineOf(output), limits = integerLimits(output), integers = output.values as Int8Array;
  return () => quantizeAll(input, integers, { ...affine, limits });
}

/** @param integers Written: the nearest integers, halves away from zero, inside the limits. */
export function quantizeAll(
  reals: Float32Array,
  integers: Int8Array | Uint8Array | Int16Array,
  { scale, zeroPoint, limits: [low, high] }: Affine & { limits: readonly [number, number] },
): void {
  for (let i = 0; i < integers.length; i++) {
    const value = roundHalfAway(Math.fround(reals[i] / scale)) + zeroPoint;
    integers[i] = value < low ? low : value > high ? high : value;
  }
}

/** Source: reference/requantize.h of TensorFlow 2.9. */
function planRequantize(context: KernelContext): Run {
  const operand = inputAt(context, 0), [output] = context.outputs;
  const input = int8Values(operand), integers = int8Values(output);
  const from = affineOf(operand), to = affineOf(output), [low, high] = integerLimits(output);
  const factor = quantizeMultiplier(from.scale / to.scale), { rescale } = context.rescaling;
  return () => {
    for (let i = 0; i < integers.length; i++) {
      const value = rescale(input[i] - from.zeroPoint, factor) + to.zeroPoint;
      integers[i] = value < low ? low : value > high ? high : value;
    }
  };
}

/** @param bits Of an IEEE 754 half. @returns The number that it stands for. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1, exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
