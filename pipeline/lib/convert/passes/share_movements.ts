import { editGraph } from "./graph_editor.ts";
import type { Pass } from "./pass.ts";

/** Operators that move values and compute none. */
const MOVING = ["RESHAPE", "TRANSPOSE", "REVERSE_V2", "PAD"];

/** Of several operators that move the same values the same way keeps the first; layers that read one input often have such. */
export const shareMovements: Pass = (graph) => {
  const editor = editGraph(graph), firsts = new Map<string, number>();
  for (const operator of editor.operators()) {
    if (!MOVING.includes(operator.operator)) continue;
    const [output] = operator.outputs;
    const key = JSON.stringify([operator.operator, operator.inputs, operator.options]);
    const first = firsts.get(key);
    if (first === undefined) firsts.set(key, output);
    else if (!editor.isOutput(output)) {
      editor.redirect(output, first);
      editor.remove(operator);
    }
  }
  return editor.finish();
};
