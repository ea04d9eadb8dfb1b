import { decodeKerasH5 } from "../formats/keras_h5/decode.ts";
import { encodeKerasH5 } from "../formats/keras_h5/encode.ts";
import { h5PartsToModel, modelToH5Parts } from "../nn/keras_weights.ts";
import type { Model, Weights } from "../nn/model.ts";

/** @returns The bytes of model.h5: the same model gives the same bytes. */
export async function encodeKerasModel(model: Model, weights: Weights): Promise<Uint8Array> {
  return await encodeKerasH5(modelToH5Parts(model, weights));
}

/**
 * Reads a model.h5.
 *
 * @throws {FormatError} When it is no Keras model, or has a layer that is not known here.
 */
export async function decodeKerasModel(
  bytes: Uint8Array,
  file: string,
): Promise<{ model: Model; weights: Weights }> {
  return h5PartsToModel(await decodeKerasH5(bytes, file));
}
