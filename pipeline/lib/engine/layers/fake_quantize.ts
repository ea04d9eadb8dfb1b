import { BLOCK_SAMPLES, type Machine, ROW_BYTES } from "../kernels/kernels.ts";
import type { BlockContext, BlockOp, BlockTensor } from "./block.ts";
import { type Rounding, stepsOf } from "./rounding.ts";

/** Rounds so many rows in place. */
export function roundRows({ kernels }: Machine, rounding: Rounding, rows: number, address: number): void {
  kernels.fakeQuantize(rows, address, address, ...stepsOf(rounding));
}

/**
 * Compiles a layer, or a part of one, whose output readers see rounded.
 *
 * Gradients pass straight through the rounding, and not at all where a value was moved to an end. The exact values are kept
 * for the way back: an activation's slope at a rounded value would be another.
 *
 * Source: Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only inference", 2018,
 * section 3; straight-through estimator: Bengio et al., 2013. Deviation: halves go to the even integer, and what rounds to the
 * last integer still passes its gradient.
 *
 * @param rounding Undefined: the output is not rounded.
 */
export function compileRounded(
  rounding: Rounding | undefined,
  context: BlockContext,
  compile: (context: BlockContext) => BlockOp,
): BlockOp {
  if (rounding === undefined) return compile(context);
  const { output } = context, rows = output.steps * output.channels, floats = rows * BLOCK_SAMPLES;
  const exact: BlockTensor = {
    ...output,
    address: context.allocate(floats),
    gradient: context.allocate(floats),
  };
  const op = compile({ ...context, output: exact }), steps = stepsOf(rounding);
  return {
    prepare: op.prepare,
    forward(machine, pass) {
      op.forward(machine, pass);
      machine.kernels.fakeQuantize(rows, exact.address, output.address, ...steps);
    },
    backward(machine, gradients, pass) {
      const { kernels } = machine;
      kernels.zero(exact.gradient, rows * ROW_BYTES);
      kernels.fakeQuantizeBackward(rows, exact.address, output.gradient, exact.gradient, ...steps);
      op.backward(machine, gradients, pass);
    },
  };
}
