import { elementCount } from "../../formats/tflite/graph.ts";
import { quantizeMultiplier, roundHalfAway } from "../fixed_point.ts";
import {
  affineOf,
  constantIntegers,
  floatValues,
  inputAt,
  int8Values,
  type Kernel,
  type KernelContext,
  normalAxes,
  option,
  type Run,
  stridesOf,
} from "../kernel.ts";
import { divideRounding } from "./pooling.ts";

/** Finishes one output value. @param sum Of the input values that it stands for. */
type Finish = (sum: number) => number;

const isInt8 = (context: KernelContext) => inputAt(context, 0).type === "INT8";

/**
 * MEAN, SUM and REDUCE_MAX over any axes.
 *
 * Source: tensorflow/lite/kernels/reduce.cc and internal/reference/reduce.h of TensorFlow 2.9. Deviation: float
 * sums are kept in float64.
 */
export const REDUCTION_KERNELS: Readonly<Record<string, Kernel>> = {
  MEAN: (context) => planSum(context, isInt8(context) ? int8Mean(context) : floatMean(context)),
  SUM: (context) => planSum(context, isInt8(context) ? int8Sum(context) : (sum) => sum),
  REDUCE_MAX: planMax,
};

function planSum(context: KernelContext, finish: Finish): Run {
  const input = inputAt(context, 0), [output] = context.outputs;
  const from = isInt8(context) ? int8Values(input) : floatValues(input);
  const to = isInt8(context) ? int8Values(output) : floatValues(output);
  const targets = reductionTargets(context), sums = new Float64Array(to.length);
  return () => {
    sums.fill(0);
    for (let i = 0; i < from.length; i++) sums[targets[i]] += from[i];
    for (let i = 0; i < sums.length; i++) to[i] = finish(sums[i]);
  };
}

function floatMean(context: KernelContext): Finish {
  const count = reducedCount(context);
  return (sum) => sum / count;
}

/**
 * Three forms, as the kernel has them: height and width of images that stay images in integers; scales that
 * differ in float32; one scale by a division towards zero, which loses up to a step.
 */
function int8Mean(context: KernelContext): Finish {
  const from = affineOf(inputAt(context, 0)), to = affineOf(context.outputs[0]);
  const count = reducedCount(context), { rescale } = context.rescaling;
  const clamp = (value: number) => Math.min(Math.max(value + to.zeroPoint, -128), 127);
  if (reducesImages(context)) {
    const factor = quantizeMultiplier(from.scale / to.scale);
    return (sum) => clamp(divideRounding(rescale(sum - count * from.zeroPoint, factor), count));
  }
  if (from.scale === to.scale && from.zeroPoint === to.zeroPoint) return (sum) => Math.trunc(sum / count);
  const scale = Math.fround(from.scale / to.scale), bias = Math.fround(-from.zeroPoint * scale);
  return (sum) => {
    const scaled = Math.fround(Math.fround(sum / count) * scale);
    return clamp(roundHalfAway(Math.fround(scaled + bias)));
  };
}

/** In float32; the kernel does not clamp: sums that do not fit into int8 wrap around. */
function int8Sum(context: KernelContext): Finish {
  const from = affineOf(inputAt(context, 0)), to = affineOf(context.outputs[0]);
  if (from.scale === to.scale && from.zeroPoint === to.zeroPoint) return (sum) => sum;
  const scale = Math.fround(from.scale / to.scale);
  const bias = Math.fround(Math.fround(-from.zeroPoint * scale) * reducedCount(context));
  return (sum) => roundHalfAway(Math.fround(Math.fround(sum * scale) + bias)) + to.zeroPoint;
}

function planMax(context: KernelContext): Run {
  const input = inputAt(context, 0), [output] = context.outputs;
  const from = isInt8(context) ? int8Values(input) : floatValues(input);
  const to = isInt8(context) ? int8Values(output) : floatValues(output);
  const least = isInt8(context) ? -128 : -Infinity, targets = reductionTargets(context);
  return () => {
    to.fill(least);
    for (let i = 0; i < from.length; i++) if (from[i] > to[targets[i]]) to[targets[i]] = from[i];
  };
}

/** @returns Whether axes 1 and 2 of 4 are reduced and kept. */
function reducesImages(context: KernelContext): boolean {
  const axes = constantIntegers(inputAt(context, 1));
  return inputAt(context, 0).shape.length === 4 && option(context, "keepDims") !== 0 &&
    (axes.join() === "1,2" || axes.join() === "2,1");
}

/** @returns How many input values become one output value. */
function reducedCount(context: KernelContext): number {
  return elementCount(inputAt(context, 0).shape) / elementCount(context.outputs[0].shape);
}

/** @returns For each value of the input the index of the output value that it belongs to. */
function reductionTargets(context: KernelContext): Int32Array {
  const { shape } = inputAt(context, 0);
  const axes = normalAxes(constantIntegers(inputAt(context, 1)), shape.length);
  const kept = shape.map((size, axis) => axes.includes(axis) ? 1 : size);
  const inStrides = stridesOf(shape);
  const outStrides = stridesOf(kept).map((stride, axis) => axes.includes(axis) ? 0 : stride);
  return Int32Array.from({ length: elementCount(shape) }, (_, i) => {
    let target = 0;
    for (let axis = 0; axis < shape.length; axis++) {
      target += Math.floor(i / inStrides[axis]) % shape[axis] * outStrides[axis];
    }
    return target;
  });
}
