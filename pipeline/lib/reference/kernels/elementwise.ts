import { floatValues, inputAt, type Kernel } from "../kernel.ts";

/** @returns The logistic function. */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

const floatKernel = (apply: (x: number) => number): Kernel => (context) => {
  const input = floatValues(inputAt(context, 0)), output = floatValues(context.outputs[0]);
  return () => {
    for (let i = 0; i < output.length; i++) output[i] = apply(input[i]);
  };
};

/** The operators on each value by itself. */
export const UNARY_KERNELS: Readonly<Record<string, Kernel>> = {
  ABS: floatKernel(Math.abs),
  COS: floatKernel(Math.cos),
  EXP: floatKernel(Math.exp),
  LOG: floatKernel(Math.log),
  LOGISTIC: floatKernel(sigmoid),
  NEG: floatKernel((x) => -x),
  RELU: floatKernel((x) => Math.max(x, 0)),
  RELU6: floatKernel((x) => Math.min(Math.max(x, 0), 6)),
  RSQRT: floatKernel((x) => 1 / Math.sqrt(x)),
  SIN: floatKernel(Math.sin),
  SQRT: floatKernel(Math.sqrt),
  SQUARE: floatKernel((x) => x * x),
  TANH: floatKernel(Math.tanh),
};
