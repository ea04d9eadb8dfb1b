import {
  bytesOf,
  float32Elements,
  type TfliteModel,
  type TfliteOperator,
  type TfliteTensor,
} from "../formats/tflite/graph.ts";

/** A constant in another form: its new fields and its elements. */
export interface ConstantForm extends Pick<TfliteTensor, "type" | "quantization"> {
  values: ArrayBufferView;
}

/** Gives the constants of a graph other forms; one that operators need in several forms becomes several tensors. */
export interface ConstantForms {
  /** Replaces an operator's constant input; the same constant in the same form is stored once. */
  replace(operator: TfliteOperator, position: number, form: ConstantForm): void;
}

/** @returns The elements of an operator's FLOAT32 constant, undefined where the input is absent. */
export function floatConstant(
  { tensors }: TfliteModel,
  { inputs }: TfliteOperator,
  position: number,
): Float32Array | undefined {
  const index = inputs[position];
  if (index === undefined || index === -1) return undefined;
  const { name, type, data } = tensors[index];
  if (type !== "FLOAT32" || data === undefined) {
    throw new RangeError(
      `Cannot quantize tensor "${name}": weights must be FLOAT32 constants, got ${
        data === undefined ? "no constant" : type
      }`,
    );
  }
  return float32Elements(data);
}

/** @param model The graph that is changed: the first form of a constant takes its place, others are added behind. */
export function createConstantForms(model: TfliteModel): ConstantForms {
  const indices = new Map<string, number>(), originals = new Map<number, TfliteTensor>();
  return {
    replace(operator, position, { values, ...fields }) {
      const index = operator.inputs[position], { scale, zeroPoint } = fields.quantization ?? {};
      const form = `${index} ${fields.type} ${scale} ${zeroPoint}`;
      let target = indices.get(form);
      if (target === undefined) {
        const original = originals.get(index) ?? model.tensors[index];
        const tensor: TfliteTensor = { ...original, ...fields, data: bytesOf(values) };
        target = index;
        if (originals.has(index)) {
          target = model.tensors.push({ ...tensor, name: `${tensor.name}_${model.tensors.length}` }) - 1;
        } else {
          originals.set(index, original);
          model.tensors[index] = tensor;
        }
        indices.set(form, target);
      }
      operator.inputs[position] = target;
    },
  };
}
