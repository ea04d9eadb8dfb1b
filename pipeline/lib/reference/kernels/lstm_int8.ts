import { type QuantizedMultiplier, quantizeMultiplier, type Rescale, roundHalfAway } from "../fixed_point.ts";
import { fixedLogistic, fixedTanh } from "../fixed_point_functions.ts";
import { affineOf, int32Values, int8Values, type Operand, type Run } from "../kernel.ts";
import { GATES, interleaveGates, type LstmPlan } from "./lstm_plan.ts";

/** Integer bits of the gates' sums (Q3.12). */
const GATE_INTEGER_BITS = 3;
const GATE_COUNT = GATES.length, CELL_GATE = GATES.indexOf("cell");

/**
 * The int8 LSTM: int32 sums, Q3.12 before and Q0.15 after the gates' activations, int16 cells whose scale is a
 * power of two, int8 hidden states.
 *
 * Source: LstmStepInteger8x8_16 in tensorflow/lite/kernels/lstm_eval.cc and PopulateQuantizedLstmParams8x8_16 in
 * unidirectional_sequence_lstm.cc of TensorFlow 2.9. Deviation: a hidden zero point other than 0 is added, as
 * later releases do; 2.9 subtracts it, for which reason `verifyTflite` lets no such file through to it.
 */
export function planInt8Lstm(plan: LstmPlan, rescale: Rescale): Run {
  const { batch, steps, channels, units, cellWritten } = plan;
  const input = int8Values(plan.input), output = int8Values(plan.output);
  const hidden = int8Values(plan.hidden), cell = int16Values(plan.cell);
  const cellBits = cellIntegerBits(plan.cell), clip = integerClip(plan), hiddenFactor = outputFactor(plan);
  const { zeroPoint: hiddenZeroPoint } = affineOf(plan.hidden);
  const gates = GATES.map((_, gate) => planGate(plan, gate));
  // Sums of integers are exact in float64.
  const fromInput = interleaveGates(plan.weights.map(int8Values));
  const fromHidden = interleaveGates(plan.recurrent.map(int8Values));
  const inputBias = interleaveGates(gates.map((gate) => gate.inputBias));
  const hiddenBias = interleaveGates(gates.map((gate) => gate.hiddenBias));
  const gateValues = new Int16Array(GATE_COUNT * units), cellTanh = tanhTable(cellBits);
  const gateValue = (gate: number, inputSum: number, hiddenSum: number) => {
    const { inputFactor, hiddenFactor, activation } = gates[gate];
    const first = saturate(rescale(inputSum | 0, inputFactor));
    return activation[saturate(rescale(hiddenSum | 0, hiddenFactor) + first) & 0xffff];
  };

  const readInput = new Float64Array(channels), readHidden = new Float64Array(units);
  const computeGates = (at: number, state: number) => {
    for (let c = 0; c < channels; c++) readInput[c] = input[at * channels + c];
    for (let u = 0; u < units; u++) readHidden[u] = hidden[state + u];
    for (let unit = 0, w = 0, r = 0; unit < units; unit++) {
      const gate = unit * GATE_COUNT;
      let x0 = inputBias[gate], x1 = inputBias[gate + 1], x2 = inputBias[gate + 2], x3 = inputBias[gate + 3];
      for (let c = 0; c < channels; c++, w += GATE_COUNT) {
        const value = readInput[c];
        x0 += value * fromInput[w];
        x1 += value * fromInput[w + 1];
        x2 += value * fromInput[w + 2];
        x3 += value * fromInput[w + 3];
      }
      let h0 = hiddenBias[gate],
        h1 = hiddenBias[gate + 1],
        h2 = hiddenBias[gate + 2],
        h3 = hiddenBias[gate + 3];
      for (let u = 0; u < units; u++, r += GATE_COUNT) {
        const value = readHidden[u];
        h0 += value * fromHidden[r];
        h1 += value * fromHidden[r + 1];
        h2 += value * fromHidden[r + 2];
        h3 += value * fromHidden[r + 3];
      }
      gateValues[gate] = gateValue(0, x0, h0);
      gateValues[gate + 1] = gateValue(1, x1, h1);
      gateValues[gate + 2] = gateValue(2, x2, h2);
      gateValues[gate + 3] = gateValue(3, x3, h3);
    }
  };
  const step = (at: number, state: number) => {
    computeGates(at, state);
    for (let unit = 0; unit < units; unit++) {
      const gate = unit * GATE_COUNT;
      const toInput = gateValues[gate], toForget = gateValues[gate + 1];
      const toCell = gateValues[gate + 2], toOutput = gateValues[gate + 3];
      const kept = roundHalfAway(toForget * cell[state + unit] / 2 ** 15);
      const added = wrap(roundHalfAway(toInput * toCell / 2 ** (15 + cellBits)));
      const sum = saturate(kept + added);
      cell[state + unit] = clip > 0 ? Math.min(Math.max(sum, -clip), clip) : sum;
      const product = toOutput * cellTanh[cell[state + unit] & 0xffff];
      hidden[state + unit] = Math.min(Math.max(rescale(product, hiddenFactor) + hiddenZeroPoint, -128), 127);
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

interface Gate {
  /** The zero points of what is multiplied are worked into these. */
  inputBias: Int32Array;
  hiddenBias: Int32Array;
  inputFactor: QuantizedMultiplier;
  hiddenFactor: QuantizedMultiplier;
  /** By the bits of the sum. */
  activation: Int16Array;
}

function planGate(plan: LstmPlan, gate: number): Gate {
  const weights = plan.weights[gate], recurrent = plan.recurrent[gate];
  const { scale, zeroPoint } = affineOf(plan.input), hidden = affineOf(plan.hidden);
  const toGate = (operand: Operand, inputScale: number) =>
    quantizeMultiplier(Math.fround(Math.fround(affineOf(operand).scale * inputScale) * 2 ** 12));
  return {
    inputBias: biasWithout(zeroPoint, weights, int32Values(plan.biases[gate])),
    hiddenBias: biasWithout(hidden.zeroPoint, recurrent, new Int32Array(plan.units)),
    inputFactor: toGate(weights, scale),
    hiddenFactor: toGate(recurrent, hidden.scale),
    activation: gate === CELL_GATE ? tanhTable(GATE_INTEGER_BITS) : logisticTable(),
  };
}

/** @returns Biases less what the zero point of the values to multiply adds to each row's sum. */
function biasWithout(zeroPoint: number, weights: Operand, biases: Int32Array): Int32Array {
  const values = int8Values(weights), columns = weights.shape[1];
  return biases.map((bias, row) =>
    values.subarray(row * columns, (row + 1) * columns).reduce((sum, value) => sum - zeroPoint * value, bias)
  );
}

/** From the product of output gate and tanh of the cell, both Q0.15, to the hidden state. */
function outputFactor({ hidden, output }: LstmPlan): QuantizedMultiplier {
  const { scale, zeroPoint } = affineOf(output);
  if (affineOf(hidden).zeroPoint !== zeroPoint || affineOf(hidden).scale !== scale) {
    throw new RangeError("its hidden state and output must have one scale and zero point, got two");
  }
  return quantizeMultiplier(Math.fround(2 ** -30 / scale));
}

/** @returns Of the cell's scale 2^(bits - 15). */
function cellIntegerBits(cell: Operand): number {
  const bits = Math.log2(affineOf(cell).scale) + 15;
  if (Number.isInteger(bits) && bits >= 0 && bits <= 6) return bits;
  throw new RangeError(
    `its cell's scale must be a power of two from 2^-15 to 2^-9, got ${affineOf(cell).scale}`,
  );
}

/** @returns The cell's limit as an integer; 0 for none. */
function integerClip({ cell, cellClip }: LstmPlan): number {
  return Math.trunc(Math.min(Math.max(cellClip / affineOf(cell).scale, -32768), 32767));
}

function int16Values({ name, type, values }: Operand): Int16Array {
  if (values instanceof Int16Array) return values;
  throw new RangeError(`its tensor "${name}" must be INT16, got ${type}`);
}

const tables = new Map<string, Int16Array>();

/** @returns A function's value for each int16, by its bits as an uint16; made once. */
function table(name: string, apply: (raw: number) => number): Int16Array {
  let values = tables.get(name);
  if (values === undefined) {
    values = Int16Array.from({ length: 2 ** 16 }, (_, bits) => apply(wrap(bits)));
    tables.set(name, values);
  }
  return values;
}

const logisticTable = () => table("logistic", fixedLogistic);
const tanhTable = (integerBits: number) => table(`tanh ${integerBits}`, (raw) => fixedTanh(raw, integerBits));

function wrap(value: number): number {
  return value << 16 >> 16;
}

function saturate(value: number): number {
  return value > 32767 ? 32767 : value < -32768 ? -32768 : value;
}
