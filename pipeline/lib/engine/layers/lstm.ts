import type { LSTMLayer } from "../../nn/model.ts";
import { BLOCK_SAMPLES, samplePanelFloats } from "../kernels/kernels.ts";
import { type BlockContext, type BlockOp, roundUp } from "./block.ts";
import { createState, hardSlopeOf } from "./recurrent.ts";
import type { Rounding } from "./rounding.ts";

/**
 * Compiles an LSTM over all steps of its input.
 *
 * Source: Hochreiter and Schmidhuber, "Long short-term memory", 1997, with the forget gate of Gers et al., 2000.
 */
export function compileLstm(layer: LSTMLayer, context: BlockContext): BlockOp {
  const { inputs: [{ steps, channels }], output, parameters } = context, { units, useBias = true } = layer;
  const columns = units + channels + 1, padded = roundUp(columns, 8);
  const weights = context.reserve(4 * units * padded);
  context.place({ name: "kernel", offset: weights + units, columnStride: padded });
  context.place({ name: "recurrent_kernel", offset: weights, columnStride: padded });
  if (useBias) context.place({ name: "bias", offset: weights + units + channels, columnStride: padded });
  const state = createState(layer, context, { columns, hidden: 0, input: units, ones: [units + channels] });
  const gates = context.allocate(steps * 4 * units * BLOCK_SAMPLES);
  const cells = context.allocate((steps + 1) * units * BLOCK_SAMPLES);
  const hiddenGradient = context.allocate(units * BLOCK_SAMPLES);
  const cellGradient = context.allocate(units * BLOCK_SAMPLES);
  const packedFloats = roundUp(4 * units, 8) * Math.max(columns, roundUp(units, 8) + roundUp(channels, 8));
  const packedWeights = context.allocate(packedFloats + samplePanelFloats(columns, steps));
  const hidden = context.rounding("hidden"), cell = context.rounding("cell");
  const hiddenStep = hidden?.scale ?? 0, cellStep = cell?.scale ?? 0;
  checkState(layer, { hidden, cell });
  const hardSlope = hardSlopeOf(layer);
  const activated = hidden === undefined && hardSlope === 0 ? 0 : context.allocate(units * BLOCK_SAMPLES);
  return {
    prepare: state.prepare,
    forward(machine) {
      state.load(machine);
      machine.kernels.lstmForward(
        steps,
        units,
        columns,
        padded,
        parameters + 4 * weights,
        state.address,
        gates,
        cells,
        packedWeights,
        hiddenStep,
        cellStep,
        hardSlope,
      );
      state.store(machine);
    },
    backward({ kernels }, gradients) {
      kernels.zero(hiddenGradient, state.hiddenBytes);
      kernels.zero(cellGradient, state.hiddenBytes);
      kernels.lstmBackward(
        steps,
        units,
        channels,
        columns,
        padded,
        parameters + 4 * weights,
        state.address,
        gates,
        cells,
        output.gradient,
        state.outputStep,
        hiddenGradient,
        cellGradient,
        state.inputGradient,
        state.inputStep,
        gradients + 4 * weights,
        packedWeights,
        activated,
        hiddenStep,
        cellStep,
        hardSlope,
      );
    },
  };
}

/** @throws RangeError Not both of an LSTM's states rounded, or not to all integers of int8 and int16 around 0. */
function checkState(
  { name }: LSTMLayer,
  { hidden, cell }: { hidden?: Rounding; cell?: Rounding },
): void {
  const isWhole = (rounding: Rounding | undefined, bits: number) =>
    rounding?.zeroPoint === 0 && rounding.low === -(2 ** (bits - 1)) && rounding.high === 2 ** (bits - 1) - 1;
  if (hidden === undefined && cell === undefined || isWhole(hidden, 8) && isWhole(cell, 16)) return;
  throw new RangeError(
    `Cannot round LSTM "${name}": its hidden state must become int8 and its cell int16, both with zero point 0, got ` +
      JSON.stringify({ hidden, cell }),
  );
}
