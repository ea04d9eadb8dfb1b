import type * as h5wasm from "h5wasm";
import { decodeKerasH5 } from "./decode.ts";
import { writeDatasets, writeHdf5 } from "./hdf5/write.ts";
import type { KerasH5, KerasLayerWeights } from "./keras_h5.ts";

/** One path segment of HDF5 that needs no quoting: not empty, no "/", neither "." nor "..". */
const PATH_SEGMENT = /^(?!\.{1,2}$)[^/\0]+$/;

/**
 * Writes a model as Keras 2 saves it to .h5, so that `keras.models.load_model` opens it, without compilation state.
 *
 * The same model gives the same bytes. Deviations from a file by Keras: no group top_level_model_weights (Keras
 * does not miss it).
 * Source: Keras 2.15, keras/src/saving/legacy/hdf5_format.py.
 *
 * @throws RangeError Names that are no HDF5 paths, names that repeat, or data that do not fill their shape.
 * @throws FormatError A model beyond the limits of `decodeKerasH5`.
 */
export async function encodeKerasH5(model: KerasH5): Promise<Uint8Array> {
  checkLayers(model.layers);
  const bytes = await writeHdf5((file) => writeModel(file, model));
  // The C library reports failures on stderr only; what cannot be read back is not handed out.
  decodeKerasH5(bytes);
  return bytes;
}

function writeModel(file: h5wasm.File, { config, layers, kerasVersion, backend }: KerasH5): void {
  file.create_attribute("keras_version", kerasVersion);
  file.create_attribute("backend", backend);
  file.create_attribute("model_config", JSON.stringify(config));
  const weightsGroup = file.create_group("model_weights");
  weightsGroup.create_attribute("layer_names", layers.map(({ name }) => name), null, "A");
  weightsGroup.create_attribute("backend", backend);
  weightsGroup.create_attribute("keras_version", kerasVersion);
  for (const layer of layers) writeLayer(weightsGroup.create_group(layer.name), layer);
}

function writeLayer(group: h5wasm.Group, { weights }: KerasLayerWeights): void {
  const names = weights.map(({ name }) => name);
  // Like Keras, whose empty list becomes an array of no numbers; HDF5 refuses an empty array of strings.
  if (names.length === 0) group.create_attribute("weight_names", new Float64Array(0));
  else group.create_attribute("weight_names", names, null, "A");
  writeDatasets(group, weights);
}

function checkLayers(layers: KerasLayerWeights[]): void {
  checkUnique("layers", layers);
  for (const { name, weights } of layers) {
    if (!PATH_SEGMENT.test(name)) {
      throw new RangeError(`Cannot write Keras model: layer name must be one path segment, got "${name}"`);
    }
    checkUnique(`weights of layer "${name}"`, weights);
    for (const { name: weight, shape, data } of weights) {
      if (!weight.split("/").every((segment) => PATH_SEGMENT.test(segment))) {
        throw new RangeError(
          `Cannot write Keras model: weight name must be a relative path, got "${weight}"`,
        );
      }
      const count = shape.reduce((product, size) => product * size, 1);
      if (data.length !== count) {
        throw new RangeError(
          `Cannot write Keras model: weight "${weight}" of shape [${
            shape.join(", ")
          }] must hold ${count} values, ` +
            `got ${data.length}`,
        );
      }
    }
  }
}

function checkUnique(what: string, items: { name: string }[]): void {
  const names = new Set<string>();
  for (const { name } of items) {
    if (names.has(name)) {
      throw new RangeError(`Cannot write Keras model: ${what} must have unique names, got "${name}" twice`);
    }
    names.add(name);
  }
}
