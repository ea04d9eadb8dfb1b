import { directedLayer } from "../../nn/layers/bidirectional.ts";
import type { BidirectionalLayer } from "../../nn/model.ts";
import { binary, concatenate, reverse, shapeOf } from "../operations.ts";
import type { Lowering } from "./context.ts";
import { lowerDirected } from "./recurrent.ts";

/**
 * Lowers a layer of two directions to two layers, of which the second reads the sequence reversed, and what brings their
 * outputs together; the steps that the second gives are turned round by REVERSE_V2.
 */
export const lowerBidirectional: Lowering<BidirectionalLayer> = (layer, context) => {
  const { graph, inputs: [input], weight, bidirectional } = context, { name, mergeMode } = layer;
  const directed = (direction: "forward" | "backward", sequence: number) =>
    lowerDirected({ ...directedLayer(layer, direction), goBackwards: false }, {
      graph,
      sequence,
      weight: (own) => weight(`${direction}/${own}`),
    });
  const forward = directed("forward", input);
  const reversed = bidirectional === "two-inputs"
    ? context.reversedInput()
    : reverse(graph, input, { name: `${name}/reversed`, axis: 1 });
  let backward = directed("backward", reversed);
  if (layer.layer.returnSequences) {
    backward = reverse(graph, backward, { name: `${name}/backward_turned`, axis: 1 });
  }
  const shape = shapeOf(graph, forward), both: [number, number] = [forward, backward];
  switch (mergeMode) {
    case "concat": {
      const axis = shape.length - 1;
      return concatenate(graph, both, { name, axis, shape: shape.with(axis, 2 * shape[axis]) });
    }
    case "sum":
      return binary(graph, "ADD", both, { name, shape });
    case "mul":
      return binary(graph, "MUL", both, { name, shape });
    case "ave": {
      const sum = binary(graph, "ADD", both, { name: `${name}/sum`, shape });
      const half = graph.floatConstant(`${name}/half`, [1], Float32Array.of(0.5));
      return binary(graph, "MUL", [sum, half], { name, shape });
    }
  }
};
