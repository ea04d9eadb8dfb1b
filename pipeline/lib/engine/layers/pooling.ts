import type { BlockContext, BlockOp } from "./block.ts";

/** Compiles the mean over time. */
export function compileGlobalAverage({ inputs: [input], output }: BlockContext): BlockOp {
  return {
    forward({ kernels }) {
      kernels.averageForward(input.steps, input.channels, input.address, output.address);
    },
    backward({ kernels }) {
      if (input.gradient === 0) return;
      kernels.averageBackward(input.steps, input.channels, output.gradient, input.gradient);
    },
  };
}
