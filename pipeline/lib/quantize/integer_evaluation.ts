import type { TfliteOperator, TfliteTensor } from "../formats/tflite/graph.ts";

/** An int8 tensor with its values and its only scale. */
export interface IntegerTensor {
  shape: number[];
  values: Int8Array;
  scale: number;
  zeroPoint: number;
}

/** One operator to compute; `output.values` is written. */
export interface Evaluation {
  operator: TfliteOperator;
  input: IntegerTensor;
  output: IntegerTensor;
  /** The graph's tensors, to look constants up in. */
  constants: TfliteTensor[];
}
