import { elementCount } from "../../formats/tflite/graph.ts";
import {
  affineOf,
  axisOf,
  inputAt,
  type Kernel,
  type KernelContext,
  type Operand,
  option,
  type Run,
} from "../kernel.ts";

/** The operators that put tensors side by side. */
export const JOINING_KERNELS: Readonly<Record<string, Kernel>> = {
  CONCATENATION: (context) => {
    const { shape } = inputAt(context, 0);
    return planJoin(context, elementCount(shape.slice(0, axisOf(option(context, "axis"), shape.length))));
  },
  PACK: (context) => {
    const { shape } = inputAt(context, 0), axis = axisOf(option(context, "axis"), shape.length + 1);
    return planJoin(context, elementCount(shape.slice(0, axis)));
  },
};

/**
 * Joins tensors row by row.
 *
 * Source: tensorflow/lite/kernels/concatenation.cc of TensorFlow 2.9: int8 inputs must have the output's scale
 * and zero point, because the kernel does not rescale.
 *
 * @param rows Product of the sizes before the axis along which they are joined.
 */
function planJoin(context: KernelContext, rows: number): Run {
  const inputs = context.inputs.map((_, i) => inputAt(context, i)), [output] = context.outputs;
  inputs.forEach((input) => checkAlike(input, output));
  const rowSize = output.values.length / rows;
  const total = inputs.reduce((sum, { values }) => sum + values.length, 0);
  if (total !== output.values.length) {
    throw new RangeError(`its output must hold ${total} values, got [${output.shape}]`);
  }
  let offset = 0;
  const pieces = inputs.flatMap(({ values }) => {
    const size = values.length / rows, from = offset;
    offset += size;
    return Array.from({ length: rows }, (_, row) => ({
      source: values.subarray(row * size, (row + 1) * size) as Float32Array,
      at: row * rowSize + from,
    }));
  });
  const target = output.values as Float32Array;
  return () => {
    for (const { source, at } of pieces) target.set(source, at);
  };
}

function checkAlike(input: Operand, output: Operand): void {
  if (input.type !== output.type) {
    throw new RangeError(`its inputs must be ${output.type}, got ${input.type} "${input.name}"`);
  }
  if (input.type !== "INT8") return;
  const from = affineOf(input), to = affineOf(output);
  if (from.scale !== to.scale || from.zeroPoint !== to.zeroPoint) {
    throw new RangeError(
      `its inputs must have the output's scale ${to.scale} and zero point ${to.zeroPoint}, ` +
        `got ${from.scale} and ${from.zeroPoint} of "${input.name}"`,
    );
  }
}
