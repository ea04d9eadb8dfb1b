import { checkConvertible } from "../../pipeline/lib/convert/convert.ts";
import { FormatError } from "../../pipeline/lib/core/errors.ts";
import { checkLayers } from "../../pipeline/lib/engine/layers/layer_compilers.ts";
import { checkSoftmaxOutput } from "../../pipeline/lib/engine/softmax_output.ts";
import { decodeKerasH5, MAX_FILE_BYTES } from "../../pipeline/lib/formats/keras_h5/decode.ts";
import { decodeKerasV3 } from "../../pipeline/lib/formats/keras_v3/decode.ts";
import { summarizeKerasLayers } from "../../pipeline/lib/nn/keras_config.ts";
import { v3PartsToModel } from "../../pipeline/lib/nn/keras_v3.ts";
import { h5PartsToModel } from "../../pipeline/lib/nn/keras_weights.ts";
import { kindOf } from "../../pipeline/lib/nn/layers/layer_kinds.ts";
import type { Layer, Model } from "../../pipeline/lib/nn/model.ts";
import { layerMacs } from "../../pipeline/lib/nn/multiply_accumulates.ts";
import { outputShapes, valueCount } from "../../pipeline/lib/nn/shapes.ts";
import { readFileFromOutside } from "../../pipeline/lib/stage/inputs/outside_file.ts";
import { alignColumns } from "../align_columns.ts";
import { factLines, type FileKind, type Inspection, titleOf } from "./inspection.ts";

const MAX_REASONS = 6;

/** A layer as it is shown. */
interface LayerFacts {
  name: string;
  kind: string;
  inputs: string[];
  /** Without the batch axis; absent where the model could not be read. */
  shape?: number[];
  /** Of all its weights. */
  parameters: number;
  macs?: number;
  /** Why it cannot be read, trained by the engine, or converted. */
  problems: { read?: string; train?: string; convert?: string };
}

/** What a file holds, in the form of either format. */
interface KerasFile {
  kerasVersion: string;
  config: unknown;
  /** Values of all weights by the first part of their path, which in a .h5 is the layer's name. */
  parameters: Map<string, number>;
  readModel(): Model;
}

function openFile(path: string): KerasFile {
  const bytes = readFileFromOutside(path, { maxBytes: MAX_FILE_BYTES, content: "keras" });
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    const parts = decodeKerasV3(bytes, path);
    return {
      ...parts,
      parameters: sumBy(parts.variables, (name) => name.split("/")[1]),
      readModel: () => v3PartsToModel(parts).model,
    };
  }
  const parts = decodeKerasH5(bytes, path);
  const weights = parts.layers.flatMap(({ name, weights }) =>
    weights.map((weight): [string, { shape: number[] }] => [`${name}/${weight.name}`, weight])
  );
  return {
    ...parts,
    parameters: sumBy(weights, (name) => name.slice(0, name.indexOf("/"))),
    readModel: () => h5PartsToModel(parts).model,
  };
}

function sumBy(
  weights: Iterable<[string, { shape: number[] }]>,
  groupOf: (name: string) => string,
): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [name, { shape }] of weights) {
    sums.set(groupOf(name), (sums.get(groupOf(name)) ?? 0) + valueCount(shape));
  }
  return sums;
}

function inspectKeras(path: string): Inspection {
  const file = openFile(path), { model, refusal } = readModel(file);
  const layers = model === undefined ? unreadLayers(file) : readLayers(model);
  const parameters = [...file.parameters.values()].reduce((sum, values) => sum + values, 0);
  const macs = model && layers.reduce((sum, layer) => sum + layer.macs!, 0);
  const training = model && messageOf(() => checkSoftmaxOutput(model, outputShapes(model)));
  const problemsOf = (use: "train" | "convert", whole?: string): string[] => {
    const ofLayers = layers.flatMap(({ problems }) => problems.read ?? problems[use] ?? []);
    return [...ofLayers, whole, ofLayers.length === 0 ? refusal : undefined].filter((text) =>
      text !== undefined
    );
  };
  const problems = { train: problemsOf("train", training), convert: problemsOf("convert") };
  const count = (value: number) => value.toLocaleString("en");
  const rows = [
    ["layer", "kind", "reads", "shape", "parameters", "MACs"],
    ...layers.map(({ name, kind, inputs, shape, parameters, macs }) => [
      name,
      kind,
      inputs.join(", "),
      shape === undefined ? "?" : `[${shape.join(", ")}]`,
      parameters === 0 ? "" : count(parameters),
      macs === undefined ? "?" : macs === 0 ? "" : count(macs),
    ]),
  ];
  return {
    json: {
      kerasVersion: file.kerasVersion,
      parameters,
      macs,
      layers,
      trains: problems.train.length === 0,
      converts: problems.convert.length === 0,
      problems,
    },
    lines: [
      titleOf(path, "Keras model"),
      ...factLines([
        [
          "written by",
          file.kerasVersion === "" ? "a Keras that does not say its version" : `Keras ${file.kerasVersion}`,
        ],
        ["layers", alignColumns(rows, 4).split("\n")],
        [
          "in all",
          `${count(parameters)} parameters, ${
            macs === undefined ? "?" : count(macs)
          } multiply-accumulates a window`,
        ],
        ["trains", verdictLines(problems.train)],
        ["converts", verdictLines(problems.convert)],
      ]),
    ],
  };
}

function verdictLines(problems: readonly string[]): string[] {
  if (problems.length === 0) return ["yes"];
  const [first, ...others] = problems.slice(0, MAX_REASONS), more = problems.length - MAX_REASONS;
  return [`no: ${first}`, ...others, ...(more > 0 ? [`... and ${more} more (--json tells all)`] : [])];
}

/** The model, or in words why there is none. */
function readModel(file: KerasFile): { model?: Model; refusal?: string } {
  try {
    return { model: file.readModel() };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { refusal: error.message };
  }
}

function readLayers(model: Model): LayerFacts[] {
  const shapes = outputShapes(model);
  return model.layers.map((layer): LayerFacts => {
    const { name, kind, inputs } = layer, shape = shapes.get(name)!;
    const inputShapes = inputs.map((input) => shapes.get(input)!);
    const alone: Model = { ...model, layers: [layer as Layer] };
    return {
      name,
      kind,
      inputs,
      shape,
      parameters: kindOf(layer).weights(layer, inputShapes).reduce(
        (sum, { shape }) => sum + valueCount(shape),
        0,
      ),
      macs: layerMacs(layer, inputShapes, shape),
      problems: {
        train: messageOf(() => checkLayers(alone)),
        convert: messageOf(() => checkConvertible(JSON.stringify(model.name), alone, "")),
      },
    };
  });
}

function unreadLayers({ config, parameters, kerasVersion }: KerasFile): LayerFacts[] {
  return summarizeKerasLayers(config, kerasVersion).map(({ name, className, inputs, problem }) => ({
    name,
    kind: className,
    inputs,
    parameters: parameters.get(name) ?? 0,
    problems: { read: problem },
  }));
}

function messageOf(check: () => void): string | undefined {
  try {
    check();
  } catch (error) {
    return (error as Error).message;
  }
}

/** Models of Keras. */
export const kerasKind: FileKind = {
  name: "keras",
  files: "a Keras model (.h5, .keras)",
  matches: (path) => /\.(h5|hdf5|keras)$/i.test(path),
  inspect: inspectKeras,
};
