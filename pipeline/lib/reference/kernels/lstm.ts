import type { Kernel } from "../kernel.ts";
import { planFloatLstm } from "./lstm_float.ts";
import { lstmPlan } from "./lstm_plan.ts";

/**
 * UNIDIRECTIONAL_SEQUENCE_LSTM, batch first, without peephole, projection, layer normalization and coupled
 * gates.
 *
 * Source: tensorflow/lite/kernels/unidirectional_sequence_lstm.cc and lstm_eval.cc of TensorFlow 2.9.
 */
export const planLstm: Kernel = (context) => planFloatLstm(lstmPlan(context));
