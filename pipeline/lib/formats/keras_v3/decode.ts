import { FormatError } from "../../core/errors.ts";
import { MAX_CONFIG_BYTES, parseConfig } from "../keras_h5/config_text.ts";
import { MAX_FILE_BYTES } from "../keras_h5/decode.ts";
import { countStructure, hdf5Error, type Hdf5Source, openSource } from "../keras_h5/hdf5/bytes.ts";
import { type FloatDataset, readFloatDataset } from "../keras_h5/hdf5/dataset.ts";
import { readLinks, readSuperblock } from "../keras_h5/hdf5/group.ts";
import { MESSAGE, readMessages } from "../keras_h5/hdf5/object_header.ts";
import { type KerasV3, PARTS } from "./keras_v3.ts";
import { readZip } from "./zip.ts";

const MAX_PART_BYTES = {
  [PARTS.metadata]: 2 ** 20,
  [PARTS.config]: MAX_CONFIG_BYTES,
  [PARTS.weights]: MAX_FILE_BYTES,
};
/** Groups within groups: layers, layer, its parts, cell, vars. */
const MAX_DEPTH = 16;
/** State of Keras' random generators, integers that inference has no use for. */
const SEEDS = "seed_generator";

/**
 * Reads a model that Keras 2.12 or later saved as .keras (`model.save("model.keras")`).
 *
 * Not read: the compilation, the optimizer's state, assets.
 * Source: Keras 3, keras/src/saving/saving_lib.py.
 *
 * @param bytes The whole file. @param file Name for error messages.
 * @throws FormatError Bytes that are no such model file.
 */
export function decodeKerasV3(bytes: Uint8Array, file?: string): KerasV3 {
  const parts = readZip(bytes, MAX_PART_BYTES, file);
  const metadata = readJson(parts, PARTS.metadata, file) as { keras_version?: unknown } | null;
  const config = readJson(parts, PARTS.config, file);
  const source = openSource(
    requirePart(parts, PARTS.weights, file),
    file === undefined ? PARTS.weights : `${file}/${PARTS.weights}`,
  );
  const variables = new Map<string, FloatDataset>();
  const layers = readLinks(source, readSuperblock(source)).get("layers");
  if (layers !== undefined) readVariables(source, { path: "layers", at: layers, depth: 1 }, variables);
  const version = metadata?.keras_version;
  return { config, variables, kerasVersion: typeof version === "string" ? version : "" };
}

function readVariables(
  source: Hdf5Source,
  { path, at, depth }: { path: string; at: number; depth: number },
  variables: Map<string, FloatDataset>,
): void {
  countStructure(source, at);
  if (depth > MAX_DEPTH) throw hdf5Error(source, `groups must be at most ${MAX_DEPTH} deep, got more`, at);
  if (!readMessages(source, at).some(({ type }) => type === MESSAGE.symbolTable)) {
    variables.set(path, readFloatDataset(source, at));
    return;
  }
  for (const [name, address] of readLinks(source, at)) {
    if (name === SEEDS) continue;
    readVariables(source, { path: `${path}/${name}`, at: address, depth: depth + 1 }, variables);
  }
}

function requirePart(parts: Map<string, Uint8Array>, name: string, file?: string): Uint8Array {
  const part = parts.get(name);
  if (part === undefined) {
    throw new FormatError(
      `Cannot read Keras model: it must hold ${name} (saved with model.save()), got none`,
      {
        file,
      },
    );
  }
  return part;
}

function readJson(parts: Map<string, Uint8Array>, name: string, file?: string): unknown {
  const bytes = requirePart(parts, name, file);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new FormatError(`Cannot read Keras model: ${name} must be UTF-8, got other bytes`, { file });
  }
  return parseConfig(text, name, { file });
}
