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
import { roundHalfAway } from "../fixed_point.ts";

/** SOFTMAX over the last axis. */
export const planSoftmax: Kernel = (context) =>
  inputAt(context, 0).type === "INT8" ? planInt8(context) : planFloat(context);

/** Source: reference/softmax.h of TensorFlow 2.9. */
function planFloat(context: KernelContext): Run {
  const operand = inputAt(context, 0), input = floatValues(operand);
  const output = floatValues(context.outputs[0]);
  const size = operand.shape[operand.shape.length - 1], beta = option(context, "beta", 1);
  return () => {
    for (let row = 0; row < input.length; row += size) {
      let max = -Infinity, sum = 0;
      for (let i = row; i < row + size; i++) max = Math.max(max, input[i]);
      for (let i = row; i < row + size; i++) sum += output[i] = Math.exp(beta * (input[i] - max));
      for (let i = row; i < row + size; i++) output[i] /= sum;
    }
  };
}

/**
 * Integers by a table of float32 exponentials.
 *
 * Source: Softmax and PopulateSoftmaxLookupTable in tensorflow/lite/kernels/internal/optimized/optimized_ops.h
 * of TensorFlow 2.9. The reference kernel, which tflite-micro has, computes in fixed point instead and may differ
 * by 1.
 */
function planInt8(context: KernelContext): Run {
  const operand = inputAt(context, 0), input = int8Values(operand), [result] = context.outputs;
  const output = int8Values(result), { scale, zeroPoint } = affineOf(result);
  const size = operand.shape[operand.shape.length - 1];
  const step = Math.fround(-affineOf(operand).scale * option(context, "beta", 1));
  // By the distance to the largest of the row.
  const table = Float32Array.from({ length: 256 }, (_, distance) => Math.exp(Math.fround(step * distance)));
  const sums = new Float32Array(1);
  return () => {
    for (let row = 0; row < input.length; row += size) {
      let max = -128;
      sums[0] = 0;
      for (let i = row; i < row + size; i++) max = Math.max(max, input[i]);
      for (let i = row; i < row + size; i++) sums[0] += table[max - input[i]];
      const factor = Math.fround(1 / Math.fround(sums[0] * scale));
      for (let i = row; i < row + size; i++) {
        const value = roundHalfAway(Math.fround(table[max - input[i]] * factor)) + zeroPoint;
        output[i] = Math.min(Math.max(value, -128), 127);
      }
    }
  };
}
