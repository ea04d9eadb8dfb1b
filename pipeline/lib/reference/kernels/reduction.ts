import { elementCount } from "../../formats/tflite/graph.ts";
import {
  constantIntegers,
  floatValues,
  inputAt,
  type Kernel,
  type KernelContext,
  normalAxes,
  stridesOf,
} from "../kernel.ts";

/**
 * MEAN, SUM and REDUCE_MAX over any axes.
 *
 * Source: tensorflow/lite/kernels/internal/reference/reduce.h of TensorFlow 2.9. Deviation: float sums are
 * kept in float64.
 */
export const REDUCTION_KERNELS: Readonly<Record<string, Kernel>> = {
  MEAN: (context) => planFloatSum(context, 1 / reducedCount(context)),
  SUM: (context) => planFloatSum(context, 1),
  REDUCE_MAX: (context) => {
    const input = floatValues(inputAt(context, 0)), output = floatValues(context.outputs[0]);
    const targets = reductionTargets(context);
    return () => {
      output.fill(-Infinity);
      for (let i = 0; i < input.length; i++) {
        if (input[i] > output[targets[i]]) output[targets[i]] = input[i];
      }
    };
  },
};

function planFloatSum(context: KernelContext, factor: number) {
  const input = floatValues(inputAt(context, 0)), output = floatValues(context.outputs[0]);
  const targets = reductionTargets(context), sums = new Float64Array(output.length);
  return () => {
    sums.fill(0);
    for (let i = 0; i < input.length; i++) sums[targets[i]] += input[i];
    for (let i = 0; i < sums.length; i++) output[i] = sums[i] * factor;
  };
}

/** @returns How many input values become one output value. */
function reducedCount(context: KernelContext): number {
  return elementCount(inputAt(context, 0).shape) / elementCount(context.outputs[0].shape);
}

/** @returns For each value of the input the index of the output value that it belongs to. */
function reductionTargets(context: KernelContext): Int32Array {
  const { shape } = inputAt(context, 0);
  const axes = normalAxes(constantIntegers(inputAt(context, 1)), shape.length);
  const kept = shape.map((size, axis) => axes.includes(axis) ? 1 : size);
  const inStrides = stridesOf(shape);
  const outStrides = stridesOf(kept).map((stride, axis) => axes.includes(axis) ? 0 : stride);
  return Int32Array.from({ length: elementCount(shape) }, (_, i) => {
    let target = 0;
    for (let axis = 0; axis < shape.length; axis++) {
      target += Math.floor(i / inStrides[axis]) % shape[axis] * outStrides[axis];
    }
    return target;
  });
}
