import { int32Elements } from "../formats/tflite/graph.ts";
import type { Evaluation } from "./integer_evaluation.ts";

/** Gate preactivations are Q3.12, gates Q0.15. */
const GATE_ONE = 2 ** 12, UNIT_ONE = 2 ** 15;
/** Position of the gate whose activation is tanh. */
const CELL_GATE = 2;

/**
 * Computes the int8 LSTM: int32 accumulators, int16 gates and cells, int8 hidden states with zero point 0.
 *
 * Source: LstmStepInteger8x8_16 in tensorflow/lite/kernels/lstm_eval.cc of TensorFlow 2.9.
 */
export function lstmReference({ operator, input, output, constants }: Evaluation): void {
  const { inputs } = operator;
  const [, steps, units] = output.shape, channels = input.shape[2];
  const cellScale = constants[inputs[19]].quantization!.scale[0];
  const gates = [0, 1, 2, 3].map((gate) => {
    const weights = constants[inputs[1 + gate]], recurrent = constants[inputs[5 + gate]];
    return {
      weights: new Int8Array(weights.data!),
      recurrent: new Int8Array(recurrent.data!),
      bias: int32Elements(constants[inputs[12 + gate]].data!),
      inputScale: weights.quantization!.scale[0] * input.scale * GATE_ONE,
      hiddenScale: recurrent.quantization!.scale[0] * output.scale * GATE_ONE,
      values: new Int16Array(units),
    };
  });
  const hidden = new Int8Array(units), cell = new Int16Array(units);
  for (let t = 0; t < steps; t++) {
    for (const [index, gate] of gates.entries()) {
      for (let unit = 0; unit < units; unit++) {
        let fromInput = gate.bias[unit], fromHidden = 0;
        for (let c = 0; c < channels; c++) {
          fromInput += (input.values[t * channels + c] - input.zeroPoint) * gate.weights[unit * channels + c];
        }
        for (let u = 0; u < units; u++) fromHidden += hidden[u] * gate.recurrent[unit * units + u];
        const sum = toInt16(toInt16(fromInput * gate.inputScale) + Math.round(fromHidden * gate.hiddenScale));
        const real = sum / GATE_ONE;
        const activated = index === CELL_GATE ? Math.tanh(real) : 1 / (1 + Math.exp(-real));
        gate.values[unit] = toInt16(activated * UNIT_ONE);
      }
    }
    const [i, f, g, o] = gates.map(({ values }) => values);
    for (let unit = 0; unit < units; unit++) {
      const kept = toInt16(f[unit] * cell[unit] / UNIT_ONE);
      const added = toInt16(i[unit] * g[unit] / (UNIT_ONE * UNIT_ONE * cellScale));
      cell[unit] = toInt16(kept + added);
      const activated = toInt16(Math.tanh(cell[unit] * cellScale) * UNIT_ONE);
      const value = Math.round(o[unit] * activated / (UNIT_ONE * UNIT_ONE * output.scale));
      hidden[unit] = Math.min(Math.max(value, -128), 127);
    }
    output.values.set(hidden, t * units);
  }
}

function toInt16(value: number): number {
  return Math.min(Math.max(Math.round(value), -32768), 32767);
}
