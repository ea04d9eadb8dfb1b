import { concatenatedAxis } from "../../nn/layers/concatenate.ts";
import type { AddLayer, ConcatenateLayer, MultiplyLayer } from "../../nn/model.ts";
import { binary, concatenate, reshape } from "../operations.ts";
import type { Lowering, LoweringContext } from "./context.ts";

/** Lowers to CONCATENATION; what a layer reads twice stands in it twice. */
export const lowerConcatenate: Lowering<ConcatenateLayer> = (
  layer,
  { graph, batch, inputs, outputShape },
) =>
  concatenate(graph, inputs, {
    name: layer.name,
    axis: 1 + concatenatedAxis(layer, outputShape.length),
    shape: [batch, ...outputShape],
  });

/** Lowers to an operator for each further input; [features] stands for one step beside a sequence. */
function lowerMerge(operator: "ADD" | "MUL"): Lowering<AddLayer | MultiplyLayer> {
  return ({ name }, { graph, batch, inputs, inputShapes, outputShape }: LoweringContext) => {
    const rank = outputShape.length;
    const operands = inputs.map((input, i) => {
      const shape = inputShapes[i];
      if (shape.length === rank) return input;
      const full = [batch, ...new Array(rank - shape.length).fill(1), ...shape];
      return reshape(graph, input, { name: `${name}/input_${i}`, shape: full });
    });
    return operands.reduce((sum, operand, i) =>
      binary(graph, operator, [sum, operand], {
        name: i === operands.length - 1 ? name : `${name}/${i}`,
        shape: [batch, ...spread(inputShapes.slice(0, i + 1), rank)],
      })
    );
  };
}

/** @returns The shape of several inputs together: an axis of size 1 takes the others' size. */
function spread(shapes: readonly (readonly number[])[], rank: number): number[] {
  return Array.from(
    { length: rank },
    (_, axis) => Math.max(...shapes.map((shape) => shape[axis - rank + shape.length] ?? 1)),
  );
}

/** Lowers a sum of inputs to ADD. */
export const lowerAdd: Lowering<AddLayer> = lowerMerge("ADD");
/** Lowers a product of inputs to MUL. */
export const lowerMultiply: Lowering<MultiplyLayer> = lowerMerge("MUL");
