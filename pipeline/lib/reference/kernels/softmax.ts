import { floatValues, inputAt, type Kernel, option } from "../kernel.ts";

/** SOFTMAX over the last axis. Source: reference/softmax.h of TensorFlow 2.9. */
export const planSoftmax: Kernel = (context) => {
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
};
