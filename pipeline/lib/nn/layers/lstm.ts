import type { z } from "zod";
import type { Rng } from "../../core/rng.ts";
import { chronoMemories, kernelSpec, orthogonalRows } from "./initializers.ts";
import { anything, layerOptions } from "./keras_options.ts";
import { type LayerKind, valueCount } from "./layer_kind.ts";
import {
  addProduct,
  fromRecurrentOptions,
  gateFunction,
  inputStep,
  type RecurrentLayer,
  recurrentOptions,
  recurrentOutputShape,
  toRecurrentOptions,
} from "./recurrent.ts";

/**
 * Weights: kernel [inChannels, 4 units], recurrent_kernel [units, 4 units], bias [4 units] unless `useBias` is false; gate
 * order i, f, c, o.
 * The activation is tanh; that of the gates is `recurrentActivation`.
 */
export interface LSTMLayer extends RecurrentLayer {
  kind: "LSTM";
}

/** Its options in Keras' form. */
export const lstmOptions = layerOptions({ ...recurrentOptions, unit_forget_bias: anything });

export const lstmKind: LayerKind<LSTMLayer, z.infer<typeof lstmOptions>> = {
  kind: "LSTM",
  inputCount: 1,
  outputShape: recurrentOutputShape,
  weights: ({ units, useBias = true }, [[steps, channels]]) => [
    kernelSpec(channels, 4 * units),
    {
      name: "recurrent_kernel",
      shape: [units, 4 * units],
      initialize: (rng) => orthogonalRows([units, 4 * units], rng),
    },
    ...(useBias
      ? [{ name: "bias", shape: [4 * units], initialize: (rng: Rng) => chronoBias(units, steps, rng) }]
      : []),
  ],
  kerasOptions: lstmOptions,
  fromKeras: fromRecurrentOptions,
  toKeras: (layer) => toRecurrentOptions(layer, { unit_forget_bias: true }),
  kerasPath: (_, weight) => `lstm_cell/${weight}`,
  /** An observer sees the cell and hidden states of all steps, [time, units], as "<layer>/cell" and "<layer>/hidden". */
  prepare(layer, { inputShapes: [[steps]], outputShape, weight }) {
    const { name, units, returnSequences, goBackwards = false, useBias = true } = layer;
    const output = new Float64Array(valueCount(outputShape));
    const buffers = {
      kernel: weight("kernel"),
      recurrentKernel: weight("recurrent_kernel"),
      bias: useBias ? weight("bias") : new Float32Array(4 * units),
      goBackwards,
      gate: gateFunction(layer),
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
 * @returns Gates i, f, c, o, shape [4 units].
 */
function chronoBias(units: number, steps: number, rng: Rng): Float32Array {
  const bias = new Float32Array(4 * units);
  chronoMemories(units, steps, rng).forEach((memory, unit) => {
    bias[unit] = -memory;
    bias[units + unit] = memory;
  });
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
  /** Whether the last step of the input is read first. */
  goBackwards: boolean;
  /** Activation function of the gates i, f, o. */
  gate: (x: number) => number;
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
 * i, f, o = gate(W x + U h + b), g = tanh(W x + U h + b), c = f c + i g, h = o tanh(c).
 */
export function lstm(buffers: LSTMBuffers): void {
  const { input, kernel, recurrentKernel, bias, goBackwards, gate, hidden, cell, gates } = buffers;
  const gateCount = gates.length, units = gateCount / 4;
  const inChannels = kernel.length / gateCount, steps = input.length / inChannels;
  for (let t = 0; t < steps; t++) {
    const now = t * units, before = now - units, offset = inputStep(t, steps, goBackwards) * inChannels;
    gates.set(bias);
    addProduct(gates, { vector: input, offset, rows: inChannels, matrix: kernel });
    if (t > 0) addProduct(gates, { vector: hidden, offset: before, rows: units, matrix: recurrentKernel });
    for (let u = 0; u < units; u++) {
      const i = gate(gates[u]), f = gate(gates[units + u]);
      const g = Math.tanh(gates[2 * units + u]), o = gate(gates[3 * units + u]);
      const c = (t > 0 ? f * cell[before + u] : 0) + i * g;
      cell[now + u] = c;
      hidden[now + u] = o * Math.tanh(c);
    }
  }
}
