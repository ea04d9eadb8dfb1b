import { StageError } from "../../core/errors.ts";
import type { GRULayer } from "../../nn/model.ts";
import { transposeColumns } from "../matrix.ts";
import {
  binary,
  concatenate,
  firstColumns,
  fullyConnected,
  reshape,
  shapeOf,
  split,
  transpose,
  unary,
  type WeightTensors,
} from "../operations.ts";
import type { RecurrentContext } from "./context.ts";

/** Operators have at most this many inputs and outputs here (see `OPERATOR_RULES`). */
const MAX_STEPS = 1024;

/** @throws StageError More steps than a GRU can be written out for. */
export function checkGruSteps(layer: string, steps: number): void {
  if (steps <= MAX_STEPS) return;
  throw new StageError(
    `Cannot convert layer "${layer}": a GRU is written out step by step, of which there may be ${MAX_STEPS}, got ${steps}`,
    { hint: "an LSTM is one operator for any number of steps" },
  );
}

/**
 * Lowers a GRU that reads forwards, step by step: TFLite has no such operator, and every runtime has those that it
 * is made of, in float and int8.
 *
 * The products of all steps with the kernel are two FULLY_CONNECTED over all rows (update and reset gate; candidate),
 * which SPLIT takes apart. Each step then is
 *   z, r = LOGISTIC(given + U h),  c = TANH(given' + r (U' h + b')) or TANH(given' + U' (r h)),  h = c + z (h - c).
 * The first step, where h = 0, is c - z c. The gates' two biases are one.
 *
 * Tensors of step t are "<layer>/<t>/<what>", its state "<layer>/<t>/hidden", of the last one "<layer>".
 *
 * @throws StageError More than 1024 steps.
 */
export function lowerGru(layer: GRULayer, { graph, sequence, weight }: RecurrentContext): number {
  const { name, units, resetAfter, returnSequences, useBias = true } = layer;
  const [batch, steps, channels] = shapeOf(graph, sequence), columns = 3 * units;
  checkGruSteps(name, steps);
  const kernel = weight("kernel").data, recurrent = weight("recurrent_kernel").data;
  const bias = useBias ? weight("bias").data : new Float32Array((resetAfter ? 2 : 1) * columns);
  const matrix = (part: string, values: Float32Array, rows: number, first: number, count: number) =>
    graph.floatConstant(
      `${name}/${part}`,
      [count, rows],
      transposeColumns(values, { columns, first, count }),
    );
  const vector = (part: string, values: Float32Array) =>
    graph.floatConstant(`${name}/${part}`, [values.length], values);
  const gateBias = bias.slice(0, 2 * units);
  if (resetAfter) gateBias.forEach((value, i) => gateBias[i] = value + bias[columns + i]);
  const candidateBias = resetAfter ? bias.slice(columns + 2 * units) : new Float32Array(units);

  const given = (part: string, weights: WeightTensors) => {
    const products = fullyConnected(graph, rows, { ...weights, name: `${name}/given_${part}` });
    if (steps === 1) return [products];
    return split(graph, products, {
      axis: 0,
      axisName: `${name}/given_${part}_axis`,
      names: Array.from({ length: steps }, (_, t) => `${name}/${t}/given_${part}`),
    });
  };
  const timeFirst = transpose(graph, sequence, { name: `${name}/time_first`, axes: [1, 0, 2] });
  const rows = reshape(graph, timeFirst, { name: `${name}/rows`, shape: [steps * batch, channels] });
  const givenGates = given("gates", {
    kernel: matrix("kernel_zr", kernel, channels, 0, 2 * units),
    bias: vector("bias_zr", gateBias),
  });
  const givenCandidates = given("candidate", {
    kernel: matrix("kernel_h", kernel, channels, 2 * units, units),
    bias: vector("bias_h", bias.slice(2 * units, columns)),
  });
  const gateWeights = {
    kernel: matrix("recurrent_kernel_zr", recurrent, units, 0, 2 * units),
    bias: vector("recurrent_bias_zr", new Float32Array(2 * units)),
  };
  const candidateWeights = {
    kernel: matrix("recurrent_kernel_h", recurrent, units, 2 * units, units),
    bias: vector("recurrent_bias_h", candidateBias),
  };

  const shape = [batch, units], states: number[] = [];
  const combine = (operator: "ADD" | "SUB" | "MUL", inputs: [number, number], output: string, of = shape) =>
    binary(graph, operator, inputs, { name: output, shape: of });
  for (let t = 0; t < steps; t++) {
    const before: number | undefined = states[t - 1], step = (what: string) => `${name}/${t}/${what}`;
    const gateSum = before === undefined ? givenGates[t] : combine(
      "ADD",
      [givenGates[t], fullyConnected(graph, before, { ...gateWeights, name: step("kept_gates") })],
      step("gate_sum"),
      [batch, 2 * units],
    );
    const gates = unary(graph, "LOGISTIC", gateSum, step("gates"));
    // Without bias nothing is there to reset in the first step, and what nothing reads must not be written.
    const isReset = before !== undefined || resetAfter;
    const [update, reset] = isReset
      ? split(graph, gates, { axis: 1, axisName: step("gates_axis"), names: [step("z"), step("r")] })
      : [firstColumns(graph, gates, { name: step("z"), count: units })];
    // What the candidate keeps of the state; of the state 0, the bias.
    const product = (state: number) =>
      fullyConnected(graph, state, { ...candidateWeights, name: step("kept_candidate") });
    const kept = resetAfter
      ? combine(
        "MUL",
        [reset, before === undefined ? candidateWeights.bias : product(before)],
        step("reset_kept"),
      )
      : before === undefined
      ? undefined
      : product(combine("MUL", [reset, before], step("reset_hidden")));
    const candidateSum = kept === undefined
      ? givenCandidates[t]
      : combine("ADD", [givenCandidates[t], kept], step("candidate_sum"));
    const candidate = unary(graph, "TANH", candidateSum, step("candidate"));
    const output = t === steps - 1 && !returnSequences ? name : step("hidden");
    if (before === undefined) {
      states.push(
        combine("SUB", [candidate, combine("MUL", [update, candidate], step("forgotten"))], output),
      );
    } else {
      const change = combine("SUB", [before, candidate], step("change"));
      states.push(combine("ADD", [candidate, combine("MUL", [update, change], step("remembered"))], output));
    }
  }
  if (!returnSequences) return states[steps - 1];
  const all = concatenate(graph, states, { axis: 0, name: `${name}/hidden`, shape: [steps * batch, units] });
  const sequences = reshape(graph, all, { name: `${name}/hidden_steps`, shape: [steps, batch, units] });
  return transpose(graph, sequences, { name, axes: [1, 0, 2] });
}
