import { conv1dExtent } from "../../nn/layers/conv1d.ts";
import type { Activation, Conv1DLayer, DenseLayer } from "../../nn/model.ts";
import { type ConvOperands, ROW_BYTES, samplePanelFloats } from "../kernels/kernels.ts";
import { compileActivation, withActivation } from "./activation.ts";
import { type BlockContext, type BlockOp, roundUp } from "./block.ts";
import { compileRounded } from "./fake_quantize.ts";

/** How a window slides over the input. A dense layer is one window of one step. */
interface ConvolutionSizes {
  filters: number;
  kernelSize: number;
  strides: number;
  /** Zero steps before the input's first. */
  padLeft: number;
  dilation?: number;
  useBias?: boolean;
  /** Default "kernel". */
  kernelName?: string;
  relu: boolean;
}

/** Compiles a convolution over time. */
export function compileConv1D(layer: Conv1DLayer, context: BlockContext): BlockOp {
  const { padLeft } = conv1dExtent(layer, context.inputs[0].steps);
  return compileActivated(layer, { ...layer, padLeft }, context);
}

/** Compiles a dense layer. */
export function compileDense(layer: DenseLayer, context: BlockContext): BlockOp {
  const { units: filters, useBias } = layer;
  return compileActivated(layer, { filters, useBias, kernelSize: 1, strides: 1, padLeft: 0 }, context);
}

/** ReLU is part of the convolution's kernel, other activations come behind it. */
export function compileActivated(
  layer: { kind: string; name: string; activation: Activation },
  sizes: Omit<ConvolutionSizes, "relu">,
  context: BlockContext,
): BlockOp {
  if (layer.activation === "relu") return compileConvolution({ ...sizes, relu: true }, context);
  const op = compileRounded(
    context.rounding("preactivation"),
    context,
    (context) => compileConvolution({ ...sizes, relu: false }, context),
  );
  return withActivation(op, compileActivation(layer, context));
}

/** A window is one slice of the input or, with a dilation, one slice for each of its steps. */
function compileConvolution(sizes: ConvolutionSizes, context: BlockContext): BlockOp {
  const { filters, kernelSize, strides, padLeft, dilation = 1, useBias = true, relu } = sizes;
  const { inputs: [input], output, parameters } = context;
  const slices = dilation > 1 ? kernelSize : 1, columns = kernelSize * input.channels / slices;
  const padded = roundUp(slices * columns, 8);
  const kernel = context.reserve(filters * padded);
  context.place({ name: sizes.kernelName ?? "kernel", offset: kernel, columnStride: padded });
  const bias = useBias ? context.reserve(filters) : undefined;
  if (bias !== undefined) context.place({ name: "bias", offset: bias, columnStride: 1 });
  const packedFloats = slices * roundUp(filters, 8) * roundUp(columns, 8);
  const packedWeights = context.allocate(packedFloats + samplePanelFloats(columns, output.steps));
  const margin = padLeft * input.channels * ROW_BYTES;
  const advance = strides * input.channels, sliceAdvance = dilation * input.channels;
  const biasIn = (base: number) => bias === undefined ? 0 : base + 4 * bias;
  const operands: ConvOperands = [
    output.steps,
    advance,
    slices,
    sliceAdvance,
    columns,
    padded,
    filters,
    input.address - margin,
    parameters + 4 * kernel,
  ];
  return {
    forward({ kernels }) {
      kernels.convForward(...operands, biasIn(parameters), output.address, relu, packedWeights);
    },
    backward({ kernels }, gradients) {
      if (relu) kernels.reluBackward(output.steps * filters, output.address, output.gradient);
      kernels.convBackward(
        ...operands,
        output.gradient,
        input.gradient === 0 ? 0 : input.gradient - margin,
        gradients + 4 * kernel,
        biasIn(gradients),
        packedWeights,
      );
    },
  };
}
