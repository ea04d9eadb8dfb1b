import { int32Elements, type TfliteOperator } from "../../formats/tflite/graph.ts";
import { editGraph, type GraphEditor, isSameShape, reshapedFrom, reshapeOperator } from "./graph_editor.ts";
import type { Pass } from "./pass.ts";

/**
 * Takes out reshaping that does nothing: of several RESHAPE in a row the last one reads what the first one reads, one
 * that gives the shape that it gets goes, and a TRANSPOSE that moves nothing but axes of size 1 is a RESHAPE.
 */
export const eliminateReshapes: Pass = (graph) => {
  const editor = editGraph(graph);
  for (const operator of editor.operators()) {
    if (operator.operator === "TRANSPOSE") becomeReshape(operator, editor);
    if (operator.operator !== "RESHAPE") continue;
    for (let source; (source = reshapedFrom(editor, operator.inputs[0])) !== undefined;) {
      editor.setInput(operator, 0, source);
    }
    const [input] = operator.inputs, [output] = operator.outputs;
    if (isSameShape(editor.shapeOf(input), editor.shapeOf(output))) bypass(operator, editor);
  }
  return editor.finish();
};

function becomeReshape(operator: TfliteOperator, editor: GraphEditor): void {
  const [input, order] = operator.inputs, shape = editor.shapeOf(input);
  const axes = [...int32Elements(editor.model.tensors[order].data!)].filter((axis) => shape[axis] !== 1);
  if (axes.some((axis, i) => i > 0 && axis < axes[i - 1])) return;
  const { inputs: [, target], ...reshape } = reshapeOperator(editor, input, operator.outputs[0]);
  editor.setInput(operator, 1, target);
  Object.assign(operator, { ...reshape, inputs: operator.inputs });
}

/** Lets the readers of a RESHAPE read what it reads; where it is an output, its input's operator writes that. */
function bypass(operator: TfliteOperator, editor: GraphEditor): void {
  const [input] = operator.inputs, [output] = operator.outputs;
  if (!editor.isOutput(output)) {
    editor.redirect(output, input);
    editor.remove(operator);
    return;
  }
  const producer = editor.producerOf(input);
  // An input that is an output as well, or one of several outputs, is left with its RESHAPE.
  if (producer === undefined || producer.outputs.length > 1 || editor.isOutput(input)) return;
  editor.remove(operator);
  editor.redirect(input, output);
  editor.setOutput(producer, output);
}
