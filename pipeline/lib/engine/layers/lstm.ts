import type { LSTMLayer } from "../../nn/model.ts";
import { BLOCK_SAMPLES, ROW_BYTES } from "../kernels/kernels.ts";
import { type BlockContext, type BlockOp, roundUp } from "./block.ts";

/**
 * Compiles an LSTM, with tanh and sigmoid, over all steps of its input.
 *
 * Source: Hochreiter and Schmidhuber, "Long short-term memory", 1997, with the forget gate of Gers et al., 2000.
 */
export function compileLstm({ units, returnSequences }: LSTMLayer, context: BlockContext): BlockOp {
  const { inputs: [input], output, parameters } = context;
  const { steps, channels } = input;
  const columns = units + channels + 1, padded = roundUp(columns, 8);
  const weights = context.reserve(4 * units * padded);
  context.place({ name: "kernel", offset: weights + units, columnStride: padded });
  context.place({ name: "recurrent_kernel", offset: weights, columnStride: padded });
  context.place({ name: "bias", offset: weights + units + channels, columnStride: padded });
  const state = context.allocate((steps + 1) * columns * BLOCK_SAMPLES);
  const gates = context.allocate(steps * 4 * units * BLOCK_SAMPLES);
  const cells = context.allocate((steps + 1) * units * BLOCK_SAMPLES);
  const hiddenGradient = context.allocate(units * BLOCK_SAMPLES);
  const cellGradient = context.allocate(units * BLOCK_SAMPLES);
  const packedFloats = 4 * units * Math.max(columns, roundUp(units, 4) + roundUp(channels, 4));
  const packedWeights = context.allocate(packedFloats);
  const hiddenBytes = units * ROW_BYTES, inputBytes = channels * ROW_BYTES, stateBytes = columns * ROW_BYTES;
  return {
    prepare({ floats }) {
      for (let t = 0; t < steps; t++) {
        const ones = (state + t * stateBytes + hiddenBytes + inputBytes) / 4;
        floats.fill(1, ones, ones + BLOCK_SAMPLES);
      }
    },
    forward({ kernels }) {
      for (let t = 0; t < steps; t++) {
        kernels.copy(state + t * stateBytes + hiddenBytes, input.address + t * inputBytes, inputBytes);
      }
      kernels.lstmForward(
        steps,
        units,
        columns,
        padded,
        parameters + 4 * weights,
        state,
        gates,
        cells,
        packedWeights,
      );
      for (let step = 0; step < output.steps; step++) {
        const t = returnSequences ? step + 1 : steps;
        kernels.copy(output.address + step * hiddenBytes, state + t * stateBytes, hiddenBytes);
      }
    },
    backward({ kernels }, gradients) {
      kernels.zero(hiddenGradient, hiddenBytes);
      kernels.zero(cellGradient, hiddenBytes);
      kernels.lstmBackward(
        steps,
        units,
        channels,
        columns,
        padded,
        parameters + 4 * weights,
        state,
        gates,
        cells,
        output.gradient,
        returnSequences ? hiddenBytes : 0,
        hiddenGradient,
        cellGradient,
        input.gradient,
        gradients + 4 * weights,
        packedWeights,
      );
    },
  };
}
