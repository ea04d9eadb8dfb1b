import type { TfliteModel } from "../formats/tflite/graph.ts";

/** Name of the entry among a .tflite file's metadata. */
export const QUANTIZATION_METADATA = "ecg_quantization.json";

/** How a model file was quantized. */
export interface QuantizationMetadata {
  schemaVersion: 1;
  mode: string;
  /** Where the ranges of activations come from; absent in modes that have none. */
  calibration?: {
    /** minmax, percentile or mse. */
    method: string;
    /** Of the method percentile: part of the values inside each end. */
    percentile?: number;
    /** Training windows that were looked at, and the SHA-256 of their values, float32, little-endian. */
    windows: number;
    sha256: string;
  };
  /** Of a model that was tuned for its int8 form: epochs done, and which of them was taken; 0 is the model before. */
  tuning?: { epochs: number; bestEpoch: number };
}

/** Adds to a quantized graph how it was made. @returns A new graph. */
export function withQuantizationMetadata(graph: TfliteModel, told: QuantizationMetadata): TfliteModel {
  const data = new TextEncoder().encode(JSON.stringify(told));
  return { ...graph, metadata: [...graph.metadata, { name: QUANTIZATION_METADATA, data }] };
}
