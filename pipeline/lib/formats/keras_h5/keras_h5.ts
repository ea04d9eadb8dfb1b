/** One array of weights, row-major. */
export interface KerasWeight {
  /** Path below the layer's group, for example "lstm/lstm_cell/kernel:0". */
  name: string;
  shape: number[];
  data: Float32Array;
}

/** The weights of one layer, in Keras' order. */
export interface KerasLayerWeights {
  /** Name of the layer and of its group. */
  name: string;
  /** Empty for a layer without weights. */
  weights: KerasWeight[];
}

/** What a model file of Keras 2 (.h5) holds for inference. */
export interface KerasH5 {
  /** The model's configuration, as `model.to_json()` has it: class_name and config. */
  config: unknown;
  /** In the model's order. */
  layers: KerasLayerWeights[];
  /** For example "2.15.0"; "" where the file says nothing. */
  kerasVersion: string;
  /** For example "tensorflow"; "" where the file says nothing. */
  backend: string;
}
