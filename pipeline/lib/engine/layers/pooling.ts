import { pooling1dExtent } from "../../nn/layers/pooling.ts";
import type { AveragePooling1DLayer, MaxPooling1DLayer } from "../../nn/model.ts";
import type { PoolWindows } from "../kernels/kernels.ts";
import type { BlockContext, BlockOp } from "./block.ts";

/** Compiles the largest value of each window. */
export function compileMaxPooling(layer: MaxPooling1DLayer, context: BlockContext): BlockOp {
  return compileMax(context, windowsOf(layer, context));
}

/** Compiles the mean of each window. */
export function compileAveragePooling(layer: AveragePooling1DLayer, context: BlockContext): BlockOp {
  return compileAverage(context, windowsOf(layer, context));
}

/** Compiles the largest value over time. */
export function compileGlobalMax(context: BlockContext): BlockOp {
  return compileMax(context, wholeInput(context));
}

/** Compiles the mean over time. */
export function compileGlobalAverage(context: BlockContext): BlockOp {
  return compileAverage(context, wholeInput(context));
}

function windowsOf(
  layer: MaxPooling1DLayer | AveragePooling1DLayer,
  { inputs: [{ steps, channels }], output }: BlockContext,
): PoolWindows {
  const { padLeft } = pooling1dExtent(layer, steps);
  return [output.steps, steps, channels, layer.poolSize, layer.strides, padLeft];
}

function wholeInput({ inputs: [{ steps, channels }] }: BlockContext): PoolWindows {
  return [1, steps, channels, steps, steps, 0];
}

/**
 * The gradient goes to the first of a window's largest values, as in TensorFlow's max pooling. Deviation: Keras' global one
 * shares it among them.
 */
function compileMax({ inputs: [input], output }: BlockContext, windows: PoolWindows): BlockOp {
  return {
    forward: ({ kernels }) => kernels.maxPoolForward(...windows, input.address, output.address),
    backward({ kernels }) {
      if (input.gradient === 0) return;
      kernels.maxPoolBackward(
        ...windows,
        input.address,
        output.address,
        output.gradient,
        input.gradient,
      );
    },
  };
}

function compileAverage({ inputs: [input], output }: BlockContext, windows: PoolWindows): BlockOp {
  return {
    forward: ({ kernels }) => kernels.averagePoolForward(...windows, input.address, output.address),
    backward({ kernels }) {
      if (input.gradient === 0) return;
      kernels.averagePoolBackward(...windows, output.gradient, input.gradient);
    },
  };
}
