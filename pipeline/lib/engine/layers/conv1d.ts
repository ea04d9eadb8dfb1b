import { ROW_BYTES } from "../kernels/kernels.ts";
import { type BlockContext, type BlockOp, roundUp } from "./block.ts";

/** How a window slides over the input. A dense layer is one window of one step. */
export interface ConvolutionSizes {
  filters: number;
  kernelSize: number;
  strides: number;
  /** Zero steps before the input's first. */
  padLeft: number;
  relu: boolean;
}

/** Compiles a convolution over time, or a dense layer, with a linear or ReLU activation. */
export function compileConvolution(sizes: ConvolutionSizes, context: BlockContext): BlockOp {
  const { filters, kernelSize, strides, padLeft, relu } = sizes;
  const { input, output, parameters } = context;
  const columns = kernelSize * input.channels, padded = roundUp(columns, 8);
  const kernel = context.reserve(filters * padded), bias = context.reserve(filters);
  context.place({ name: "kernel", offset: kernel, columnStride: padded });
  context.place({ name: "bias", offset: bias, columnStride: 1 });
  const packedWeights = context.allocate(roundUp(filters, 4) * roundUp(columns, 4));
  const margin = padLeft * input.channels * ROW_BYTES;
  const advance = strides * input.channels;
  const kernelAddress = parameters + 4 * kernel, biasAddress = parameters + 4 * bias;
  return {
    forward({ kernels }) {
      kernels.convForward(
        output.steps,
        advance,
        columns,
        padded,
        filters,
        input.address - margin,
        kernelAddress,
        biasAddress,
        output.address,
        relu,
        packedWeights,
      );
    },
    backward({ kernels }, gradients) {
      if (relu) kernels.reluBackward(output.steps * filters, output.address, output.gradient);
      kernels.convBackward(
        output.steps,
        advance,
        columns,
        padded,
        filters,
        input.address - margin,
        kernelAddress,
        output.gradient,
        input.gradient === 0 ? 0 : input.gradient - margin,
        gradients + 4 * kernel,
        gradients + 4 * bias,
        packedWeights,
      );
    },
  };
}
