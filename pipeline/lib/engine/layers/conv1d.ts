import { conv1dExtent } from "../../nn/layers/conv1d.ts";
import type { Conv1DLayer, DenseLayer } from "../../nn/model.ts";
import { ROW_BYTES } from "../kernels/kernels.ts";
import { compileActivation, withActivation } from "./activation.ts";
import { type BlockContext, type BlockOp, roundUp } from "./block.ts";

/** How a window slides over the input. A dense layer is one window of one step. */
interface ConvolutionSizes {
  filters: number;
  kernelSize: number;
  strides: number;
  /** Zero steps before the input's first. */
  padLeft: number;
  relu: boolean;
}

/** Compiles a convolution over time. */
export function compileConv1D(layer: Conv1DLayer, context: BlockContext): BlockOp {
  const { filters, kernelSize, strides } = layer, { padLeft } = conv1dExtent(layer, context.inputs[0].steps);
  return compileActivated(layer, { filters, kernelSize, strides, padLeft }, context);
}

/** Compiles a dense layer. */
export function compileDense(layer: DenseLayer, context: BlockContext): BlockOp {
  return compileActivated(layer, { filters: layer.units, kernelSize: 1, strides: 1, padLeft: 0 }, context);
}

/** ReLU is part of the convolution's kernel, other activations come behind it. */
function compileActivated(
  layer: Conv1DLayer | DenseLayer,
  sizes: Omit<ConvolutionSizes, "relu">,
  context: BlockContext,
): BlockOp {
  const relu = layer.activation === "relu", op = compileConvolution({ ...sizes, relu }, context);
  return relu ? op : withActivation(op, compileActivation(layer, context));
}

function compileConvolution(sizes: ConvolutionSizes, context: BlockContext): BlockOp {
  const { filters, kernelSize, strides, padLeft, relu } = sizes;
  const { inputs: [input], output, parameters } = context;
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
