import { FormatError } from "../core/errors.ts";
import { decodeKerasH5 } from "../formats/keras_h5/decode.ts";
import { encodeKerasH5 } from "../formats/keras_h5/encode.ts";
import { decodeKerasV3 } from "../formats/keras_v3/decode.ts";
import { encodeKerasV3 } from "../formats/keras_v3/encode.ts";
import { modelToV3Parts, v3PartsToModel } from "../nn/keras_v3.ts";
import { h5PartsToModel, modelToH5Parts } from "../nn/keras_weights.ts";
import type { Model, Weights } from "../nn/model.ts";

/** @returns The bytes of model.h5: the same model gives the same bytes. */
export async function encodeKerasModel(model: Model, weights: Weights): Promise<Uint8Array> {
  return await encodeKerasH5(modelToH5Parts(model, weights));
}

/** @returns The bytes of a model.keras, which Keras 2.15 and 3 open: the same model gives the same bytes. */
export async function encodeKerasV3Model(model: Model, weights: Weights): Promise<Uint8Array> {
  return await encodeKerasV3(modelToV3Parts(model, weights));
}

/**
 * Reads a model.h5, or a model.keras, which is known by its first bytes.
 *
 * @throws {FormatError} When it is no Keras model, or has a layer that is not known here.
 */
export async function decodeKerasModel(
  bytes: Uint8Array,
  file: string,
): Promise<{ model: Model; weights: Weights }> {
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  try {
    return isZip
      ? v3PartsToModel(decodeKerasV3(bytes, file))
      : h5PartsToModel(await decodeKerasH5(bytes, file));
  } catch (error) {
    // What is wrong with the model says of itself no file.
    if (error instanceof FormatError && error.file === undefined) {
      throw new FormatError(error.message, { file });
    }
    throw error;
  }
}
