import { sigmoid } from "./activations.ts";

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
