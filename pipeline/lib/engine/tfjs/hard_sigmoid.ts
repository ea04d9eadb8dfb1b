import { HARD_SIGMOID_SLOPES } from "../../nn/layers/hard_sigmoid.ts";
import type { TensorFlow, TfTensor } from "./tensorflow.ts";

/** @returns The hard sigmoid of Keras 2, which is that of TensorFlow.js' own layers. */
export function hardSigmoid(tf: TensorFlow, input: TfTensor): TfTensor {
  return tf.clipByValue(tf.add(tf.mul(input, HARD_SIGMOID_SLOPES.hard_sigmoid), 0.5), 0, 1);
}
