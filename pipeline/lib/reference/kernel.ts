import { elementCount, type TfliteOperator, type TfliteTensor } from "../formats/tflite/graph.ts";
import { normalAxis } from "../formats/tflite/operator_context.ts";
import type { TensorTypeName } from "../formats/tflite/schema.ts";
import type { Rescaling } from "./fixed_point.ts";
import type { TensorValues } from "./tensor_values.ts";

/** A tensor with the array that its values live in for as long as the evaluator does. */
export interface Operand extends TfliteTensor {
  readonly values: TensorValues;
  /** Whether the values are known at planning and never change. */
  isConstant: boolean;
}

/** An operator with its operands. */
export interface KernelContext {
  readonly operator: TfliteOperator;
  /** By position; undefined for an absent one. */
  readonly inputs: readonly (Operand | undefined)[];
  readonly outputs: readonly Operand[];
  readonly rescaling: Rescaling;
  /** Tells the observer, where there is one, that a state was written. */
  stateWritten(position: number): void;
}

/** A planned operator: reads its inputs' arrays and writes its outputs'. */
export type Run = () => void;

/**
 * Prepares one operator: whatever depends on shapes and constants alone is computed here.
 *
 * @throws RangeError A form of the operator that has no kernel here; the evaluator says of which operator.
 */
export type Kernel = (context: KernelContext) => Run;

/** @returns Input at a position. @throws RangeError It is absent. */
export function inputAt({ inputs }: KernelContext, position: number): Operand {
  const operand = inputs[position];
  if (operand === undefined) throw new RangeError(`its input ${position} must be there, got none`);
  return operand;
}

/** @returns A numeric option (a boolean as 0 or 1), or `fallback` where it is not set. */
export function option({ operator }: KernelContext, name: string, fallback = 0): number {
  return Number(operator.options?.[name] ?? fallback);
}

/** @returns The values of a FLOAT32 operand. @throws RangeError Another type. */
export function floatValues({ name, type, values }: Operand): Float32Array {
  if (values instanceof Float32Array) return values;
  throw new RangeError(`its tensor "${name}" must be FLOAT32, got ${type}`);
}

/** @returns The values of an INT8 operand. @throws RangeError Another type. */
export function int8Values({ name, type, values }: Operand): Int8Array {
  if (values instanceof Int8Array) return values;
  throw new RangeError(`its tensor "${name}" must be INT8, got ${type}`);
}

/** @returns The values of an INT32 operand. @throws RangeError Another type. */
export function int32Values({ name, type, values }: Operand): Int32Array {
  if (values instanceof Int32Array) return values;
  throw new RangeError(`its tensor "${name}" must be INT32, got ${type}`);
}

/** @returns The elements of an INT32 or INT64 constant, as numbers. @throws RangeError Another operand. */
export function constantIntegers({ name, type, values, isConstant }: Operand): number[] {
  if (!isConstant || !(values instanceof Int32Array || values instanceof BigInt64Array)) {
    throw new RangeError(`its tensor "${name}" must be an INT32 constant, got ${isConstant ? type : "none"}`);
  }
  return Array.from<number | bigint, number>(values, Number);
}

/** @returns Axes counted from the front, rising, each once. @throws RangeError One outside the rank. */
export function normalAxes(axes: readonly number[], rank: number): number[] {
  const normal = axes.map((axis) => axisOf(axis, rank));
  return [...new Set(normal)].sort((a, b) => a - b);
}

/** @returns An axis counted from the front. @throws RangeError One outside the rank. */
export function axisOf(axis: number, rank: number): number {
  const normal = normalAxis(axis, rank);
  if (normal === undefined) throw new RangeError(`its axis must be in [${-rank}, ${rank}), got ${axis}`);
  return normal;
}

/** @returns For each axis how far apart its neighbours are, row-major: [2, 3, 4] gives [12, 4, 1]. */
export function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
}

/** The integers that stand for real numbers in an operand with one scale. */
export interface Affine {
  /** A float32 number, > 0. */
  scale: number;
  zeroPoint: number;
}

/** @returns The only scale and zero point of an operand. @throws RangeError None, or one a channel. */
export function affineOf({ name, quantization }: Operand): Affine {
  if (quantization?.scale.length !== 1) {
    throw new RangeError(`its tensor "${name}" must have 1 scale, got ${quantization?.scale.length ?? 0}`);
  }
  return { scale: quantization.scale[0], zeroPoint: quantization.zeroPoint[0] ?? 0 };
}

/** Least and greatest integer of the quantized types. */
const INTEGER_LIMITS: Partial<Record<TensorTypeName, readonly [low: number, high: number]>> = {
  INT8: [-128, 127],
  UINT8: [0, 255],
  INT16: [-32768, 32767],
};

/** @returns Least and greatest integer of an operand's type. @throws RangeError No quantized type. */
export function integerLimits({ name, type }: Operand): readonly [low: number, high: number] {
  const limits = INTEGER_LIMITS[type];
  if (limits === undefined) {
    throw new RangeError(
      `its tensor "${name}" must be ${Object.keys(INTEGER_LIMITS).join(", ")}, got ${type}`,
    );
  }
  return limits;
}
