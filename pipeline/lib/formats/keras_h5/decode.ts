import { FormatError } from "../../core/errors.ts";
import { MAX_CONFIG_BYTES, parseConfig } from "./config_text.ts";
import { type Attribute, readAttributes, readStrings } from "./hdf5/attribute.ts";
import { type Hdf5Source, openSource } from "./hdf5/bytes.ts";
import { readFloatDataset } from "./hdf5/dataset.ts";
import { readLinks, readSuperblock, resolvePath } from "./hdf5/group.ts";
import type { KerasH5, KerasLayerWeights } from "./keras_h5.ts";

/** Largest file of weights that is read; reading takes about twice as much memory. */
export const MAX_FILE_BYTES = 2 ** 28;
const MAX_NAME_BYTES = 1024;
/** Of a foreign file's names, so many are told. */
const SHOWN_NAMES = 3, SHOWN_LETTERS = 40;

/**
 * Reads a model that Keras 2 or 3 saved as .h5 (`model.save("model.h5")`).
 *
 * Only plain typed-array reads stand behind it: damaged bytes make the HDF5 C library, compiled to WebAssembly, loop
 * without end or take gigabytes. Not read: the training configuration and the optimizer's state.
 * Source: Keras 2.15, keras/src/saving/legacy/hdf5_format.py; HDF5 File Format Specification 3.0.
 *
 * @param bytes The whole file, at most 256 MiB.
 * @param file Name for error messages.
 * @throws FormatError Bytes that are no such model file.
 */
export function decodeKerasH5(bytes: Uint8Array, file?: string): KerasH5 {
  if (bytes.length > MAX_FILE_BYTES) {
    throw new FormatError(
      `Cannot read Keras model: size must be at most ${MAX_FILE_BYTES}, got ${bytes.length}`,
      { file },
    );
  }
  const source = openSource(bytes, file);
  const root = readSuperblock(source);
  const attributes = readAttributes(source, root);
  const kerasVersion = readText(source, attributes.get("keras_version"));
  const backend = readText(source, attributes.get("backend"));
  const config = readConfig(source, { root, attributes });
  const weightsGroup = resolvePath(source, root, "model_weights");
  const layerNames = readNames(source, readAttributes(source, weightsGroup), "layer_names");
  const layers = layerNames.map((name) => readLayer(source, name, resolvePath(source, weightsGroup, name)));
  return { config, layers, kerasVersion, backend };
}

function readLayer(source: Hdf5Source, name: string, group: number): KerasLayerWeights {
  const weightNames = readNames(source, readAttributes(source, group), "weight_names");
  const weights = weightNames.map((weightName) => ({
    name: weightName,
    ...readFloatDataset(source, resolvePath(source, group, weightName)),
  }));
  return { name, weights };
}

function readConfig(
  source: Hdf5Source,
  { root, attributes }: { root: number; attributes: Map<string, Attribute> },
): unknown {
  const attribute = attributes.get("model_config");
  if (attribute === undefined) {
    const names = [...readLinks(source, root).keys()];
    if (attributes.has("layer_names") || names.includes("layers")) {
      throw kerasError(
        source,
        "it must have the attribute model_config, got weights alone: save the whole model with model.save() instead of " +
          "model.save_weights()",
      );
    }
    const shown = names.slice(0, SHOWN_NAMES).map((name) => JSON.stringify(name.slice(0, SHOWN_LETTERS)));
    throw kerasError(
      source,
      `it must have the attribute model_config, got an HDF5 file of another kind, which holds ${
        shown.join(", ") || "nothing"
      }${names.length > SHOWN_NAMES ? " and more" : ""}`,
    );
  }
  const [text] = readStrings(source, attribute, MAX_CONFIG_BYTES);
  return parseConfig(text ?? "", "model_config", { file: source.file, byteOffset: attribute.at });
}

function readText(source: Hdf5Source, attribute: Attribute | undefined): string {
  return attribute === undefined ? "" : readStrings(source, attribute, MAX_NAME_BYTES)[0] ?? "";
}

function readNames(source: Hdf5Source, attributes: Map<string, Attribute>, name: string): string[] {
  const attribute = attributes.get(name);
  if (attribute === undefined) {
    throw kerasError(source, `its groups must have the attribute ${name}, got none`);
  }
  return readStrings(source, attribute, MAX_NAME_BYTES);
}

function kerasError(source: Hdf5Source, message: string): FormatError {
  return new FormatError(`Cannot read Keras model: ${message}`, { file: source.file });
}
