/**
 * Averages one window over time.
 *
 * @param input [time, channels].
 * @param output [channels], written.
 */
export function globalAveragePooling1d(input: Float64Array, output: Float64Array): void {
  const channels = output.length, steps = input.length / channels;
  output.fill(0);
  for (let t = 0; t < steps; t++) {
    for (let c = 0; c < channels; c++) output[c] += input[t * channels + c];
  }
  for (let c = 0; c < channels; c++) output[c] /= steps;
}
