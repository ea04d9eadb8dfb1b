import type { Layer, Tensor } from "../../nn/model.ts";
import type { GraphBuilder } from "../graph_builder.ts";

/**
 * A layer's output as tensor indices, in one or both of two forms: convolutions work on images, everything
 * else on sequences or vectors, and a RESHAPE is added only where a reader needs the other form.
 */
export interface LoweredValue {
  /** [1, ...shape of the layer]. */
  plain?: number;
  /** [1, 1, time, channels]. */
  image?: number;
}

/** What the lowering of one layer works with. */
export interface LoweringContext {
  graph: GraphBuilder;
  /** @returns A weight of the layer by its name there, for example "kernel". */
  weight(name: string): Tensor;
  /** Shape of the layer's output without the batch axis. */
  outputShape: number[];
  /** Shape of its first input without the batch axis. */
  inputShape: number[];
  /** @returns Tensor index of the first input, [1, ...inputShape]. */
  plainInput(): number;
  /** @returns Tensor index of the first input as an image, [1, 1, time, channels]. */
  imageInput(): number;
  /** Whether the first input is there as an image already. */
  inputIsImage: boolean;
}

/**
 * Adds one layer to the graph.
 *
 * The layer's output is a tensor with the layer's name; where an activation is an operator of its own, what
 * it reads is "<layer>/preactivation": the names by which the reference forward pass reports values to
 * calibration.
 */
export type Lowering<L extends Layer> = (layer: L, context: LoweringContext) => LoweredValue;
