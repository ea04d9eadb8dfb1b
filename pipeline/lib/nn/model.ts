/** Activation functions by their Keras names. */
export type Activation = "linear" | "relu" | "sigmoid" | "softmax" | "tanh";

interface LayerBase {
  /** Unique in the model; the first part of its weights' names. */
  name: string;
  /** Names of the layers whose outputs this layer reads. */
  inputs: string[];
}

/** Entry point; `shape` without the batch axis, for example [216, 1]. */
export interface InputLayer extends LayerBase {
  kind: "InputLayer";
  shape: number[];
}

/** Weights: kernel [kernelSize, inChannels, filters], bias [filters]. */
export interface Conv1DLayer extends LayerBase {
  kind: "Conv1D";
  filters: number;
  kernelSize: number;
  strides: number;
  padding: "same" | "valid";
  activation: Activation;
}

/**
 * Weights: kernel [inChannels, 4 units], recurrent_kernel [units, 4 units], bias [4 units]; gate order i, f, c, o.
 * Activations are tanh and sigmoid.
 */
export interface LSTMLayer extends LayerBase {
  kind: "LSTM";
  units: number;
  /** False: only the last step, [units]; true: every step, [time, units]. */
  returnSequences: boolean;
}

/** Mean over time: [time, channels] -> [channels]. */
export interface GlobalAveragePooling1DLayer extends LayerBase {
  kind: "GlobalAveragePooling1D";
}

/** Weights: kernel [inFeatures, units], bias [units]. */
export interface DenseLayer extends LayerBase {
  kind: "Dense";
  units: number;
  activation: Activation;
}

export type Layer = InputLayer | Conv1DLayer | LSTMLayer | GlobalAveragePooling1DLayer | DenseLayer;

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
