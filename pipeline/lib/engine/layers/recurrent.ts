import { HARD_SIGMOID_SLOPES } from "../../nn/layers/hard_sigmoid.ts";
import type { RecurrentLayer } from "../../nn/layers/recurrent.ts";
import { BLOCK_SAMPLES, type Machine, ROW_BYTES } from "../kernels/kernels.ts";
import type { BlockContext } from "./block.ts";

/** @returns The slope of the hard sigmoid that a layer's gates have; 0: they have a sigmoid. */
export const hardSlopeOf = ({ recurrentActivation = "sigmoid" }: RecurrentLayer): number =>
  recurrentActivation === "sigmoid" ? 0 : HARD_SIGMOID_SLOPES[recurrentActivation];

/** Where in a step's rows the parts of a recurrent layer's state stand. */
interface StateRows {
  /** Rows of a step. */
  columns: number;
  /** First row of the input and of the hidden state. */
  input: number;
  hidden: number;
  /** Rows that are 1, which the biases are multiplied with; of a layer without biases they are 0, and so is the gradient. */
  ones: number[];
}

/**
 * Lays out what the kernels of a recurrent layer read and write, [steps + 1][columns][32]: a step's input, 1 for the biases,
 * and the hidden state before it, which is that behind the step before.
 */
export function createState(
  { units, returnSequences, goBackwards = false, useBias = true }: RecurrentLayer,
  { inputs: [input], output, allocate }: BlockContext,
  { columns, input: inputRow, hidden: hiddenRow, ones }: StateRows,
) {
  const { steps } = input, stepBytes = columns * ROW_BYTES;
  const hiddenBytes = units * ROW_BYTES, inputBytes = input.channels * ROW_BYTES;
  const address = allocate((steps + 1) * columns * BLOCK_SAMPLES);
  const hidden = address + hiddenRow * ROW_BYTES;
  // The input's bytes of step 0, and from there to the next step's.
  const first = goBackwards ? (steps - 1) * inputBytes : 0,
    inputStep = goBackwards ? -inputBytes : inputBytes;
  return {
    address,
    hiddenBytes,
    /** Gradient of the first step's input; 0 where none is wanted. */
    inputGradient: input.gradient === 0 ? 0 : input.gradient + first,
    /** Bytes from one step's input to the next's. */
    inputStep,
    /** Bytes from the gradient of one step's output to the next's; 0: only the last step is put out. */
    outputStep: returnSequences ? hiddenBytes : 0,
    prepare({ floats }: Machine): void {
      if (!useBias) return;
      for (let t = 0; t < steps; t++) {
        for (const row of ones) {
          const at = (address + t * stepBytes + row * ROW_BYTES) / 4;
          floats.fill(1, at, at + BLOCK_SAMPLES);
        }
      }
    },
    load({ kernels }: Machine): void {
      const target = address + inputRow * ROW_BYTES, source = input.address + first;
      for (let t = 0; t < steps; t++) {
        kernels.copy(target + t * stepBytes, source + t * inputStep, inputBytes);
      }
    },
    store({ kernels }: Machine): void {
      for (let step = 0; step < output.steps; step++) {
        const t = returnSequences ? step + 1 : steps;
        kernels.copy(output.address + step * hiddenBytes, hidden + t * stepBytes, hiddenBytes);
      }
    },
  };
}
