import { renumberSignatures, type TfliteModel, type TfliteTensor } from "../../formats/tflite/graph.ts";
import type { Pass } from "./pass.ts";

/**
 * Takes out the operators whose outputs nothing reads, and the tensors that are left over.
 *
 * A RESHAPE that nothing reads leaves its name to the tensor that it read where that is on the way to the same layer
 * ("<layer>/image"): a layer's output has the layer's name in whatever shape it is in the graph.
 */
export const removeDead: Pass = (graph) => {
  const tensors = [...graph.tensors];
  const read = new Set(graph.outputs);
  // What reads a tensor stands behind what writes it.
  const operators = graph.operators.toReversed().filter((operator) => {
    const { inputs, outputs } = operator;
    const isRead = outputs.some((output) => read.has(output));
    if (isRead) inputs.forEach((input) => read.add(input));
    return isRead;
  }).reverse();
  const kept = new Set(operators), written = new Set(operators.flatMap(({ outputs }) => outputs));
  for (const operator of graph.operators) {
    if (kept.has(operator) || operator.operator !== "RESHAPE") continue;
    const [source] = operator.inputs, [output] = operator.outputs;
    const { name } = graph.tensors[output];
    if (
      written.has(source) && !graph.outputs.includes(source) && tensors[source].name.startsWith(`${name}/`)
    ) {
      tensors[source] = { ...tensors[source], name };
    }
  }
  const isUsed = new Set([
    ...graph.inputs,
    ...operators.flatMap((
      { inputs, outputs, intermediates = [] },
    ) => [...inputs, ...outputs, ...intermediates]),
    ...graph.outputs,
  ]);
  return renumber({ ...graph, tensors, operators }, (_, index) => isUsed.has(index));
};

/** Keeps some tensors only; everything that names them by index names their new one. */
export function renumber(
  graph: TfliteModel,
  keep: (tensor: TfliteTensor, index: number) => boolean,
  /** Another tensor to read in place of one. */
  standIn: (index: number) => number = (index) => index,
): TfliteModel {
  const places = new Map<number, number>(), tensors: TfliteTensor[] = [];
  graph.tensors.forEach((tensor, index) => {
    if (keep(tensor, index)) places.set(index, tensors.push(tensor) - 1);
  });
  const placeOf = (index: number) => index === -1 ? -1 : places.get(standIn(index))!;
  return {
    ...graph,
    tensors,
    operators: graph.operators.map((operator) => ({
      ...operator,
      inputs: operator.inputs.map(placeOf),
      outputs: operator.outputs.map(placeOf),
      ...(operator.intermediates ? { intermediates: operator.intermediates.map(placeOf) } : {}),
    })),
    inputs: graph.inputs.map(placeOf),
    outputs: graph.outputs.map(placeOf),
    signatures: renumberSignatures(graph.signatures, placeOf),
  };
}
