import type { FlattenLayer, ReshapeLayer } from "../../nn/model.ts";
import { reshape } from "../operations.ts";
import type { Lowering } from "./context.ts";

/** Lowers a layer that changes nothing but the shape. */
export const lowerReshape: Lowering<FlattenLayer | ReshapeLayer> = (
  { name },
  { graph, batch, inputs: [input], outputShape },
) => reshape(graph, input, { name, shape: [batch, ...outputShape] });
