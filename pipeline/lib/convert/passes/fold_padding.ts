import { int32Elements, type TfliteOperator } from "../../formats/tflite/graph.ts";
import { PADDING } from "../../formats/tflite/schema.ts";
import { editGraph, type GraphEditor } from "./graph_editor.ts";
import type { Pass } from "./pass.ts";

const CONVOLUTIONS = ["CONV_2D", "DEPTHWISE_CONV_2D"];

/**
 * Takes out a PAD with zeros before a convolution that pads just so itself with SAME; causal padding and frames that are wider
 * stay.
 */
export const foldPadding: Pass = (graph) => {
  const editor = editGraph(graph);
  for (const operator of editor.operators()) {
    if (!CONVOLUTIONS.includes(operator.operator) || operator.options!.padding !== PADDING.VALID) continue;
    const [input] = operator.inputs, pad = editor.producerOf(input);
    if (pad?.operator !== "PAD" || editor.onlyReaderOf(input) !== operator) continue;
    if (!isSamePadding(pad, operator, editor)) continue;
    editor.remove(pad);
    editor.setInput(operator, 0, pad.inputs[0]);
    operator.options!.padding = PADDING.SAME;
  }
  return editor.finish();
};

function isSamePadding(pad: TfliteOperator, convolution: TfliteOperator, editor: GraphEditor): boolean {
  const { data } = editor.model.tensors[pad.inputs[1]];
  if (data === undefined) return false;
  const paddings = int32Elements(data), shape = editor.shapeOf(pad.inputs[0]);
  const filter = editor.shapeOf(convolution.inputs[1]), output = editor.shapeOf(convolution.outputs[0]);
  const isWhole = [0, 3].every((axis) => paddings[2 * axis] === 0 && paddings[2 * axis + 1] === 0);
  return isWhole && ([["H", 1], ["W", 2]] as const).every(([side, axis]) => {
    const { before, steps } = samePadding(convolution, side, { size: shape[axis], filter: filter[axis] });
    return paddings[2 * axis] === before && output[axis] === steps;
  });
}

/**
 * @returns What SAME pads a side with, in total and before it, and how many steps it gives.
 *
 * Source: ComputePaddingWithOffset in tensorflow/lite/kernels/padding.h of TensorFlow 2.9.
 */
export function samePadding(
  { options }: TfliteOperator,
  side: "H" | "W",
  { size, filter }: { size: number; filter: number },
): { total: number; before: number; steps: number } {
  const stride = Number(options![`stride${side}`]);
  const span = (filter - 1) * Number(options![`dilation${side}Factor`]) + 1;
  const steps = Math.ceil(size / stride), total = Math.max((steps - 1) * stride + span - size, 0);
  return { total, before: Math.floor(total / 2), steps };
}
