import { join } from "node:path";
import { StageError } from "../core/errors.ts";
import { type ModelCard, parseModelCard } from "../artefacts/model_card.ts";
import type { StageInput } from "./cache.ts";
import { type FileHasher, statOrUndefined } from "./files.ts";
import { nearestName } from "./nearest_name.ts";

/** A .tflite file that is to be measured. */
export interface BenchModel {
  /** <study>-<model>, with "-int8" when quantized. */
  name: string;
  card: ModelCard;
  file: ModelCard["files"][number];
  quantized: boolean;
  path: string;
}

/** A file of Datasets/. */
export interface BenchDataset {
  /** File name without ".csv". */
  name: string;
  path: string;
  sha256: string;
}

export interface BenchInputs {
  models: BenchModel[];
  datasets: BenchDataset[];
}

/**
 * Finds the models of models/ and the datasets of Datasets/.
 *
 * @throws {StageError} Nothing there, a name that is not there, a model file that is not the one of its card.
 * @throws {FormatError} A model card that is none.
 */
export function findBenchInputs(
  options: { root: string; quantizedOnly: boolean; models: string[]; datasets: string[]; hasher: FileHasher },
): { inputs: StageInput[]; external: BenchInputs } {
  const { root, quantizedOnly, hasher } = options;
  const hint = "make them with `deno task all`, or copy models/ and Datasets/ from a machine that has them";
  const models = pickNamed(
    listModels(root).filter((model) => model.quantized || !quantizedOnly),
    options.models,
    {
      what: "model",
      folder: "models/",
      hint,
    },
  );
  const datasets = pickNamed(listDatasets(root, hasher), options.datasets, {
    what: "dataset",
    folder: "Datasets/",
    hint,
  });
  const inputs = [
    ...models.map(({ name, path, file }) => {
      const { sha256 } = hasher.hash(path);
      if (sha256 !== file.sha256) {
        throw new StageError(`Cannot run ${path}: its SHA-256 is not the one in its model card`, {
          hint: "the file is damaged or was changed: export it again with `deno task export --force`",
        });
      }
      return { name, sha256 };
    }),
    ...datasets.map(({ name, sha256 }) => ({ name: `${name}.csv`, sha256 })),
  ];
  return { inputs, external: { models, datasets } };
}

function pickNamed<T extends { name: string }>(
  all: T[],
  wanted: string[],
  { what, folder, hint }: { what: string; folder: string; hint: string },
): T[] {
  if (all.length === 0) throw new StageError(`Cannot benchmark: ${folder} holds no ${what}`, { hint });
  const known = all.map(({ name }) => name);
  const missing = wanted.find((name) => !known.includes(name));
  if (missing === undefined) {
    return wanted.length === 0 ? all : all.filter(({ name }) => wanted.includes(name));
  }
  const near = nearestName(missing, known);
  throw new StageError(`Cannot benchmark: ${folder} holds no ${what} ${missing}`, {
    hint: near ? `did you mean ${near}?` : `it holds ${known.join(", ")}`,
  });
}

const listFolders = (path: string): string[] =>
  statOrUndefined(path)?.isDirectory
    ? [...Deno.readDirSync(path)].filter((entry) => entry.isDirectory).map((entry) => entry.name).sort()
    : [];

function listModels(root: string): BenchModel[] {
  const folders = listFolders(join(root, "models")).flatMap((study) =>
    listFolders(join(root, "models", study)).map((model) => join(root, "models", study, model))
  );
  return folders.flatMap((folder) => {
    const cardPath = join(folder, "model_card.json");
    if (!statOrUndefined(cardPath)) return [];
    const card = parseModelCard(Deno.readTextFileSync(cardPath), cardPath);
    return card.files.filter((file) => file.format.startsWith("tflite-")).map((file) => {
      const quantized = file.format === "tflite-int8";
      return {
        name: card.name + (quantized ? "-int8" : ""),
        card,
        file,
        quantized,
        path: join(folder, file.file),
      };
    });
  });
}

function listDatasets(root: string, hasher: FileHasher): BenchDataset[] {
  const folder = join(root, "Datasets");
  if (!statOrUndefined(folder)?.isDirectory) return [];
  const files = [...Deno.readDirSync(folder)].map((entry) => entry.name).filter((name) =>
    name.endsWith(".csv")
  ).sort();
  return files.map((file) => {
    const path = join(folder, file);
    return { name: file.slice(0, -".csv".length), path, sha256: hasher.hash(path).sha256 };
  });
}
