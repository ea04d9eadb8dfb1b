import { z } from "zod";
import { kernelSpec, orthogonalRows } from "./initializers.ts";
import { layerOptions } from "./keras_options.ts";
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
 * Weights: kernel [inChannels, 3 units], recurrent_kernel [units, 3 units], gate order z, r, h; bias [2, 3 units], that of
 * the kernel and that of the recurrent kernel, or without `resetAfter` [3 units]; none if `useBias` is false. The activation is tanh; that of the
 * gates z and r is `recurrentActivation`.
 */
export interface GRULayer extends RecurrentLayer {
  kind: "GRU";
  /** Whether the reset gate is applied behind the product with the recurrent kernel (Keras' default) or before it. */
  resetAfter: boolean;
}

/** Its options in Keras' form. */
export const gruOptions = layerOptions({ ...recurrentOptions, reset_after: z.boolean() });

const biasShape = ({ units, resetAfter }: GRULayer): number[] => resetAfter ? [2, 3 * units] : [3 * units];

export const gruKind: LayerKind<GRULayer, z.infer<typeof gruOptions>> = {
  kind: "GRU",
  inputCount: 1,
  outputShape: recurrentOutputShape,
  weights(layer, [[, channels]]) {
    const { units, useBias = true } = layer, shape = biasShape(layer);
    return [
      kernelSpec(channels, 3 * units),
      {
        name: "recurrent_kernel",
        shape: [units, 3 * units],
        initialize: (rng) => orthogonalRows([units, 3 * units], rng),
      },
      ...(useBias ? [{ name: "bias", shape, initialize: () => new Float32Array(valueCount(shape)) }] : []),
    ];
  },
  kerasOptions: gruOptions,
  fromKeras: (options) => ({ ...fromRecurrentOptions(options), resetAfter: options.reset_after }),
  toKeras: (layer) => ({ ...toRecurrentOptions(layer), reset_after: layer.resetAfter }),
  kerasPath: (_, weight) => `gru_cell/${weight}`,
  /** An observer sees the hidden states of all steps, [time, units], as "<layer>/hidden". */
  prepare(layer, { inputShapes: [[steps]], outputShape, weight }) {
    const { name, units, returnSequences, resetAfter, goBackwards = false, useBias = true } = layer;
    const output = new Float64Array(valueCount(outputShape));
    const buffers = {
      kernel: weight("kernel"),
      recurrentKernel: weight("recurrent_kernel"),
      bias: useBias ? weight("bias") : new Float32Array(valueCount(biasShape(layer))),
      resetAfter,
      goBackwards,
      activation: gateFunction(layer),
      hidden: returnSequences ? output : new Float64Array(steps * units),
    };
    return {
      output,
      run([input], observe) {
        gru({ input, ...buffers });
        observe?.(`${name}/hidden`, buffers.hidden);
        if (!returnSequences) output.set(buffers.hidden.subarray((steps - 1) * units));
      },
    };
  },
};

/** What `gru` computes on; all arrays row-major, gates in Keras' order z, r, h. */
export interface GRUBuffers {
  /** [time, inChannels]. */
  input: Float64Array;
  /** [inChannels, 3 units]. */
  kernel: Float32Array;
  /** [units, 3 units]. */
  recurrentKernel: Float32Array;
  /** [2, 3 units] with `resetAfter`, else [3 units]. */
  bias: Float32Array;
  resetAfter: boolean;
  /** Whether the last step of the input is read first. */
  goBackwards: boolean;
  /** Activation function of the gates z and r. */
  activation: (x: number) => number;
  /** Hidden states h_1 ... h_time, [time, units], written. */
  hidden: Float64Array;
}

/**
 * Computes a gated recurrent unit over one window from zero state:
 * z, r = activation(W x + b + U h + b'), c = tanh(W x + b + r (U h + b')), h = z h + (1 - z) c.
 *
 * Without `resetAfter` there is no b' and c = tanh(W x + b + U (r h)).
 *
 * Source: Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014; `resetAfter` as in cuDNN.
 */
export function gru(buffers: GRUBuffers): void {
  const { input, kernel, recurrentKernel, bias, resetAfter, goBackwards, activation, hidden } = buffers;
  const units = Math.sqrt(recurrentKernel.length / 3), columns = 3 * units;
  const inChannels = kernel.length / columns, steps = input.length / inChannels;
  const given = new Float64Array(columns), kept = new Float64Array(columns), zero = new Float64Array(units);
  const reset = new Float64Array(units), resetProduct = new Float64Array(columns);
  for (let t = 0; t < steps; t++) {
    const now = t * units, offset = inputStep(t, steps, goBackwards) * inChannels;
    const before = t > 0 ? hidden.subarray(now - units, now) : zero;
    given.set(bias.subarray(0, columns));
    addProduct(given, { vector: input, offset, rows: inChannels, matrix: kernel });
    if (resetAfter) kept.set(bias.subarray(columns));
    else kept.fill(0);
    addProduct(kept, { vector: before, offset: 0, rows: units, matrix: recurrentKernel });
    const gate = (g: number, u: number) => activation(given[g * units + u] + kept[g * units + u]);
    if (!resetAfter) {
      for (let u = 0; u < units; u++) reset[u] = gate(1, u) * before[u];
      resetProduct.fill(0);
      addProduct(resetProduct, { vector: reset, offset: 0, rows: units, matrix: recurrentKernel });
    }
    for (let u = 0; u < units; u++) {
      const h = 2 * units + u, z = gate(0, u);
      const c = Math.tanh(given[h] + (resetAfter ? gate(1, u) * kept[h] : resetProduct[h]));
      hidden[now + u] = z * before[u] + (1 - z) * c;
    }
  }
}
