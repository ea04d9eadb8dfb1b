import { elementCount, type TfliteTensor } from "../formats/tflite/graph.ts";
import type { TensorTypeName } from "../formats/tflite/schema.ts";

/** Elements of a tensor, row-major, in the array of its type; FLOAT16 as the bits in a Uint16Array. */
export type TensorValues =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array;

type ValuesConstructor = {
  new (length: number): TensorValues;
  new (buffer: ArrayBuffer): TensorValues;
};

const ARRAY_TYPES: Partial<Record<TensorTypeName, ValuesConstructor>> = {
  FLOAT32: Float32Array,
  FLOAT16: Uint16Array,
  FLOAT64: Float64Array,
  INT8: Int8Array,
  UINT8: Uint8Array,
  BOOL: Uint8Array,
  INT16: Int16Array,
  UINT16: Uint16Array,
  INT32: Int32Array,
  UINT32: Uint32Array,
  INT64: BigInt64Array,
};

/**
 * Makes the array that holds a tensor: a constant's elements, copied, or zeros.
 *
 * @throws RangeError A type whose elements have no such array, or a constant of another size than its shape.
 */
export function createValues({ name, type, shape, data }: TfliteTensor): TensorValues {
  const ArrayType = ARRAY_TYPES[type], length = elementCount(shape);
  if (ArrayType === undefined) {
    throw new RangeError(
      `Cannot evaluate tensor "${name}": its type must be ${
        Object.keys(ARRAY_TYPES).join(", ")
      }, got ${type}`,
    );
  }
  if (data === undefined) return new ArrayType(length);
  const values = new ArrayType(data.slice().buffer);
  if (values.length !== length) {
    throw new RangeError(
      `Cannot evaluate tensor "${name}": it must hold ${length} values, got ${values.length}`,
    );
  }
  return values;
}
