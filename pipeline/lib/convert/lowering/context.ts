import type { Layer, Tensor } from "../../nn/model.ts";
import type { GraphBuilder } from "../graph_builder.ts";

/**
 * How the backward half of a Bidirectional layer gets the steps in reverse order.
 *
 * `reverse-op`: by REVERSE_V2 in the graph. `two-inputs`: from a second input "<name>_reversed" that the host fills with
 * the reversed window, for runtimes that do not have that operator.
 */
export type BidirectionalForm = "reverse-op" | "two-inputs";

/** What the lowering of one layer works with. */
export interface LoweringContext {
  graph: GraphBuilder;
  /** Windows that the graph computes at once. */
  batch: number;
  /** Tensor indices of what the layer reads, each [batch, ...its shape]. */
  inputs: readonly number[];
  /** Shapes of the inputs without the batch axis. */
  inputShapes: readonly number[][];
  /** Shape of the layer's output without the batch axis. */
  outputShape: readonly number[];
  /** @returns A copy of a weight of the layer by its name there, for example "kernel". */
  weight(name: string): Tensor;
  /** Whether the layer has a weight of this name. */
  hasWeight(name: string): boolean;
  bidirectional: BidirectionalForm;
  /**
   * Gives the first input with its steps in reverse order as an input of the graph of its own.
   *
   * @throws StageError Where the layer does not read an input of the model.
   */
  reversedInput(): number;
}

/**
 * Adds one layer to the graph as plainly as it can be said: every layer reads and writes [batch, ...shape], an activation
 * is an operator of its own. What is superfluous in that, the passes take out.
 *
 * @returns Index of the output, which has the layer's name; tensors on the way there are "<layer>/<what>".
 */
export type Lowering<L extends Layer> = (layer: L, context: LoweringContext) => number;

/** What a recurrent layer, or one direction of a Bidirectional, is lowered with. */
export interface RecurrentContext extends Pick<LoweringContext, "graph" | "weight"> {
  /** [batch, time, channels], in the order in which the layer reads. */
  sequence: number;
}
