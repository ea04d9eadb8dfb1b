import { ACTIVATION } from "../../formats/tflite/schema.ts";
import { editGraph, isPlain } from "./graph_editor.ts";
import type { Pass } from "./pass.ts";

const FUSED: Record<string, number> = { RELU: ACTIVATION.RELU, RELU6: ACTIVATION.RELU6 };

/** Operators that can clamp their own outputs, on every runtime in float and int8. */
const CLAMPING = [
  "CONV_2D",
  "DEPTHWISE_CONV_2D",
  "FULLY_CONNECTED",
  "ADD",
  "SUB",
  "MUL",
  "AVERAGE_POOL_2D",
  "MAX_POOL_2D",
];

/** Fuses RELU and RELU6 into the operator before them where nothing else reads what that writes. */
export const fuseActivations: Pass = (graph) => {
  const editor = editGraph(graph);
  for (const operator of editor.operators()) {
    const fused = FUSED[operator.operator], [input] = operator.inputs;
    if (fused === undefined || editor.onlyReaderOf(input) !== operator) continue;
    const producer = editor.producerOf(input);
    if (producer === undefined || !CLAMPING.includes(producer.operator) || !isPlain(producer)) continue;
    producer.options!.fusedActivationFunction = fused;
    const [output] = operator.outputs;
    editor.remove(operator);
    editor.setOutput(producer, output);
  }
  return editor.finish();
};
