import type { Layer } from "../model.ts";
import { activationKind, reluKind } from "./activation.ts";
import { batchNormalizationKind } from "./batch_normalization.ts";
import { bidirectionalKind } from "./bidirectional.ts";
import { concatenateKind } from "./concatenate.ts";
import { conv1dKind } from "./conv1d.ts";
import { conv2dKind } from "./conv2d.ts";
import { denseKind } from "./dense.ts";
import { depthwiseConv1dKind } from "./depthwise_conv1d.ts";
import { depthwiseConv2dKind, separableConv2dKind } from "./depthwise_conv2d.ts";
import { dropoutKind } from "./dropout.ts";
import { gruKind } from "./gru.ts";
import { inputKind } from "./input.ts";
import type { LayerKind } from "./layer_kind.ts";
import { leakyReluKind } from "./leaky_relu.ts";
import { lstmKind } from "./lstm.ts";
import { addKind, multiplyKind } from "./merge.ts";
import {
  averagePooling1dKind,
  globalAveragePooling1dKind,
  globalMaxPooling1dKind,
  maxPooling1dKind,
} from "./pooling.ts";
import {
  averagePooling2dKind,
  globalAveragePooling2dKind,
  globalMaxPooling2dKind,
  maxPooling2dKind,
} from "./pooling2d.ts";
import { flattenKind, reshapeKind } from "./reshape.ts";
import { separableConv1dKind } from "./separable_conv1d.ts";
import { softmaxKind } from "./softmax.ts";
import { zeroPadding1dKind, zeroPadding2dKind } from "./zero_padding.ts";

/** Every kind of layer under its name; what Keras' options are read into differs from kind to kind. */
type LayerKinds = { [K in Layer["kind"]]: LayerKind<Extract<Layer, { kind: K }>, never> };

/** All kinds of layers by name. */
export const LAYER_KINDS: LayerKinds = {
  InputLayer: inputKind,
  Conv1D: conv1dKind,
  DepthwiseConv1D: depthwiseConv1dKind,
  SeparableConv1D: separableConv1dKind,
  BatchNormalization: batchNormalizationKind,
  LSTM: lstmKind,
  GRU: gruKind,
  Bidirectional: bidirectionalKind,
  MaxPooling1D: maxPooling1dKind,
  AveragePooling1D: averagePooling1dKind,
  GlobalMaxPooling1D: globalMaxPooling1dKind,
  GlobalAveragePooling1D: globalAveragePooling1dKind,
  Dense: denseKind,
  Activation: activationKind,
  ReLU: reluKind,
  Dropout: dropoutKind,
  Flatten: flattenKind,
  Reshape: reshapeKind,
  Concatenate: concatenateKind,
  Add: addKind,
  Multiply: multiplyKind,
  Softmax: softmaxKind,
  LeakyReLU: leakyReluKind,
  ZeroPadding1D: zeroPadding1dKind,
  ZeroPadding2D: zeroPadding2dKind,
  Conv2D: conv2dKind,
  DepthwiseConv2D: depthwiseConv2dKind,
  SeparableConv2D: separableConv2dKind,
  MaxPooling2D: maxPooling2dKind,
  AveragePooling2D: averagePooling2dKind,
  GlobalMaxPooling2D: globalMaxPooling2dKind,
  GlobalAveragePooling2D: globalAveragePooling2dKind,
} as unknown as LayerKinds;

/** @returns What is known of a layer's kind. @throws TypeError When there is no such kind. */
export function kindOf<L extends Layer>({ name, kind }: L): LayerKind<L, never> {
  if (!Object.hasOwn(LAYER_KINDS, kind)) {
    throw new TypeError(`Cannot use layer "${name}": its kind must be a supported one, got "${kind}"`);
  }
  return LAYER_KINDS[kind] as unknown as LayerKind<L, never>;
}
