import { valueCount } from "./layers/layer_kind.ts";
import { kindOf } from "./layers/layer_kinds.ts";
import type { Layer } from "./model.ts";

/** They go through their kernels at each step of the input, whatever they give out. */
const RECURRENT: readonly string[] = ["LSTM", "GRU", "Bidirectional"];

/**
 * Counts the multiplications that a layer adds up for one window: each value of its kernels is used once at each position of
 * the output. Layers without kernels count 0.
 *
 * @param inputs Shapes of what it reads, without the batch axis. @param output Shape of its output.
 */
export function layerMacs(layer: Layer, inputs: number[][], output: number[]): number {
  const positions = RECURRENT.includes(layer.kind) ? inputs[0][0] : valueCount(output.slice(0, -1));
  return kindOf(layer).weights(layer, inputs)
    .filter(({ name }) => name.includes("kernel"))
    .reduce((sum, { shape }) => sum + positions * valueCount(shape), 0);
}
