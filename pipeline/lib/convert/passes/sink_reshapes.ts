import { bytesOf, int32Elements, type TfliteOperator } from "../../formats/tflite/graph.ts";
import { editGraph, type GraphEditor, isSameShape, reshapedFrom, reshapeOperator } from "./graph_editor.ts";
import type { Pass } from "./pass.ts";

const UNARY = ["RELU", "RELU6", "LEAKY_RELU", "LOGISTIC", "TANH"];
const BINARY = ["ADD", "SUB", "MUL"];

/**
 * Moves each RESHAPE behind the operators that compute the same on the shape before it: operators of single values, of a
 * value a channel, of two tensors in the same two shapes, CONCATENATION and MEAN of images of height 1. Layers that work
 * on images then follow each other without a RESHAPE between, and an activation stands right behind what it belongs to.
 */
export const sinkReshapes: Pass = (graph) => {
  const editor = editGraph(graph);
  for (const operator of editor.operators()) {
    const sources = sourcesOf(operator, editor);
    if (sources === undefined) continue;
    for (const [position, source] of sources.entries()) {
      if (source !== operator.inputs[position]) editor.setInput(operator, position, source);
    }
    moveOutput(operator, editor);
  }
  return editor.finish();
};

/** Lets the operator write a tensor in its inputs' shape, which a RESHAPE turns into what it wrote before. */
function moveOutput(operator: TfliteOperator, editor: GraphEditor): void {
  const [output] = operator.outputs, { name, type } = editor.model.tensors[output];
  if (operator.operator === "MEAN") return;
  const shapes = operator.inputs.map((input) => editor.shapeOf(input));
  const shape = operator.operator === "CONCATENATION"
    ? concatenatedShape(operator, shapes)
    : broadcast(shapes);
  const moved = editor.addTensor({ name: `${name}/${isImage(shape) ? "image" : "rows"}`, type, shape });
  editor.setOutput(operator, moved);
  editor.insertAfter(operator, reshapeOperator(editor, moved, output));
}

const isImage = (shape: readonly number[]): boolean => shape.length === 4 && shape[1] === 1;

function broadcast(shapes: number[][]): number[] {
  const rank = Math.max(...shapes.map(({ length }) => length));
  return Array.from(
    { length: rank },
    (_, axis) => Math.max(...shapes.map((shape) => shape[axis - rank + shape.length] ?? 1)),
  );
}

function concatenatedShape(operator: TfliteOperator, shapes: number[][]): number[] {
  const axis = Number(operator.options!.axis);
  return shapes[0].with(axis, shapes.reduce((sum, shape) => sum + shape[axis], 0));
}

/**
 * @returns What the operator is to read in place of its inputs, by position; undefined where it stays as it is. Axes in
 *   its options and constants have been moved then.
 */
function sourcesOf(operator: TfliteOperator, editor: GraphEditor): number[] | undefined {
  const { operator: kind, inputs } = operator;
  if (UNARY.includes(kind)) {
    const source = reshapedFrom(editor, inputs[0]);
    return source === undefined ? undefined : [source];
  }
  if (BINARY.includes(kind)) return binarySources(operator, editor);
  if (kind === "CONCATENATION") {
    const sources = inputs.map((input) => imageOf(editor, input)), axis = Number(operator.options!.axis);
    if (axis < 1 || sources.includes(undefined)) return undefined;
    operator.options!.axis = axis + 1;
    return sources as number[];
  }
  if (kind === "MEAN") {
    const source = imageOf(editor, inputs[0]), axes = editor.model.tensors[inputs[1]];
    if (source === undefined || operator.options!.keepDims !== false || axes.data === undefined) {
      return undefined;
    }
    if (!isSameShape([...int32Elements(axes.data)], [1])) return undefined;
    const moved = { ...axes, shape: [2], data: bytesOf(Int32Array.of(1, 2)) };
    if (editor.onlyReaderOf(inputs[1]) !== operator) return [source, editor.addTensor(moved)];
    editor.model.tensors[inputs[1]] = moved;
    return [source, inputs[1]];
  }
  return undefined;
}

/** @returns The image [batch, 1, time, channels] that a RESHAPE makes a sequence [batch, time, channels] of. */
function imageOf(editor: GraphEditor, tensor: number): number | undefined {
  const source = reshapedFrom(editor, tensor);
  if (source === undefined) return undefined;
  const shape = editor.shapeOf(source);
  return isImage(shape) && isSameShape(shape.toSpliced(1, 1), editor.shapeOf(tensor)) ? source : undefined;
}

function binarySources({ inputs }: TfliteOperator, editor: GraphEditor): number[] | undefined {
  const sources = inputs.map((input) => reshapedFrom(editor, input));
  const [a, b] = sources, [shapeA, shapeB] = inputs.map(editor.shapeOf);
  if (a !== undefined && b !== undefined) {
    const isAlike = isSameShape(shapeA, shapeB) && isSameShape(editor.shapeOf(a), editor.shapeOf(b));
    return isAlike ? [a, b] : undefined;
  }
  const reshaped = a === undefined ? 1 : 0, source = sources[reshaped], other = inputs[1 - reshaped];
  const vector = editor.vectorOf(other);
  if (source === undefined || vector === undefined) return undefined;
  const channels = editor.shapeOf(source).at(-1);
  const fits = vector.length === 1 ||
    vector.length === channels && channels === [shapeA, shapeB][reshaped].at(-1);
  return fits ? inputs.with(reshaped, source) : undefined;
}
