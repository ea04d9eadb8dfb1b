import type { Kernel } from "../kernel.ts";
import { planFloatLstm } from "./lstm_float.ts";
import { planInt8Lstm } from "./lstm_int8.ts";
import { lstmPlan } from "./lstm_plan.ts";

/**
 * UNIDIRECTIONAL_SEQUENCE_LSTM, batch first, without peephole, projection, layer normalization and coupled
 * gates.
 *
 * Source: tensorflow/lite/kernels/unidirectional_sequence_lstm.cc and lstm_eval.cc of TensorFlow 2.9.
 */
export const planLstm: Kernel = (context) => {
  const plan = lstmPlan(context);
  return plan.input.type === "INT8" ? planInt8Lstm(plan, context.rescaling.rescale) : planFloatLstm(plan);
};
