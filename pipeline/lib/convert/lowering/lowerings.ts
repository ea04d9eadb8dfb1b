import type { Layer } from "../../nn/model.ts";
import { lowerActivation, lowerLeakyReLU, lowerReLU, lowerSoftmax } from "./activation.ts";
import { lowerBatchNormalization } from "./batch_normalization.ts";
import { lowerBidirectional } from "./bidirectional.ts";
import type { Lowering } from "./context.ts";
import { lowerConv1D, lowerDepthwiseConv1D, lowerSeparableConv1D } from "./convolutions.ts";
import { lowerConv2D, lowerDepthwiseConv2D, lowerSeparableConv2D } from "./convolutions2d.ts";
import { lowerDense } from "./dense.ts";
import { lowerAdd, lowerConcatenate, lowerMultiply } from "./merge.ts";
import {
  lowerAveragePooling1D,
  lowerGlobalAveragePooling1D,
  lowerGlobalMaxPooling1D,
  lowerMaxPooling1D,
} from "./pooling.ts";
import {
  lowerAveragePooling2D,
  lowerGlobalAveragePooling2D,
  lowerGlobalMaxPooling2D,
  lowerMaxPooling2D,
} from "./pooling2d.ts";
import { lowerRecurrent } from "./recurrent.ts";
import { lowerReshape } from "./reshape.ts";
import { lowerZeroPadding1D, lowerZeroPadding2D } from "./zero_padding.ts";

/** How each kind of layer becomes operators; a new kind is one function and one line here. */
const LOWERINGS: { [Kind in Layer["kind"]]?: Lowering<Extract<Layer, { kind: Kind }>> } = {
  InputLayer: ({ name }, { graph, batch, outputShape }) => {
    const input = graph.activation(name, [batch, ...outputShape]);
    graph.model.inputs.push(input);
    return input;
  },
  Conv1D: lowerConv1D,
  DepthwiseConv1D: lowerDepthwiseConv1D,
  SeparableConv1D: lowerSeparableConv1D,
  BatchNormalization: lowerBatchNormalization,
  LSTM: lowerRecurrent,
  GRU: lowerRecurrent,
  Bidirectional: lowerBidirectional,
  MaxPooling1D: lowerMaxPooling1D,
  AveragePooling1D: lowerAveragePooling1D,
  GlobalMaxPooling1D: lowerGlobalMaxPooling1D,
  GlobalAveragePooling1D: lowerGlobalAveragePooling1D,
  Dense: lowerDense,
  Activation: lowerActivation,
  ReLU: lowerReLU,
  // Nothing is dropped in inference.
  Dropout: (_, { inputs: [input] }) => input,
  Flatten: lowerReshape,
  Reshape: lowerReshape,
  Concatenate: lowerConcatenate,
  Add: lowerAdd,
  Multiply: lowerMultiply,
  Softmax: lowerSoftmax,
  LeakyReLU: lowerLeakyReLU,
  ZeroPadding1D: lowerZeroPadding1D,
  ZeroPadding2D: lowerZeroPadding2D,
  Conv2D: lowerConv2D,
  DepthwiseConv2D: lowerDepthwiseConv2D,
  SeparableConv2D: lowerSeparableConv2D,
  MaxPooling2D: lowerMaxPooling2D,
  AveragePooling2D: lowerAveragePooling2D,
  GlobalMaxPooling2D: lowerGlobalMaxPooling2D,
  GlobalAveragePooling2D: lowerGlobalAveragePooling2D,
};

/** @returns How a layer becomes operators; undefined when its kind has no form in TFLite. */
export const loweringOf = (layer: Layer): Lowering<Layer> | undefined =>
  LOWERINGS[layer.kind] as Lowering<Layer> | undefined;
