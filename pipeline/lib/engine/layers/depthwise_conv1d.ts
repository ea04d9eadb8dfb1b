import { conv1dExtent } from "../../nn/layers/conv1d.ts";
import type { DepthwiseSizes } from "../../nn/layers/depthwise_conv1d.ts";
import type { DepthwiseConv1DLayer, SeparableConv1DLayer } from "../../nn/model.ts";
import { BLOCK_SAMPLES, type DepthwiseOperands, ROW_BYTES } from "../kernels/kernels.ts";
import { compileActivation, withActivation } from "./activation.ts";
import { type BlockContext, type BlockOp, type BlockTensor, roundUp } from "./block.ts";
import { compileActivated } from "./conv1d.ts";
import { compileRounded } from "./fake_quantize.ts";

/** Compiles a convolution of each channel by itself. */
export function compileDepthwiseConv1D(layer: DepthwiseConv1DLayer, context: BlockContext): BlockOp {
  const op = compileRounded(
    context.rounding("preactivation"),
    context,
    (context) => compileDepthwise(layer, context),
  );
  return withActivation(op, compileActivation(layer, context));
}

/** Compiles a convolution of each channel by itself and one of window 1 behind it. */
export function compileSeparableConv1D(layer: SeparableConv1DLayer, context: BlockContext): BlockOp {
  const { steps } = context.output, channels = context.inputs[0].channels * layer.depthMultiplier;
  const floats = steps * channels * BLOCK_SAMPLES;
  const hidden: BlockTensor = {
    steps,
    channels,
    address: context.allocate(floats),
    gradient: context.allocate(floats),
  };
  const depthwise = compileRounded(
    context.rounding("depthwise"),
    { ...context, output: hidden },
    (context) => compileDepthwise({ ...layer, useBias: false }, context),
  );
  const pointwise = compileActivated(layer, {
    filters: layer.filters,
    kernelSize: 1,
    strides: 1,
    padLeft: 0,
    useBias: layer.useBias,
    kernelName: "pointwise_kernel",
  }, { ...context, inputs: [hidden] });
  return {
    forward(machine, pass) {
      depthwise.forward(machine, pass);
      pointwise.forward(machine, pass);
    },
    backward(machine, gradients, pass) {
      machine.kernels.zero(hidden.gradient, 4 * floats);
      pointwise.backward(machine, gradients, pass);
      depthwise.backward(machine, gradients, pass);
    },
  };
}

function compileDepthwise(layer: DepthwiseSizes & { useBias: boolean }, context: BlockContext): BlockOp {
  const { inputs: [input], output, parameters } = context, { channels } = input;
  const { kernelSize, depthMultiplier, useBias } = layer;
  const padded = roundUp(kernelSize * channels, 4);
  const kernel = context.reserve(depthMultiplier * padded);
  context.place({ name: "depthwise_kernel", offset: kernel, columnStride: padded });
  const bias = useBias ? context.reserve(channels * depthMultiplier) : undefined;
  if (bias !== undefined) context.place({ name: "bias", offset: bias, columnStride: 1 });
  const biasIn = (base: number) => bias === undefined ? 0 : base + 4 * bias;
  const margin = conv1dExtent(layer, input.steps).padLeft * channels * ROW_BYTES;
  const operands: DepthwiseOperands = [
    output.steps,
    layer.strides * channels,
    kernelSize,
    layer.dilation * channels,
    channels,
    depthMultiplier,
    input.address - margin,
    parameters + 4 * kernel,
    padded,
  ];
  return {
    forward({ kernels }) {
      kernels.depthwiseForward(...operands, biasIn(parameters), output.address);
    },
    backward({ kernels }, gradients) {
      kernels.depthwiseBackward(
        ...operands,
        output.gradient,
        input.gradient === 0 ? 0 : input.gradient - margin,
        gradients + 4 * kernel,
        biasIn(gradients),
      );
    },
  };
}
