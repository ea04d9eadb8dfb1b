import { floatValues, inputAt, type KernelContext, type Operand } from "../kernel.ts";
import { activationRange } from "./activation.ts";

/**
 * Finishes one row of output channels: adds biases, rescales, clamps and stores.
 *
 * @param sums Products summed up, one an output channel. @param at Where in the output the row begins.
 */
export type StoreRow = (sums: Float64Array, at: number) => void;

/**
 * What convolutions and dense layers share: where the numbers to multiply come from and where sums go.
 *
 * The loops between see float32 inputs and float64 weights for every type: integer products and their sums
 * are exact in them.
 */
export interface WeightedPlan {
  input: Operand;
  output: Operand;
  weights: Operand;
  /** Values to multiply, valid after `loadInput`. */
  inputValues: Float32Array;
  loadInput(): void;
  /** Row-major as in the operand. */
  weightValues: ArrayLike<number>;
  storeRow: StoreRow;
}

/** Plans the ends of CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED. */
export function planWeighted(context: KernelContext): WeightedPlan {
  const input = inputAt(context, 0), weights = inputAt(context, 1), [output] = context.outputs;
  if (!weights.isConstant) throw new RangeError("its weights must be constants, got computed ones");
  const common = { input, output, weights };
  return { ...common, ...planFloat(context, common) };
}

type Ends = Pick<WeightedPlan, "inputValues" | "loadInput" | "weightValues" | "storeRow">;
type Operands = Pick<WeightedPlan, "input" | "output" | "weights">;

function planFloat(context: KernelContext, { input, output, weights }: Operands): Ends {
  const { low, high } = activationRange(context), out = floatValues(output);
  const channels = output.shape[output.shape.length - 1];
  const bias = context.inputs[2] ? floatValues(context.inputs[2]) : new Float32Array(channels);
  return {
    inputValues: floatValues(input),
    loadInput: () => {},
    weightValues: floatValues(weights),
    storeRow: (sums, at) => {
      for (let c = 0; c < channels; c++) {
        const value = sums[c] + bias[c];
        out[at + c] = value < low ? low : value > high ? high : value;
      }
    },
  };
}
