import {
  float32Elements,
  type TfliteModel,
  type TfliteOperator,
  type TfliteTensor,
} from "../../formats/tflite/graph.ts";

/**
 * A copy of a graph that a pass changes, and who writes and reads each tensor of it.
 *
 * Operators are changed through it only; those that it hands out are the copy's.
 */
export interface GraphEditor {
  readonly model: TfliteModel;
  /** The operators as they stand at first, in order; those that are added meanwhile are not visited. */
  operators(): Iterable<TfliteOperator>;
  /** @returns The operator that writes a tensor; undefined for inputs and constants. */
  producerOf(tensor: number): TfliteOperator | undefined;
  /** @returns The one operator that reads a tensor; undefined where there are more, or where it is an output. */
  onlyReaderOf(tensor: number): TfliteOperator | undefined;
  /** @returns The operators that read a tensor, each once. */
  readersOf(tensor: number): TfliteOperator[];
  /** @returns Whether anything reads a tensor, or it is an output of the model. */
  isRead(tensor: number): boolean;
  isOutput(tensor: number): boolean;
  shapeOf(tensor: number): number[];
  /** @returns A copy of a FLOAT32 constant's values, [] or [n]; undefined for anything else. */
  vectorOf(tensor: number): Float32Array | undefined;
  /** Adds a tensor, under its name or, where that is taken, one made from it. @returns Its index. */
  addTensor(tensor: TfliteTensor): number;
  setInput(operator: TfliteOperator, position: number, tensor: number): void;
  /** Lets an operator write another tensor, which nothing else may write. */
  setOutput(operator: TfliteOperator, tensor: number): void;
  /** Lets every operator that reads one tensor read another. */
  redirect(from: number, to: number): void;
  /** Adds an operator right behind another one. */
  insertAfter(place: TfliteOperator, added: TfliteOperator): void;
  remove(operator: TfliteOperator): void;
  /** @returns The changed graph. */
  finish(): TfliteModel;
}

/** Begins to edit a copy of a graph. */
export function editGraph(graph: TfliteModel): GraphEditor {
  const model: TfliteModel = {
    ...graph,
    tensors: graph.tensors.map((tensor) => ({ ...tensor })),
    operators: graph.operators.map((operator) => ({
      ...operator,
      inputs: [...operator.inputs],
      outputs: [...operator.outputs],
      ...(operator.options ? { options: { ...operator.options } } : {}),
    })),
  };
  const names = new Set(model.tensors.map(({ name }) => name));
  const outputs = new Set(model.outputs);
  const producers = new Map<number, TfliteOperator>();
  /** By tensor: the operators that read it, each once for every input. */
  const readers = new Map<number, TfliteOperator[]>();
  const after = new Map<TfliteOperator, TfliteOperator[]>();
  const removed = new Set<TfliteOperator>();

  const addReader = (tensor: number, operator: TfliteOperator) => {
    const list = readers.get(tensor);
    if (list) list.push(operator);
    else readers.set(tensor, [operator]);
  };
  const removeReader = (tensor: number, operator: TfliteOperator) => {
    const list = readers.get(tensor)!;
    list.splice(list.indexOf(operator), 1);
  };
  const register = (operator: TfliteOperator) => {
    operator.outputs.forEach((output) => producers.set(output, operator));
    operator.inputs.forEach((input) => addReader(input, operator));
  };
  model.operators.forEach(register);

  const editor: GraphEditor = {
    model,
    *operators() {
      for (const operator of model.operators) if (!removed.has(operator)) yield operator;
    },
    producerOf: (tensor) => producers.get(tensor),
    onlyReaderOf(tensor) {
      const list = readers.get(tensor) ?? [];
      return list.length === 1 && !outputs.has(tensor) ? list[0] : undefined;
    },
    readersOf: (tensor) => [...new Set(readers.get(tensor))],
    isRead: (tensor) => outputs.has(tensor) || (readers.get(tensor) ?? []).length > 0,
    isOutput: (tensor) => outputs.has(tensor),
    shapeOf: (tensor) => model.tensors[tensor].shape,
    vectorOf(tensor) {
      const { type, shape, data } = model.tensors[tensor];
      return type === "FLOAT32" && data !== undefined && shape.length <= 1
        ? float32Elements(data)
        : undefined;
    },
    addTensor(tensor) {
      let { name } = tensor;
      for (let i = 1; names.has(name); i++) name = `${tensor.name}_${i}`;
      names.add(name);
      return model.tensors.push({ ...tensor, name }) - 1;
    },
    setInput(operator, position, tensor) {
      removeReader(operator.inputs[position], operator);
      operator.inputs[position] = tensor;
      addReader(tensor, operator);
    },
    setOutput(operator, tensor) {
      producers.delete(operator.outputs[0]);
      operator.outputs[0] = tensor;
      producers.set(tensor, operator);
    },
    redirect(from, to) {
      for (const reader of editor.readersOf(from)) {
        reader.inputs.forEach((input, position) => {
          if (input === from) editor.setInput(reader, position, to);
        });
      }
    },
    insertAfter(place, added) {
      after.set(place, [...after.get(place) ?? [], added]);
      register(added);
    },
    remove(operator) {
      removed.add(operator);
      operator.inputs.forEach((input) => removeReader(input, operator));
      operator.outputs.forEach((output) => {
        if (producers.get(output) === operator) producers.delete(output);
      });
    },
    finish() {
      const ordered: TfliteOperator[] = [];
      const place = (operator: TfliteOperator) => {
        if (!removed.has(operator)) ordered.push(operator);
        after.get(operator)?.forEach(place);
      };
      model.operators.forEach(place);
      return { ...model, operators: ordered };
    },
  };
  return editor;
}

/** @returns Whether two shapes are the same. */
export const isSameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

/** @returns Whether an operator has no activation fused into it. */
export const isPlain = ({ options }: TfliteOperator): boolean => !options?.fusedActivationFunction;

/** @returns A RESHAPE from one tensor to another, whose shape it gives. */
export function reshapeOperator(editor: GraphEditor, input: number, output: number): TfliteOperator {
  const { name, shape } = editor.model.tensors[output];
  const target = editor.addTensor({
    name: `${name}/shape`,
    type: "INT32",
    shape: [shape.length],
    data: new Uint8Array(Int32Array.from(shape).buffer),
  });
  return {
    operator: "RESHAPE",
    version: 1,
    inputs: [input, target],
    outputs: [output],
    optionsType: "ReshapeOptions",
    options: { newShape: [...shape] },
  };
}

/** @returns The tensor that a RESHAPE reads to write this one, if one does. */
export function reshapedFrom(editor: GraphEditor, tensor: number): number | undefined {
  const producer = editor.producerOf(tensor);
  return producer?.operator === "RESHAPE" ? producer.inputs[0] : undefined;
}
