import type { GRULayer, LSTMLayer } from "../../nn/model.ts";
import { reverse } from "../operations.ts";
import type { Lowering, RecurrentContext } from "./context.ts";
import { lowerGru } from "./gru.ts";
import { lowerLstm } from "./lstm.ts";

/** Lowers a recurrent layer that reads its sequence in the order in which it is given. */
export function lowerDirected(layer: LSTMLayer | GRULayer, context: RecurrentContext): number {
  return layer.kind === "LSTM" ? lowerLstm(layer, context) : lowerGru(layer, context);
}

/** Lowers an LSTM or GRU; one that reads backwards reads the reversed sequence, as its steps stand in that order too. */
export const lowerRecurrent: Lowering<LSTMLayer | GRULayer> = (layer, { graph, inputs: [input], weight }) => {
  const sequence = layer.goBackwards
    ? reverse(graph, input, { name: `${layer.name}/reversed`, axis: 1 })
    : input;
  return lowerDirected(layer, { graph, sequence, weight });
};
