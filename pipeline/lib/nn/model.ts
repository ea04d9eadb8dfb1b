import type { ActivationLayer, ReLULayer } from "./layers/activation.ts";
import type { BatchNormalizationLayer } from "./layers/batch_normalization.ts";
import type { BidirectionalLayer } from "./layers/bidirectional.ts";
import type { ConcatenateLayer } from "./layers/concatenate.ts";
import type { Conv1DLayer } from "./layers/conv1d.ts";
import type { Conv2DLayer } from "./layers/conv2d.ts";
import type { DenseLayer } from "./layers/dense.ts";
import type { DepthwiseConv1DLayer } from "./layers/depthwise_conv1d.ts";
import type { DepthwiseConv2DLayer, SeparableConv2DLayer } from "./layers/depthwise_conv2d.ts";
import type { DropoutLayer } from "./layers/dropout.ts";
import type { GRULayer } from "./layers/gru.ts";
import type { InputLayer } from "./layers/input.ts";
import type { LeakyReLULayer } from "./layers/leaky_relu.ts";
import type { LSTMLayer } from "./layers/lstm.ts";
import type { AddLayer, MultiplyLayer } from "./layers/merge.ts";
import type {
  AveragePooling1DLayer,
  GlobalAveragePooling1DLayer,
  GlobalMaxPooling1DLayer,
  MaxPooling1DLayer,
} from "./layers/pooling.ts";
import type {
  AveragePooling2DLayer,
  GlobalAveragePooling2DLayer,
  GlobalMaxPooling2DLayer,
  MaxPooling2DLayer,
} from "./layers/pooling2d.ts";
import type { FlattenLayer, ReshapeLayer } from "./layers/reshape.ts";
import type { SeparableConv1DLayer } from "./layers/separable_conv1d.ts";
import type { SoftmaxLayer } from "./layers/softmax.ts";
import type { ZeroPadding1DLayer, ZeroPadding2DLayer } from "./layers/zero_padding.ts";

export type { Activation } from "./layers/activations.ts";
export type {
  AveragePooling1DLayer,
  BatchNormalizationLayer,
  BidirectionalLayer,
  Conv1DLayer,
  DenseLayer,
  DepthwiseConv1DLayer,
  GlobalAveragePooling1DLayer,
  GlobalMaxPooling1DLayer,
  GRULayer,
  InputLayer,
  LSTMLayer,
  MaxPooling1DLayer,
  SeparableConv1DLayer,
};
export type { ActivationLayer, ConcatenateLayer, DropoutLayer, FlattenLayer, ReLULayer, ReshapeLayer };
export type { AddLayer, MultiplyLayer };
export type { LeakyReLULayer, SoftmaxLayer, ZeroPadding1DLayer, ZeroPadding2DLayer };
export type { Conv2DLayer, DepthwiseConv2DLayer, SeparableConv2DLayer };
export type {
  AveragePooling2DLayer,
  GlobalAveragePooling2DLayer,
  GlobalMaxPooling2DLayer,
  MaxPooling2DLayer,
};

/** A layer of a model. */
export type Layer =
  | InputLayer
  | Conv1DLayer
  | DepthwiseConv1DLayer
  | SeparableConv1DLayer
  | BatchNormalizationLayer
  | LSTMLayer
  | GRULayer
  | BidirectionalLayer
  | MaxPooling1DLayer
  | AveragePooling1DLayer
  | GlobalMaxPooling1DLayer
  | GlobalAveragePooling1DLayer
  | DenseLayer
  | ActivationLayer
  | ReLULayer
  | DropoutLayer
  | FlattenLayer
  | ReshapeLayer
  | ConcatenateLayer
  | AddLayer
  | MultiplyLayer
  | SoftmaxLayer
  | LeakyReLULayer
  | ZeroPadding1DLayer
  | ZeroPadding2DLayer
  | Conv2DLayer
  | DepthwiseConv2DLayer
  | SeparableConv2DLayer
  | MaxPooling2DLayer
  | AveragePooling2DLayer
  | GlobalMaxPooling2DLayer
  | GlobalAveragePooling2DLayer;

/** A neural network as a value: the pivot between training, .h5, conversion and quantization. */
export interface Model {
  /** For example "cnn". */
  name: string;
  /** In topological order: each layer stands after its inputs. */
  layers: Layer[];
  /** Name of the layer whose output is the model's. */
  output: string;
}

/** An array of float32 numbers, row-major. */
export interface Tensor {
  shape: number[];
  data: Float32Array;
}

/** Weights by name, "<layer>/<weight>" (for example "lstm/recurrent_kernel"), in the layers' order and Keras' shapes. */
export type Weights = Map<string, Tensor>;
