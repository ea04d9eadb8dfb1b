import { bytesOf, type TfliteOperator } from "../../formats/tflite/graph.ts";
import { editGraph, type GraphEditor, isPlain } from "./graph_editor.ts";
import type { Pass } from "./pass.ts";

/**
 * Computes what depends on constants only: RESHAPE of one; ADD, SUB and MUL of two; and of two ADD or two MUL by a
 * constant a channel in a row makes one.
 */
export const foldConstants: Pass = (graph) => {
  const editor = editGraph(graph);
  for (const operator of editor.operators()) {
    if (operator.operator === "RESHAPE") foldReshape(operator, editor);
    else if (operator.operator in COMPUTE && !foldArithmetic(operator, editor)) joinChain(operator, editor);
  }
  return editor.finish();
};

const COMPUTE: Record<string, (a: number, b: number) => number> = {
  ADD: (a, b) => a + b,
  SUB: (a, b) => a - b,
  MUL: (a, b) => a * b,
};

/** Makes an operator's output a constant. Outputs of the model have to be computed. */
function becomeConstant(operator: TfliteOperator, editor: GraphEditor, data: Uint8Array): void {
  const [output] = operator.outputs;
  editor.remove(operator);
  editor.model.tensors[output] = { ...editor.model.tensors[output], data };
}

function foldReshape(operator: TfliteOperator, editor: GraphEditor): void {
  const { data } = editor.model.tensors[operator.inputs[0]];
  if (data !== undefined && !editor.isOutput(operator.outputs[0])) becomeConstant(operator, editor, data);
}

function foldArithmetic(operator: TfliteOperator, editor: GraphEditor): boolean {
  const [a, b] = operator.inputs.map(editor.vectorOf), [output] = operator.outputs;
  if (a === undefined || b === undefined || !isPlain(operator) || editor.isOutput(output)) return false;
  becomeConstant(operator, editor, bytesOf(combine(operator.operator, a, b)));
  return true;
}

/** Combines vectors of the same length, or one of length 1 with another. */
function combine(operator: string, a: Float32Array, b: Float32Array): Float32Array {
  const length = Math.max(a.length, b.length), compute = COMPUTE[operator];
  return Float32Array.from({ length }, (_, i) => compute(a[i % a.length], b[i % b.length]));
}

/** (x + a) + b = x + (a + b), (x a) b = x (a b). */
function joinChain(operator: TfliteOperator, editor: GraphEditor): void {
  if (operator.operator === "SUB") return;
  const own = constantPosition(operator, editor);
  if (own === undefined) return;
  const [input] = operator.inputs.toSpliced(own, 1), first = editor.producerOf(input);
  if (first?.operator !== operator.operator || !isPlain(first) || editor.onlyReaderOf(input) !== operator) {
    return;
  }
  const firsts = constantPosition(first, editor);
  if (firsts === undefined) return;
  const constant = operator.inputs[own];
  const values = combine(
    operator.operator,
    editor.vectorOf(first.inputs[firsts])!,
    editor.vectorOf(constant)!,
  );
  const joined = editor.addTensor({
    ...editor.model.tensors[constant],
    shape: [values.length],
    data: bytesOf(values),
  });
  const [source] = first.inputs.toSpliced(firsts, 1);
  editor.setInput(operator, own, joined);
  editor.setInput(operator, 1 - own, source);
  editor.remove(first);
}

/** @returns Which of the two inputs is a constant a channel of the other. */
function constantPosition({ inputs }: TfliteOperator, editor: GraphEditor): number | undefined {
  const position = inputs.findIndex((input) => editor.vectorOf(input) !== undefined);
  if (position === -1) return undefined;
  const constant = editor.vectorOf(inputs[position])!, channels = editor.shapeOf(inputs[1 - position]).at(-1);
  return constant.length === 1 || constant.length === channels ? position : undefined;
}
