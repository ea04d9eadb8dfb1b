import { directedLayer, DIRECTIONS } from "../../nn/layers/bidirectional.ts";
import type { BidirectionalLayer } from "../../nn/model.ts";
import { BLOCK_SAMPLES, type Machine, ROW_BYTES } from "../kernels/kernels.ts";
import type { BlockContext, BlockOp, BlockTensor } from "./block.ts";
import { ADD, combine, COPY, MULTIPLY, type Rows, rowsOf } from "./graph.ts";
import { compileGru } from "./gru.ts";
import { compileLstm } from "./lstm.ts";

/**
 * Compiles two recurrent layers on the same input, one of which reads it from its end, and the merging of their outputs.
 *
 * Source: Schuster and Paliwal, "Bidirectional recurrent neural networks", 1997.
 */
export function compileBidirectional(layer: BidirectionalLayer, context: BlockContext): BlockOp {
  const directions = DIRECTIONS.map((direction) => compileDirection(layer, direction, context));
  const merge = compileMerge(layer, context.output, directions.map(({ output }) => output));
  return {
    prepare(machine) {
      for (const { op } of directions) op.prepare?.(machine);
    },
    forward(machine, pass) {
      for (const { op } of directions) op.forward(machine, pass);
      merge.forward(machine);
    },
    backward(machine, gradients, pass) {
      merge.backward(machine);
      for (const { op } of directions) op.backward(machine, gradients, pass);
    },
  };
}

function compileDirection(
  layer: BidirectionalLayer,
  direction: typeof DIRECTIONS[number],
  context: BlockContext,
): { op: BlockOp; output: BlockTensor } {
  const { steps } = context.output, { units } = layer.layer, floats = steps * units * BLOCK_SAMPLES;
  const output: BlockTensor = {
    steps,
    channels: units,
    address: context.allocate(floats),
    gradient: context.allocate(floats),
  };
  const directed = directedLayer(layer, direction);
  const own: BlockContext = {
    ...context,
    output,
    isModelOutput: false,
    rounding: (what) => context.rounding(what === undefined ? direction : `${direction}/${what}`),
    place: ({ name, ...place }) => context.place({ name: `${direction}/${name}`, ...place }),
  };
  return { op: directed.kind === "LSTM" ? compileLstm(directed, own) : compileGru(directed, own), output };
}

/** The merging of two outputs; backwards it overwrites their gradients. */
function compileMerge(
  { mergeMode }: BidirectionalLayer,
  output: BlockTensor,
  [forward, backward]: BlockTensor[],
): { forward(machine: Machine): void; backward(machine: Machine): void } {
  const { steps, channels } = forward, stepBytes = channels * ROW_BYTES;
  const join = (machine: Machine, operation: number, target: Rows, source: Rows) =>
    combine(machine, operation, { steps, channels, target, source });
  const views = (what: "address" | "gradient") => ({
    merged: rowsOf(output[what], output.channels),
    second: rowsOf(output[what] + stepBytes, output.channels),
    ahead: rowsOf(forward[what], channels),
    // Its steps stand in the order in which it read: what it says of the last comes first.
    back: { address: backward[what] + (steps - 1) * stepBytes, step: -stepBytes, channel: ROW_BYTES },
  });
  const values = views("address"), gradients = views("gradient");
  const halve = ({ kernels }: Machine, address: number) => {
    if (mergeMode === "ave") kernels.scaleValues(steps * channels * BLOCK_SAMPLES, address, 0.5);
  };
  return {
    forward(machine) {
      const { merged, second, ahead, back } = values;
      join(machine, COPY, merged, ahead);
      if (mergeMode === "concat") return join(machine, COPY, second, back);
      join(machine, mergeMode === "mul" ? MULTIPLY : ADD, merged, back);
      halve(machine, merged.address);
    },
    backward(machine) {
      const { merged, second, ahead, back } = gradients;
      halve(machine, merged.address);
      join(machine, COPY, ahead, merged);
      join(machine, COPY, back, mergeMode === "concat" ? second : merged);
      if (mergeMode !== "mul") return;
      join(machine, MULTIPLY, ahead, values.back);
      join(machine, MULTIPLY, back, values.ahead);
    },
  };
}
