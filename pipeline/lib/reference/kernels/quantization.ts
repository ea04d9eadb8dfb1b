import { affineOf, floatValues, inputAt, type Kernel } from "../kernel.ts";

/** DEQUANTIZE of INT8, UINT8, INT16 and FLOAT16. Source: reference/dequantize.h of TensorFlow 2.9. */
export const planDequantize: Kernel = (context) => {
  const input = inputAt(context, 0), output = floatValues(context.outputs[0]);
  const { values } = input;
  if (input.type === "FLOAT16" && values instanceof Uint16Array) {
    return () => values.forEach((bits, i) => output[i] = halfToFloat(bits));
  }
  const { scale, zeroPoint } = affineOf(input);
  const integers = values as Int8Array;
  return () => {
    for (let i = 0; i < output.length; i++) output[i] = scale * (integers[i] - zeroPoint);
  };
};

const INTEGER_LIMITS: Readonly<Record<string, readonly [number, number]>> = {
  INT8: [-128, 127],
  UINT8: [0, 255],
  INT16: [-32768, 32767],
};

/** QUANTIZE of FLOAT32. Source: AffineQuantize in reference/quantize.h of TensorFlow 2.9. */
export const planQuantize: Kernel = (context) => {
  const input = floatValues(inputAt(context, 0)), [output] = context.outputs;
  const { scale, zeroPoint } = affineOf(output), [low, high] = INTEGER_LIMITS[output.type];
  const integers = output.values as Int8Array;
  return () => {
    for (let i = 0; i < integers.length; i++) {
      const real = Math.fround(input[i] / scale);
      const rounded = (real < 0 ? -Math.round(-real) : Math.round(real)) + zeroPoint;
      integers[i] = Math.min(Math.max(rounded, low), high);
    }
  };
};

/** @param bits Of an IEEE 754 half. @returns The number that it stands for. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1, exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
