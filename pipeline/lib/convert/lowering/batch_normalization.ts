import type { BatchNormalizationLayer } from "../../nn/model.ts";
import { binary, shapeOf } from "../operations.ts";
import type { Lowering } from "./context.ts";

/** Lowers the normalization by moving statistics to MUL and ADD with a constant a channel. */
export const lowerBatchNormalization: Lowering<BatchNormalizationLayer> = (
  { name, epsilon },
  { graph, inputs: [input], weight, hasWeight },
) => {
  const mean = weight("moving_mean").data, variance = weight("moving_variance").data;
  const gamma = hasWeight("gamma") ? weight("gamma").data : undefined;
  const beta = hasWeight("beta") ? weight("beta").data : undefined;
  const factors = Float64Array.from(variance, (value, c) => (gamma?.[c] ?? 1) / Math.sqrt(value + epsilon));
  const offsets = Float32Array.from(factors, (factor, c) => (beta?.[c] ?? 0) - mean[c] * factor);
  const channels = [mean.length], shape = shapeOf(graph, input);
  const factor = graph.floatConstant(`${name}/factor`, channels, Float32Array.from(factors));
  const offset = graph.floatConstant(`${name}/offset`, channels, offsets);
  const scaled = binary(graph, "MUL", [input, factor], { name: `${name}/scaled`, shape });
  return binary(graph, "ADD", [scaled, offset], { name, shape });
};
