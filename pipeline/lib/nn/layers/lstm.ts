import { z } from "zod";
import type { Rng } from "../../core/rng.ts";
import { sigmoid } from "./activations.ts";
import { kernelSpec, orthogonalRows } from "./initializers.ts";
import {
  anything,
  initializers,
  layerOptions,
  nulls,
  off,
  size,
  useBias,
  weightOptions,
} from "./keras_options.ts";
import { checkRank, checkSize, type LayerBase, type LayerKind, valueCount } from "./layer_kind.ts";

/**
 * Weights: kernel [inChannels, 4 units], recurrent_kernel [units, 4 units], bias [4 units]; gate order i, f, c, o.
 * Activations are tanh and sigmoid.
 */
export interface LSTMLayer extends LayerBase {
  kind: "LSTM";
  units: number;
  /** False: only the last step, [units]; true: every step, [time, units]. */
  returnSequences: boolean;
}

const kerasOptions = layerOptions({
  ...weightOptions,
  recurrent_initializer: anything,
  recurrent_regularizer: anything,
  recurrent_constraint: anything,
  units: size,
  activation: z.literal("tanh"),
  recurrent_activation: z.literal("sigmoid"),
  use_bias: useBias,
  return_sequences: z.boolean(),
  return_state: off,
  go_backwards: off,
  stateful: off,
  time_major: off,
  zero_output_for_mask: off,
  unit_forget_bias: anything,
  unroll: anything,
  dropout: anything,
  recurrent_dropout: anything,
  seed: anything,
  implementation: anything,
});

export const lstmKind: LayerKind<LSTMLayer, z.infer<typeof kerasOptions>> = {
  kind: "LSTM",
  inputCount: 1,
  outputShape(layer, [input]) {
    checkRank(layer, input, 2);
    checkSize(layer.name, "units", layer.units);
    return layer.returnSequences ? [input[0], layer.units] : [layer.units];
  },
  weights: ({ units }, [[steps, channels]]) => [
    kernelSpec(channels, 4 * units),
    {
      name: "recurrent_kernel",
      shape: [units, 4 * units],
      initialize: (rng) => orthogonalRows([units, 4 * units], rng),
    },
    { name: "bias", shape: [4 * units], initialize: (rng) => chronoBias(units, steps, rng) },
  ],
  kerasOptions,
  fromKeras: ({ units, return_sequences: returnSequences }) => ({ units, returnSequences }),
  // `time_major: false` is left out: it is Keras 2's default, and Keras 3 fails on it.
  toKeras: ({ units, returnSequences }) => ({
    return_sequences: returnSequences,
    return_state: false,
    go_backwards: false,
    stateful: false,
    unroll: false,
    units,
    activation: "tanh",
    recurrent_activation: "sigmoid",
    use_bias: true,
    ...initializers(["kernel", "recurrent", "bias"]),
    unit_forget_bias: true,
    ...nulls("regularizer", ["kernel", "recurrent", "bias", "activity"]),
    ...nulls("constraint", ["kernel", "recurrent", "bias"]),
    dropout: 0,
    recurrent_dropout: 0,
    implementation: 2,
  }),
  kerasScope: "lstm_cell",
  /** An observer sees the cell and hidden states of all steps, [time, units], as "<layer>/cell" and "<layer>/hidden". */
  prepare({ name, units, returnSequences }, { inputShapes: [[steps]], outputShape, weight }) {
    const output = new Float64Array(valueCount(outputShape));
    const buffers = {
      kernel: weight("kernel"),
      recurrentKernel: weight("recurrent_kernel"),
      bias: weight("bias"),
      hidden: returnSequences ? output : new Float64Array(steps * units),
      cell: new Float64Array(steps * units),
      gates: new Float64Array(4 * units),
    };
    return {
      output,
      run([input], observe) {
        lstm({ input, ...buffers });
        observe?.(`${name}/cell`, buffers.cell);
        observe?.(`${name}/hidden`, buffers.hidden);
        if (!returnSequences) output.set(buffers.hidden.subarray((steps - 1) * units));
      },
    };
  },
};

/**
 * Draws an LSTM's bias so that its units remember for 1 to `steps` steps from the start: forget gate ln(u) with u uniform
 * in [1, steps - 1], input gate -ln(u), the others 0.
 *
 * Deviation from Keras, whose forget gate of 1 forgets half of the state in two steps: of what the window's middle says,
 * nothing is left after its last 100 steps. On MIT-BIH windows of 216 steps, training then stood on one class for four
 * epochs; with these biases it left it in the second.
 *
 * Source: Tallec and Ollivier, "Can recurrent neural networks warp time?", 2018, section 3 (chrono initialization).
 *
 * @returns Gates i, f, c, o, shape [4 units].
 */
function chronoBias(units: number, steps: number, rng: Rng): Float32Array {
  const bias = new Float32Array(4 * units);
  for (let unit = 0; unit < units; unit++) {
    const memory = Math.log(1 + rng.uniform() * Math.max(0, steps - 2));
    bias[unit] = -memory;
    bias[units + unit] = memory;
  }
  return bias;
}

/** What `lstm` computes on; all arrays row-major, gates in Keras' order i, f, c, o. */
export interface LSTMBuffers {
  /** [time, inChannels]. */
  input: Float64Array;
  /** [inChannels, 4 units]. */
  kernel: Float32Array;
  /** [units, 4 units]. */
  recurrentKernel: Float32Array;
  /** [4 units]. */
  bias: Float32Array;
  /** Hidden states h_1 ... h_time, [time, units], written. */
  hidden: Float64Array;
  /** Cell states c_1 ... c_time, [time, units], written. */
  cell: Float64Array;
  /** Scratch, [4 units]. */
  gates: Float64Array;
}

/**
 * Computes a long short-term memory over one window from zero state.
 *
 * Source: Gers, Schmidhuber and Cummins, "Learning to forget", 2000, without peepholes, in Keras' gate order:
 * i, f, o = sigmoid(W x + U h + b), g = tanh(W x + U h + b), c = f c + i g, h = o tanh(c).
 */
export function lstm(buffers: LSTMBuffers): void {
  const { input, kernel, recurrentKernel, bias, hidden, cell, gates } = buffers;
  const gateCount = gates.length, units = gateCount / 4;
  const inChannels = kernel.length / gateCount, steps = input.length / inChannels;
  for (let t = 0; t < steps; t++) {
    const now = t * units, before = now - units;
    gates.set(bias);
    addProduct(gates, { vector: input, offset: t * inChannels, rows: inChannels, matrix: kernel });
    if (t > 0) addProduct(gates, { vector: hidden, offset: before, rows: units, matrix: recurrentKernel });
    for (let u = 0; u < units; u++) {
      const i = sigmoid(gates[u]), f = sigmoid(gates[units + u]);
      const g = Math.tanh(gates[2 * units + u]), o = sigmoid(gates[3 * units + u]);
      const c = (t > 0 ? f * cell[before + u] : 0) + i * g;
      cell[now + u] = c;
      hidden[now + u] = o * Math.tanh(c);
    }
  }
}

interface Product {
  vector: Float64Array;
  offset: number;
  rows: number;
  /** [rows, sum.length]. */
  matrix: Float32Array;
}

/** Adds vector[offset ... offset + rows] times matrix to `sum`; four rows a pass to touch `sum` less often. */
function addProduct(sum: Float64Array, { vector, offset, rows, matrix }: Product): void {
  const columns = sum.length;
  let row = 0;
  for (; row + 4 <= rows; row += 4) {
    const a = vector[offset + row], b = vector[offset + row + 1];
    const c = vector[offset + row + 2], d = vector[offset + row + 3];
    let at = row * columns;
    for (let j = 0; j < columns; j++, at++) {
      sum[j] += a * matrix[at] + b * matrix[at + columns] + c * matrix[at + 2 * columns] +
        d * matrix[at + 3 * columns];
    }
  }
  for (; row < rows; row++) {
    const x = vector[offset + row];
    for (let j = 0, at = row * columns; j < columns; j++, at++) sum[j] += x * matrix[at];
  }
}
