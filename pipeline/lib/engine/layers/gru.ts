import type { GRULayer } from "../../nn/model.ts";
import { BLOCK_SAMPLES, type GruOperands, samplePanelFloats } from "../kernels/kernels.ts";
import { type BlockContext, type BlockOp, roundUp } from "./block.ts";
import { createState, hardSlopeOf } from "./recurrent.ts";
import { stepsOf } from "./rounding.ts";

/**
 * Compiles a GRU over all steps of its input.
 *
 * Source: Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014; with `resetAfter` as in cuDNN.
 */
export function compileGru(layer: GRULayer, context: BlockContext): BlockOp {
  const { inputs: [{ steps, channels }], output, parameters } = context,
    { units, resetAfter, useBias = true } = layer;
  // The two biases stand side by side, as their weight [2, 3 units] is placed.
  const hidden = channels + (resetAfter ? 2 : 1), columns = hidden + units, padded = roundUp(columns, 8);
  const weights = context.reserve(3 * units * padded);
  context.place({ name: "kernel", offset: weights, columnStride: padded });
  context.place({ name: "recurrent_kernel", offset: weights + hidden, columnStride: padded });
  if (useBias) context.place({ name: "bias", offset: weights + channels, columnStride: padded });
  const ones = resetAfter ? [channels, channels + 1] : [channels];
  const state = createState(layer, context, { columns, input: 0, hidden, ones });
  const gates = context.allocate(steps * 4 * units * BLOCK_SAMPLES);
  const hiddenGradient = context.allocate(units * BLOCK_SAMPLES);
  const resetGradient = context.allocate(units * BLOCK_SAMPLES);
  const forwardFloats = (roundUp(2 * units, 8) + roundUp(units, 8)) * columns;
  const backwardFloats = 3 * units * (roundUp(units, 8) + roundUp(channels, 8));
  const packedFloats = Math.max(forwardFloats, backwardFloats);
  const packedWeights = context.allocate(packedFloats + samplePanelFloats(columns, steps));
  const roundings = readRoundings(layer, context), hardSlope = hardSlopeOf(layer);
  const work = roundings && context.allocate(2 * units * BLOCK_SAMPLES);
  const table = roundings && context.allocate(roundings.length);
  const operands: GruOperands = [
    steps,
    units,
    channels,
    padded,
    parameters + 4 * weights,
    state.address,
    gates,
  ];
  return {
    prepare(machine) {
      state.prepare(machine);
      if (roundings) machine.floats.set(roundings, table! / 4);
    },
    forward(machine) {
      const { kernels } = machine;
      state.load(machine);
      if (roundings) {
        kernels.gruForwardRounded(...operands, resetAfter, packedWeights, work!, table!, hardSlope);
      } else kernels.gruForward(...operands, resetAfter, packedWeights, hardSlope);
      state.store(machine);
    },
    backward({ kernels }, gradients) {
      kernels.zero(hiddenGradient, state.hiddenBytes);
      kernels.gruBackward(
        ...operands,
        output.gradient,
        state.outputStep,
        hiddenGradient,
        resetGradient,
        state.inputGradient,
        state.inputStep,
        gradients + 4 * weights,
        resetAfter,
        packedWeights,
        hardSlope,
      );
    },
  };
}

/** What a step rounds, by the names of the converter's lowering, in the kernel's order. */
const ROUNDED = [
  "given_gates",
  "kept_gates",
  "gate_sum",
  "gates",
  "given_candidate",
  "kept_candidate",
  "reset",
  "candidate_sum",
  "candidate",
  "change",
  "remembered",
  "hidden",
];

/**
 * Gathers what the steps round: "<layer>/<step>/<what>". The first step, before which there is nothing, forgets a part of the
 * candidate and remembers nothing; the last step's hidden state is the layer's output where that is all that is put out.
 *
 * @returns [steps][12] of step, low and high, as `gruForwardRounded` reads them; undefined where nothing is rounded.
 */
function readRoundings(
  { resetAfter }: GRULayer,
  { inputs: [{ steps }], rounding }: BlockContext,
): Float32Array | undefined {
  if (rounding("0/gates") === undefined) return undefined;
  const table = new Float32Array(steps * ROUNDED.length * 3);
  for (let t = 0; t < steps; t++) {
    const names: Record<string, string> = {
      reset: resetAfter ? "reset_kept" : "reset_hidden",
      ...(t === 0 && { remembered: "forgotten" }),
    };
    ROUNDED.forEach((what, kind) => {
      const found = rounding(`${t}/${names[what] ?? what}`) ?? (what === "hidden" ? rounding() : undefined);
      if (found) table.set(stepsOf(found), (t * ROUNDED.length + kind) * 3);
    });
  }
  return table;
}
