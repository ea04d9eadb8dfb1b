/** What `dense` computes on; all arrays row-major. */
export interface DenseBuffers {
  /** [inFeatures]. */
  input: Float64Array;
  /** [inFeatures, units]. */
  kernel: Float32Array;
  /** [units]. */
  bias: Float32Array;
  /** [units], written. */
  output: Float64Array;
}

/** Computes a fully connected layer for one window, before its activation. */
export function dense({ input, kernel, bias, output }: DenseBuffers): void {
  const units = output.length;
  output.set(bias);
  for (let i = 0; i < input.length; i++) {
    const x = input[i], row = i * units;
    for (let u = 0; u < units; u++) output[u] += x * kernel[row + u];
  }
}
