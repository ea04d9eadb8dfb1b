import { roundToInt8 } from "../dynamic_range.ts";
import { affineOf, floatValues, int8Values, type Operand, type Run } from "../kernel.ts";
import { sigmoid } from "./elementwise.ts";
import { GATES, interleaveGates, type LstmPlan } from "./lstm_plan.ts";

const GATE_COUNT = GATES.length;

/**
 * The float32 LSTM; sums are kept in float64, states in float32. Where its weights are int8, what a step reads is
 * rounded to int8 first, input and hidden state by themselves.
 *
 * Source: LstmStepFloat and LstmStepHybrid in tensorflow/lite/kernels/lstm_eval.cc of TensorFlow 2.9.
 */
export function planFloatLstm(plan: LstmPlan): Run {
  const { batch, steps, channels, units, cellWritten } = plan;
  const input = floatValues(plan.input), output = floatValues(plan.output);
  const hidden = floatValues(plan.hidden), cell = floatValues(plan.cell);
  const clip = plan.cellClip > 0 ? plan.cellClip : Infinity;
  const columns = channels + units;
  const weights = joinWeights(plan), bias = interleaveGates(plan.biases.map(floatValues));
  // What a step reads: the input's channels, then the hidden states.
  const read = new Float64Array(columns), { isHybrid, isAsymmetric } = plan;

  const step = (at: number, state: number) => {
    for (let c = 0; c < channels; c++) read[c] = input[at * channels + c];
    for (let u = 0; u < units; u++) read[channels + u] = hidden[state + u];
    if (isHybrid) {
      roundToInt8(read, read, { from: 0, to: channels, isAsymmetric });
      roundToInt8(read, read, { from: channels, to: columns, isAsymmetric });
    }
    for (let unit = 0, w = 0; unit < units; unit++) {
      const gate = unit * GATE_COUNT;
      let toInput = bias[gate], toForget = bias[gate + 1], toCell = bias[gate + 2], toOutput = bias[gate + 3];
      for (let i = 0; i < columns; i++, w += GATE_COUNT) {
        const value = read[i];
        toInput += value * weights[w];
        toForget += value * weights[w + 1];
        toCell += value * weights[w + 2];
        toOutput += value * weights[w + 3];
      }
      const sum = sigmoid(toForget) * cell[state + unit] + sigmoid(toInput) * Math.tanh(toCell);
      const kept = Math.min(Math.max(sum, -clip), clip);
      cell[state + unit] = kept;
      hidden[state + unit] = sigmoid(toOutput) * Math.tanh(kept);
    }
    for (let u = 0; u < units; u++) output[at * units + u] = hidden[state + u];
  };

  return () => {
    for (let t = 0; t < steps; t++) {
      for (let window = 0; window < batch; window++) step(window * steps + t, window * units);
      cellWritten();
    }
  };
}

/** @returns [units, channels + units, gates]: all that one unit reads lies side by side. */
function joinWeights({ weights, recurrent, channels, units }: LstmPlan): Float64Array {
  const rows = weights.map((operand, gate) => {
    const fromInput = realWeights(operand), fromHidden = realWeights(recurrent[gate]);
    const joined = new Float64Array(units * (channels + units));
    for (let unit = 0; unit < units; unit++) {
      const at = unit * (channels + units);
      joined.set(fromInput.subarray(unit * channels, (unit + 1) * channels), at);
      joined.set(fromHidden.subarray(unit * units, (unit + 1) * units), at + channels);
    }
    return joined;
  });
  return interleaveGates(rows);
}

/** @returns FLOAT32 weights, or what INT8 ones stand for. */
function realWeights(operand: Operand): Float32Array | Float64Array {
  if (operand.type === "FLOAT32") return floatValues(operand);
  const { scale } = affineOf(operand);
  return Float64Array.from(int8Values(operand), (value) => value * scale);
}
