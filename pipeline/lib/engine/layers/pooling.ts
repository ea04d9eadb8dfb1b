import { pooling1dExtent } from "../../nn/layers/pooling.ts";
import type { AveragePooling1DLayer, MaxPooling1DLayer } from "../../nn/model.ts";
import type { BlockContext, BlockOp } from "./block.ts";

/** Windows over time as the kernels want them. */
interface Windows {
  size: number;
  strides: number;
  padLeft: number;
}

/** Compiles the largest value of each window. */
export function compileMaxPooling(layer: MaxPooling1DLayer, context: BlockContext): BlockOp {
  return compileMax(windowsOf(layer, context), context);
}

/** Compiles the mean of each window. */
export function compileAveragePooling(layer: AveragePooling1DLayer, context: BlockContext): BlockOp {
  return compileAverage(windowsOf(layer, context), context);
}

/** Compiles the largest value over time. */
export function compileGlobalMax(context: BlockContext): BlockOp {
  return compileMax(wholeInput(context), context);
}

/** Compiles the mean over time. */
export function compileGlobalAverage(context: BlockContext): BlockOp {
  return compileAverage(wholeInput(context), context);
}

function windowsOf(
  layer: MaxPooling1DLayer | AveragePooling1DLayer,
  { inputs: [input] }: BlockContext,
): Windows {
  const { padLeft } = pooling1dExtent(layer, input.steps);
  return { size: layer.poolSize, strides: layer.strides, padLeft };
}

function wholeInput({ inputs: [{ steps }] }: BlockContext): Windows {
  return { size: steps, strides: steps, padLeft: 0 };
}

/** The gradient goes to the first of a window's largest values, as in TensorFlow. */
function compileMax(
  { size, strides, padLeft }: Windows,
  { inputs: [input], output }: BlockContext,
): BlockOp {
  const { steps, channels } = input;
  return {
    forward({ kernels }) {
      kernels.maxPoolForward(
        output.steps,
        steps,
        channels,
        size,
        strides,
        padLeft,
        input.address,
        output.address,
      );
    },
    backward({ kernels }) {
      if (input.gradient === 0) return;
      kernels.maxPoolBackward(
        output.steps,
        steps,
        channels,
        size,
        strides,
        padLeft,
        input.address,
        output.address,
        output.gradient,
        input.gradient,
      );
    },
  };
}

function compileAverage(
  { size, strides, padLeft }: Windows,
  { inputs: [input], output }: BlockContext,
): BlockOp {
  const { steps, channels } = input;
  return {
    forward({ kernels }) {
      kernels.averagePoolForward(
        output.steps,
        steps,
        channels,
        size,
        strides,
        padLeft,
        input.address,
        output.address,
      );
    },
    backward({ kernels }) {
      if (input.gradient === 0) return;
      kernels.averagePoolBackward(
        output.steps,
        steps,
        channels,
        size,
        strides,
        padLeft,
        output.gradient,
        input.gradient,
      );
    },
  };
}
