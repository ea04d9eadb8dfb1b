import { StageError } from "../core/errors.ts";
import {
  bytesOf,
  int32Elements,
  type TfliteModel,
  type TfliteOperator,
  type TfliteTensor,
} from "../formats/tflite/graph.ts";

/** Two batches that are no size of anything else. */
const BATCHES = [10007, 10009] as const;

/**
 * Makes a graph whose inputs may be resized to any batch: sizes that follow the batch become -1 in the shape signatures and
 * in the targets of RESHAPE; the shapes say batch 1.
 *
 * It compares the graphs of two batches: what differs follows the batch. An LSTM cannot be resized, since its state has
 * the batch in its shape.
 *
 * @param convert Makes the graph of a batch.
 * @throws StageError A graph in which something else than an activation's first axis or a RESHAPE follows the batch.
 */
export function openBatch(convert: (batch: number) => TfliteModel): TfliteModel {
  const [graph, other] = BATCHES.map((batch) => convert(batch));
  const targets = reshapeTargets(graph);
  const tensors = graph.tensors.map((tensor, index): TfliteTensor => {
    const signature = differences(tensor.shape, other.tensors[index].shape);
    const opened = signature.includes(-1)
      ? { ...tensor, shape: atBatchOne(tensor.shape, signature), shapeSignature: signature }
      : tensor;
    if (opened !== tensor && (tensor.data || tensor.isVariable)) throw fixedBatch(tensor.name);
    if (tensor.data === undefined) return opened;
    const otherData = other.tensors[index].data!;
    if (tensor.data.every((byte, i) => byte === otherData[i])) return opened;
    if (!targets.has(index)) throw fixedBatch(tensor.name);
    const values = differences([...int32Elements(tensor.data)], [...int32Elements(otherData)]);
    return { ...tensor, data: bytesOf(Int32Array.from(values)) };
  });
  const operators = graph.operators.map((operator, index): TfliteOperator => {
    if (operator.operator !== "RESHAPE") return operator;
    const [a, b] = [operator, other.operators[index]].map(({ options }) => options!.newShape as number[]);
    return { ...operator, options: { newShape: differences(a, b) } };
  });
  return { ...graph, tensors, operators };
}

/** @returns Indices of the constants that say what a RESHAPE makes. */
function reshapeTargets({ operators }: TfliteModel): Set<number> {
  return new Set(
    operators.filter(({ operator }) => operator === "RESHAPE").map(({ inputs }) => inputs[1]),
  );
}

/** @returns The numbers, -1 where the two lists differ. */
function differences(a: number[], b: number[]): number[] {
  return a.map((value, i) => value === b[i] ? value : -1);
}

/** The sizes that follow the batch are multiples of it. */
function atBatchOne(shape: number[], signature: number[]): number[] {
  return shape.map((size, axis) => signature[axis] === -1 ? size / BATCHES[0] : size);
}

function fixedBatch(name: string): StageError {
  return new StageError(
    `Cannot convert for a dynamic batch: the batch must stand in activations only, got it in "${name}"`,
    { hint: "a model with an LSTM keeps a state for each window: give the number of windows" },
  );
}
