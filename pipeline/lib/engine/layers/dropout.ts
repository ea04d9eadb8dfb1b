import { dropThreshold, maskKeys } from "../../nn/layers/dropout.ts";
import type { DropoutLayer } from "../../nn/model.ts";
import type { Machine } from "../kernels/kernels.ts";
import type { BlockContext, BlockOp, Pass } from "./block.ts";
import { compileCopy } from "./graph.ts";

/** Compiles a dropout. The mask is not kept: the way back computes it anew from the block's position. */
export function compileDropout(layer: DropoutLayer, context: BlockContext): BlockOp {
  const { name, rate } = layer, { inputs: [input], output } = context;
  const copy = compileCopy(layer, context), rows = output.steps * output.channels;
  const threshold = dropThreshold(rate), scale = 1 / (1 - rate);
  const mask = (
    { kernels }: Machine,
    { position }: Pass,
    { source, target, accumulate }: { source: number; target: number; accumulate: boolean },
  ) => {
    const [first, second] = maskKeys(name, position);
    kernels.maskRows(rows, source, target, first, second, threshold, scale, accumulate);
  };
  return {
    forward(machine, pass) {
      if (!pass.training) return copy.forward(machine, pass);
      mask(machine, pass, { source: input.address, target: output.address, accumulate: false });
    },
    backward(machine, _, pass) {
      if (input.gradient === 0) return;
      mask(machine, pass, { source: output.gradient, target: input.gradient, accumulate: true });
    },
  };
}
