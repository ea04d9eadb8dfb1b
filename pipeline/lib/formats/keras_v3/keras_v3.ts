import type { FloatDataset } from "../keras_h5/hdf5/dataset.ts";

/** What a .keras file holds for inference. */
export interface KerasV3 {
  /** The model's configuration: module, class_name, config. */
  config: unknown;
  /** Arrays by their path in model.weights.h5, for example "layers/lstm/cell/vars/0". */
  variables: Map<string, FloatDataset>;
  /** For example "3.15.1"; "" where the file says nothing. */
  kerasVersion: string;
}

/** Names of the parts within the zip. */
export const PARTS = {
  metadata: "metadata.json",
  config: "config.json",
  weights: "model.weights.h5",
} as const;
