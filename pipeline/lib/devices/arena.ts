import {
  elementCount,
  tensorByteSize,
  type TfliteModel,
  type TfliteOperator,
  type TfliteTensor,
} from "../formats/tflite/graph.ts";
import { planMemory, type PlannedBuffer } from "./memory_planner.ts";
import { tfliteMicroTarget } from "./targets/tflite_micro.ts";

/** Tensors and scratch buffers begin at multiples of this. */
const ARENA_ALIGNMENT = 16;

/** Memory that tflite-micro takes out of the arena it is given, in bytes. */
export interface ArenaEstimate {
  /** Activations and scratch buffers, which share memory by their lifetimes: as the planner places them, exact. */
  planned: number;
  /** States that live from one invocation to the next: exact. */
  variables: number;
  /** Structures of the interpreter and its kernels on a processor with 64-bit pointers: an estimate from above. */
  structures: number;
  total: number;
}

// Structures of tflite-micro on a 64-bit processor, in bytes: what its recording allocator said of real models, rounded up.
const INTERPRETER_BYTES = 512;
const TENSOR_BYTES = 24;
const INPUT_OR_OUTPUT_BYTES = 72;
const QUANTIZED_BYTES = 32;
const OPERATOR_BYTES = 64 + 32;
/** What a kernel keeps of its operator. */
const KERNEL_BYTES: Readonly<Record<string, number>> = {
  ADD: 72,
  AVERAGE_POOL_2D: 40,
  CONV_2D: 96,
  DEPTHWISE_CONV_2D: 96,
  DEQUANTIZE: 40,
  EXPAND_DIMS: 0,
  FULLY_CONNECTED: 80,
  LOGISTIC: 24,
  MAX_POOL_2D: 40,
  MEAN: 56,
  MUL: 56,
  PAD: 64,
  QUANTIZE: 40,
  RELU: 40,
  RELU6: 16,
  RESHAPE: 0,
  REVERSE_V2: 0,
  SOFTMAX: 80,
  SPLIT: 24,
  SQUEEZE: 16,
  SUB: 72,
  SUM: 56,
  TANH: 24,
  TRANSPOSE: 0,
  UNIDIRECTIONAL_SEQUENCE_LSTM: 704,
};
const OTHER_KERNEL_BYTES = 96;
/** Multiplier and shift of one output channel. */
const CHANNEL_BYTES = 8;

/**
 * Estimates the tensor arena that tflite-micro's reference kernels need. Optimized kernels (CMSIS-NN, Xtensa) take more
 * scratch memory; a 32-bit processor needs less for structures.
 *
 * Source: tflite-micro, tensorflow/lite/micro/micro_allocation_info.cc for the lifetimes, kernels/lstm_eval and
 * kernels/reduce_common.cc for scratch buffers; the structures were measured by `tasks/parity/devices_golden.py`.
 */
export function estimateArena(model: TfliteModel): ArenaEstimate {
  const { bytes: planned } = planMemory([...activationBuffers(model), ...scratchBuffers(model)]);
  const variables = model.tensors.reduce(
    (sum, tensor) => sum + (tensor.isVariable ? aligned(tensorByteSize(tensor)) : 0),
    0,
  );
  const structures = aligned(
    INTERPRETER_BYTES + TENSOR_BYTES * model.tensors.length +
      [...model.inputs, ...model.outputs].reduce((sum, index) => sum + endBytes(model.tensors[index]), 0) +
      model.operators.reduce((sum, operator) => sum + OPERATOR_BYTES + kernelBytes(operator, model), 0),
  );
  return { planned, variables, structures, total: planned + variables + structures };
}

/** @returns What `estimateArena` says; undefined for a model that tflite-micro does not take, and so gives no arena. */
export function arenaInTfliteMicro(model: TfliteModel): ArenaEstimate | undefined {
  return tfliteMicroTarget.check(model).length === 0 ? estimateArena(model) : undefined;
}

/**
 * @returns A size for the arena that leaves room for another processor's structures and kernels: a tenth and 1 KiB more than
 * the estimate, in whole KiB.
 */
export function arenaSizeWithMargin({ total }: ArenaEstimate): number {
  return 1024 * Math.ceil(1.1 * total / 1024 + 1);
}

/** Tensors without data, from the operator that writes them to the last that reads them. */
function activationBuffers({ tensors, operators, inputs, outputs }: TfliteModel): PlannedBuffer[] {
  const lifetimes = new Map<number, { first: number; last: number }>();
  // Operators count from 1: the inputs are there before the first.
  for (const index of [...inputs, ...outputs]) lifetimes.set(index, { first: 0, last: 0 });
  operators.forEach((operator, i) => {
    for (const index of operator.outputs) lifetimes.set(index, { first: i + 1, last: i + 1 });
    for (const index of operator.inputs) {
      const lifetime = lifetimes.get(index);
      if (lifetime !== undefined) lifetime.last = i + 1;
    }
  });
  for (const index of outputs) lifetimes.get(index)!.last = operators.length;
  return [...lifetimes].toSorted(([a], [b]) => a - b).flatMap(([index, lifetime]) => {
    const tensor = tensors[index], bytes = aligned(tensorByteSize(tensor));
    return tensor.data !== undefined || tensor.isVariable || bytes === 0 ? [] : [{ bytes, ...lifetime }];
  });
}

/** What kernels need while they run. */
function scratchBuffers(model: TfliteModel): PlannedBuffer[] {
  return model.operators.flatMap((operator, i) =>
    scratchSizes(operator, model).map((bytes) => ({ bytes: aligned(bytes), first: i + 1, last: i + 1 }))
  );
}

function scratchSizes({ operator, inputs, outputs }: TfliteOperator, { tensors }: TfliteModel): number[] {
  if (operator === "UNIDIRECTIONAL_SEQUENCE_LSTM") {
    // One for each gate, of the cell state's type and shape.
    const cell = tensors[inputs[19]];
    return cell === undefined ? [] : new Array(4).fill(tensorByteSize(cell));
  }
  if (["MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"].includes(operator)) {
    const [input, axes, output] = [inputs[0], inputs[1], outputs[0]].map((index) => tensors[index]);
    if (input === undefined || axes === undefined || output === undefined) return [];
    const isSum = operator === "MEAN" || operator === "SUM";
    const sums = isSum && output.type !== "FLOAT32" ? elementCount(output.shape) : 0;
    return [input.shape.length, elementCount(axes.shape), sums].map((count) => 4 * count);
  }
  return [];
}

const endBytes = ({ quantization }: TfliteTensor): number =>
  INPUT_OR_OUTPUT_BYTES + (quantization === undefined ? 0 : QUANTIZED_BYTES);

function kernelBytes({ operator, inputs }: TfliteOperator, { tensors }: TfliteModel): number {
  const own = KERNEL_BYTES[operator] ?? OTHER_KERNEL_BYTES;
  const channelAxis = { CONV_2D: 0, DEPTHWISE_CONV_2D: 3 }[operator];
  return channelAxis === undefined
    ? own
    : own + CHANNEL_BYTES * (tensors[inputs[1]]?.shape[channelAxis] ?? 0);
}

const aligned = (bytes: number): number => ARENA_ALIGNMENT * Math.ceil(bytes / ARENA_ALIGNMENT);
