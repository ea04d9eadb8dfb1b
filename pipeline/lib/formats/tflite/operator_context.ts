import { int32Elements, type TfliteOperator, type TfliteTensor } from "./graph.ts";

/** An operator with its tensors, whose counts, presence and constants have been checked by its rule. */
export interface OperatorContext {
  operator: TfliteOperator;
  /** By position; undefined for an absent one. */
  inputs: (TfliteTensor | undefined)[];
  outputs: TfliteTensor[];
  /** Scales inside an integer LSTM. */
  intermediates: TfliteTensor[];
}

/** @returns The elements of an INT32 constant input. */
export function constantOf({ inputs }: OperatorContext, position: number): Int32Array {
  return int32Elements(inputs[position]!.data!);
}

/** @returns A numeric option. */
export function numberOption({ operator }: OperatorContext, name: string): number {
  return Number(operator.options![name]);
}

/** @returns An axis counted from the end as one from the start; undefined for one outside. */
export function normalAxis(axis: number, rank: number): number | undefined {
  return axis >= -rank && axis < rank ? (axis + rank) % rank : undefined;
}
