import { LSTM_ABSENT } from "../../formats/tflite/operator_shapes.ts";
import { ACTIVATION } from "../../formats/tflite/schema.ts";
import { inputAt, type KernelContext, type Operand, option } from "../kernel.ts";

/** The gates in the order of the operator's inputs. */
export const GATES = ["input", "forget", "cell", "output"] as const;
const HIDDEN_STATE = 18, CELL_STATE = 19;

/** The operands of an LSTM by their meaning. */
export interface LstmPlan {
  /** [batch, steps, channels]. */
  input: Operand;
  /** [batch, steps, units]. */
  output: Operand;
  /** Each [units, channels], by gate. */
  weights: Operand[];
  /** Each [units, units], by gate. */
  recurrent: Operand[];
  /** Each [units], by gate. */
  biases: Operand[];
  /** [batch, units]. */
  hidden: Operand;
  /** [batch, units]. */
  cell: Operand;
  batch: number;
  steps: number;
  channels: number;
  units: number;
  /** Cells are kept in [-cellClip, cellClip]; 0 for no limit. */
  cellClip: number;
  /** Whether the weights are int8 and all else is float. */
  isHybrid: boolean;
  /** Whether what such a step reads is rounded with a zero point. */
  isAsymmetric: boolean;
  /** To be called after each step. */
  cellWritten(): void;
}

/**
 * Names an LSTM's operands.
 *
 * @throws RangeError A form of the operator that is not computed here.
 */
export function lstmPlan(context: KernelContext): LstmPlan {
  if (LSTM_ABSENT.some((position) => context.inputs[position] !== undefined)) {
    throw new RangeError("it must have no peephole, projection and layer normalization weights, got some");
  }
  if (option(context, "timeMajor") !== 0) {
    throw new RangeError("it must have the batch first, got time first");
  }
  if (option(context, "fusedActivationFunction") !== ACTIVATION.TANH) {
    throw new RangeError(
      `its activation must be TANH (${ACTIVATION.TANH}), got ${option(context, "fusedActivationFunction")}`,
    );
  }
  const gates = (first: number) => GATES.map((_, gate) => inputAt(context, first + gate));
  const input = inputAt(context, 0), hidden = inputAt(context, HIDDEN_STATE);
  const weights = gates(1), recurrent = gates(5), biases = gates(12);
  if (![...weights, ...recurrent, ...biases].every(({ isConstant }) => isConstant)) {
    throw new RangeError("its weights and biases must be constants, got computed ones");
  }
  const [batch, steps, channels] = input.shape;
  return {
    input,
    output: context.outputs[0],
    weights,
    recurrent,
    biases,
    hidden,
    cell: inputAt(context, CELL_STATE),
    batch,
    steps,
    channels,
    units: hidden.shape[1],
    cellClip: option(context, "cellClip"),
    isHybrid: input.type === "FLOAT32" && weights[0].type === "INT8",
    isAsymmetric: option(context, "asymmetricQuantizeInputs") !== 0,
    cellWritten: () => context.stateWritten(CELL_STATE),
  };
}

/**
 * Lays the gates' values out side by side, so that what is read once serves all four.
 *
 * @param arrays One a gate, of one length. @returns Their first values, then their second ones ...
 */
export function interleaveGates(arrays: readonly ArrayLike<number>[]): Float64Array {
  const result = new Float64Array(arrays.length * arrays[0].length);
  for (const [gate, values] of arrays.entries()) {
    for (let i = 0; i < values.length; i++) result[i * arrays.length + gate] = values[i];
  }
  return result;
}
