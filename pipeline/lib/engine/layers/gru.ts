import type { GRULayer } from "../../nn/model.ts";
import { BLOCK_SAMPLES } from "../kernels/kernels.ts";
import { type BlockContext, type BlockOp, roundUp } from "./block.ts";
import { createState } from "./recurrent.ts";

/**
 * Compiles a GRU, with tanh and sigmoid, over all steps of its input.
 *
 * Source: Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014; with `resetAfter` as in cuDNN.
 */
export function compileGru(layer: GRULayer, context: BlockContext): BlockOp {
  const { inputs: [{ steps, channels }], output, parameters } = context, { units, resetAfter } = layer;
  // The two biases stand side by side, as their weight [2, 3 units] is placed.
  const hidden = channels + (resetAfter ? 2 : 1), columns = hidden + units, padded = roundUp(columns, 8);
  const weights = context.reserve(3 * units * padded);
  context.place({ name: "kernel", offset: weights, columnStride: padded });
  context.place({ name: "recurrent_kernel", offset: weights + hidden, columnStride: padded });
  context.place({ name: "bias", offset: weights + channels, columnStride: padded });
  const ones = resetAfter ? [channels, channels + 1] : [channels];
  const state = createState(layer, context, { columns, input: 0, hidden, ones });
  const gates = context.allocate(steps * 4 * units * BLOCK_SAMPLES);
  const hiddenGradient = context.allocate(units * BLOCK_SAMPLES);
  const resetGradient = context.allocate(units * BLOCK_SAMPLES);
  const forwardFloats = (roundUp(2 * units, 4) + roundUp(units, 4)) * columns;
  const backwardFloats = 3 * units * (roundUp(units, 4) + roundUp(channels, 4));
  const packedWeights = context.allocate(Math.max(forwardFloats, backwardFloats));
  return {
    prepare: state.prepare,
    forward(machine) {
      state.load(machine);
      machine.kernels.gruForward(
        steps,
        units,
        channels,
        padded,
        parameters + 4 * weights,
        state.address,
        gates,
        resetAfter,
        packedWeights,
      );
      state.store(machine);
    },
    backward({ kernels }, gradients) {
      kernels.zero(hiddenGradient, state.hiddenBytes);
      kernels.gruBackward(
        steps,
        units,
        channels,
        padded,
        parameters + 4 * weights,
        state.address,
        gates,
        output.gradient,
        state.outputStep,
        hiddenGradient,
        resetGradient,
        state.inputGradient,
        state.inputStep,
        gradients + 4 * weights,
        resetAfter,
        packedWeights,
      );
    },
  };
}
