import { reluActivation } from "../../nn/layers/activation.ts";
import { concatenatedAxis } from "../../nn/layers/concatenate.ts";
import type { ActivationLayer, ConcatenateLayer, Layer, ReLULayer } from "../../nn/model.ts";
import { BLOCK_SAMPLES, type Machine, ROW_BYTES } from "../kernels/kernels.ts";
import { compileActivation, withActivation } from "./activation.ts";
import type { BlockContext, BlockOp, BlockTensor } from "./block.ts";

/** The kernel's numbers of what it does with two rows. */
export const COPY = 0, ADD = 1, MULTIPLY = 2;

/** Rows of a tensor or of its gradient, in the order of another one's steps and channels. */
export interface Rows {
  address: number;
  /** Bytes from one step to the next; 0: one step stands for all. */
  step: number;
  /** Bytes from one channel to the next; 0: one channel stands for all. */
  channel: number;
}

/** Combines each row of the target with one of the source. */
export function combine(
  { kernels }: Machine,
  operation: number,
  { steps, channels, target, source }: { steps: number; channels: number; target: Rows; source: Rows },
): void {
  kernels.combineRows(
    operation,
    steps,
    channels,
    target.address,
    target.step,
    target.channel,
    source.address,
    source.step,
    source.channel,
  );
}

/** All rows of a tensor of so many channels that begins at an address. */
export const rowsOf = (address: number, channels: number): Rows => ({
  address,
  step: channels * ROW_BYTES,
  channel: ROW_BYTES,
});

/** Compiles a layer whose output has the values of its input in their order. */
export function compileCopy(_: Layer, { inputs: [input], output }: BlockContext): BlockOp {
  const { steps, channels } = output;
  return {
    forward: ({ kernels }) => kernels.copy(output.address, input.address, steps * channels * ROW_BYTES),
    backward(machine) {
      if (input.gradient === 0) return;
      const target = rowsOf(input.gradient, channels), source = rowsOf(output.gradient, channels);
      combine(machine, ADD, { steps, channels, target, source });
    },
  };
}

/** Compiles an activation as a layer of its own. */
export function compileActivationLayer(layer: ActivationLayer | ReLULayer, context: BlockContext): BlockOp {
  const activation = layer.kind === "ReLU" ? reluActivation(layer) : layer.activation;
  return withActivation(compileCopy(layer, context), compileActivation({ ...layer, activation }, context));
}

/** Compiles tensors one behind the other, along the time or the channels. */
export function compileConcatenate(layer: ConcatenateLayer, { inputs, output }: BlockContext): BlockOp {
  // One step is that of features, or of sequences joined along their channels.
  const alongTime = output.steps > 1 && concatenatedAxis(layer, 2) === 0;
  let end = 0;
  const parts = inputs.map((input) => {
    const offset = end;
    end += (alongTime ? input.steps : 1) * input.channels * ROW_BYTES;
    return { input, offset };
  });
  return {
    forward(machine) {
      for (const { input: { steps, channels, address }, offset } of parts) {
        const target = rowsOf(output.address + offset, output.channels), source = rowsOf(address, channels);
        combine(machine, COPY, { steps, channels, target, source });
      }
    },
    backward(machine) {
      for (const { input: { steps, channels, gradient }, offset } of parts) {
        if (gradient === 0) continue;
        const source = rowsOf(output.gradient + offset, output.channels), target = rowsOf(gradient, channels);
        combine(machine, ADD, { steps, channels, target, source });
      }
    },
  };
}

/** @returns An input's rows in the order of the output's; a size of 1 is spread. */
function spread({ steps, channels }: BlockTensor, address: number): Rows {
  return {
    address,
    step: steps === 1 ? 0 : channels * ROW_BYTES,
    channel: channels === 1 ? 0 : ROW_BYTES,
  };
}

/** Compiles the sum of several tensors. */
export function compileAdd(_: Layer, { inputs, output }: BlockContext): BlockOp {
  const { steps, channels } = output;
  return {
    forward(machine) {
      const target = rowsOf(output.address, channels);
      inputs.forEach((input, i) => {
        const source = spread(input, input.address);
        combine(machine, i === 0 ? COPY : ADD, { steps, channels, target, source });
      });
    },
    backward(machine) {
      const source = rowsOf(output.gradient, channels);
      for (const input of inputs) {
        if (input.gradient === 0) continue;
        combine(machine, ADD, { steps, channels, target: spread(input, input.gradient), source });
      }
    },
  };
}

/** Compiles the product of several tensors; a gradient is the output's times all other inputs. */
export function compileMultiply(_: Layer, { inputs, output, allocate }: BlockContext): BlockOp {
  const { steps, channels } = output;
  const product = rowsOf(allocate(steps * channels * BLOCK_SAMPLES), channels);
  return {
    forward(machine) {
      const target = rowsOf(output.address, channels);
      inputs.forEach((input, i) => {
        const source = spread(input, input.address);
        combine(machine, i === 0 ? COPY : MULTIPLY, { steps, channels, target, source });
      });
    },
    backward(machine) {
      inputs.forEach((input, i) => {
        if (input.gradient === 0) return;
        const size = { steps, channels, target: product };
        combine(machine, COPY, { ...size, source: rowsOf(output.gradient, channels) });
        inputs.forEach((other, j) => {
          if (j === i) return;
          combine(machine, MULTIPLY, { ...size, source: spread(other, other.address) });
        });
        combine(machine, ADD, { steps, channels, target: spread(input, input.gradient), source: product });
      });
    },
  };
}
