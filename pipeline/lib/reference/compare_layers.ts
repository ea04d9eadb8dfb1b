import type { TfliteModel } from "../formats/tflite/graph.ts";
import { windowInputs } from "../formats/tflite/window_inputs.ts";
import { createEvaluator, type EvaluatorOptions } from "./evaluator.ts";
import { affineOf, integerLimits } from "./kernel.ts";
import { quantizeAll } from "./kernels/quantization.ts";
import { createValues, type TensorValues } from "./tensor_values.ts";

/** How well a tensor of a quantized graph stands for the float tensor of its name, over all windows. */
export interface LayerError {
  /** Name of the tensor. */
  tensor: string;
  /** The operator that writes it in the quantized graph; "INPUT" for an input. */
  operator: string;
  /** 10 log10 of the float values' energy by that of the errors, in dB; Infinity where all are the same. */
  sqnrDb: number;
  /** Largest absolute error. */
  maxError: number;
  /** Largest absolute float value, to judge the error by. */
  maxValue: number;
  /** Part of the float values that lie outside what the integers can stand for, [0, 1]. */
  saturated: number;
}

/** The integers of a float tensor "x" are "x_int8" where a graph has float inputs and outputs. */
const INTEGER_SUFFIX = /_int8$/;

/**
 * Runs windows through a float graph and a quantized one side by side and measures each tensor's error, so that a
 * collapse is seen where it happens. The errors include what earlier operators passed on.
 *
 * Memory holds one window at a time. An LSTM's cell state is compared step by step.
 *
 * @param windows `count` windows, one behind the other, each as `windowInputs` takes them.
 * @param options.build Integer arithmetic of the quantized graph.
 * @returns A row for each tensor whose name both graphs have, in the order of the quantized graph's execution.
 * @throws RangeError Windows of another length, or a graph that the evaluator cannot run.
 */
export function compareLayers(
  floatGraph: TfliteModel,
  quantizedGraph: TfliteModel,
  windows: Float32Array,
  { count, ...options }: { count: number } & EvaluatorOptions,
): LayerError[] {
  const float = createEvaluator(floatGraph), quantized = createEvaluator(quantizedGraph, options);
  const reals = createRecorder(), rows = new Map<number, ErrorSums>();
  const writers = writersOf(quantizedGraph), size = windows.length / count;
  const compare = (tensor: number, values: TensorValues) => {
    let row = rows.get(tensor);
    if (row === undefined) {
      row = createSums(quantizedGraph, tensor, writers.get(tensor) ?? "INPUT");
      rows.set(tensor, row);
    }
    const { name } = quantizedGraph.tensors[tensor];
    const expected = reals.at(name, row.seen) ?? reals.at(name.replace(INTEGER_SUFFIX, ""), row.seen);
    if (expected !== undefined) row.add(values, expected);
  };

  for (let window = 0; window < count; window++) {
    const values = windowInputs(floatGraph, windows.subarray(window * size, (window + 1) * size));
    reals.restart();
    for (const row of rows.values()) row.seen = 0;
    floatGraph.inputs.forEach((tensor, i) => reals.record(floatGraph.tensors[tensor].name, values[i]));
    float.run(values, (tensor, seen) => {
      if (seen instanceof Float32Array) reals.record(floatGraph.tensors[tensor].name, seen);
    });
    const inputs = quantizedGraph.inputs.map((tensor, i) => asInput(quantizedGraph, tensor, values[i]));
    quantizedGraph.inputs.forEach((tensor, i) => compare(tensor, inputs[i]));
    quantized.run(inputs, compare);
  }
  return [...rows.values()].filter(({ total }) => total > 0).map((row) => row.result());
}

/** Keeps what a run showed of each tensor, in arrays that the next window's values replace. */
function createRecorder() {
  const kept = new Map<string, { arrays: Float32Array[]; recorded: number }>();
  return {
    restart() {
      for (const entry of kept.values()) entry.recorded = 0;
    },
    record(name: string, values: Float32Array) {
      let entry = kept.get(name);
      if (entry === undefined) kept.set(name, entry = { arrays: [], recorded: 0 });
      const array = entry.arrays[entry.recorded] ??= new Float32Array(values.length);
      array.set(values);
      entry.recorded++;
    },
    /** @returns What was recorded under a name at a turn, from 0; undefined where nothing was. */
    at(name: string, turn: number): Float32Array | undefined {
      const entry = kept.get(name);
      return entry !== undefined && turn < entry.recorded ? entry.arrays[turn] : undefined;
    },
  };
}

interface ErrorSums {
  /** How often the tensor was compared in this window. */
  seen: number;
  /** Values compared in all windows. */
  total: number;
  add(values: TensorValues, expected: Float32Array): void;
  result(): LayerError;
}

function createSums(model: TfliteModel, tensor: number, operator: string): ErrorSums {
  const operand = { ...model.tensors[tensor], values: new Float32Array(0), isConstant: false };
  const isReal = operand.type === "FLOAT32";
  const { scale, zeroPoint } = isReal ? { scale: 1, zeroPoint: 0 } : affineOf(operand);
  // Values up to half a step beyond the last integer are no worse off than others.
  const [low, high] = (isReal ? [-Infinity, Infinity] : integerLimits(operand))
    .map((integer) => scale * (integer - zeroPoint + Math.sign(integer) / 2));
  let energy = 0, errorEnergy = 0, maxError = 0, maxValue = 0, saturated = 0;
  return {
    seen: 0,
    total: 0,
    add(values, expected) {
      if (values.length !== expected.length) {
        throw new RangeError(
          `Cannot compare tensor "${operand.name}": it must hold ${expected.length} values, got ${values.length}`,
        );
      }
      for (let i = 0; i < values.length; i++) {
        const real = expected[i], error = Math.abs(scale * (Number(values[i]) - zeroPoint) - real);
        energy += real * real;
        errorEnergy += error * error;
        if (error > maxError) maxError = error;
        if (Math.abs(real) > maxValue) maxValue = Math.abs(real);
        if (real < low || real > high) saturated++;
      }
      this.seen++;
      this.total += values.length;
    },
    result() {
      return {
        tensor: operand.name,
        operator,
        sqnrDb: errorEnergy === 0 ? Infinity : 10 * Math.log10(energy / errorEnergy),
        maxError,
        maxValue,
        saturated: saturated / this.total,
      };
    },
  };
}

/** @returns For each tensor the name of the operator that writes it or keeps it as a state. */
function writersOf({ tensors, operators }: TfliteModel): Map<number, string> {
  return new Map(operators.flatMap(({ operator, inputs, outputs }) => {
    const states = inputs.filter((tensor) => tensors[tensor]?.isVariable);
    return [...outputs, ...states].map((tensor): [number, string] => [tensor, operator]);
  }));
}

/** @returns Values for an input of the quantized graph, in integers if that is its type. */
function asInput(model: TfliteModel, tensor: number, reals: Float32Array): TensorValues {
  const operand = {
    ...model.tensors[tensor],
    values: createValues(model.tensors[tensor]),
    isConstant: false,
  };
  if (operand.values instanceof Float32Array) return reals;
  const limits = integerLimits(operand), integers = operand.values as Int8Array;
  quantizeAll(reals, integers, { ...affineOf(operand), limits });
  return integers;
}
