import { join } from "node:path";
import { StageError } from "../../core/errors.ts";
import { type DatasetCard, parseDatasetCard } from "../../artefacts/dataset_card.ts";
import { type ModelCard, parseModelCard } from "../../artefacts/model_card.ts";
import type { StageInput } from "../cache.ts";
import { type FileHasher, isFile, sha256Hex, statOrUndefined } from "../files.ts";
import { nearestName } from "../nearest_name.ts";

/** A .tflite file that is to be measured. */
export interface BenchModel {
  /** <study>-<model>, of forms other than float32 with their name behind it: "-int8", "-int8-dynamic", "-float16". */
  name: string;
  card: ModelCard;
  file: ModelCard["files"][number];
  /** Whether its form is int8. */
  quantized: boolean;
  path: string;
  cardPath: string;
}

/** A file of Datasets/. */
export interface BenchDataset {
  /** File name without ".csv". */
  name: string;
  path: string;
  sha256: string;
  /** What the rows do not say; absent for a file that someone put there without. */
  card?: DatasetCard;
}

/** What there is to measure. */
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
  options: {
    root: string;
    /** Only models and datasets of this study; undefined takes all. */
    study?: string;
    quantizedOnly: boolean;
    models: string[];
    datasets: string[];
    hasher: FileHasher;
  },
): { inputs: StageInput[]; external: BenchInputs } {
  const { root, study, quantizedOnly, hasher } = options;
  const ofStudy = study === undefined ? "" : ` of the study ${study}`;
  const hint = "make them with `deno task all`, or copy models/ and Datasets/ from a machine that has them";
  const models = pickNamed(
    listModels(root).filter(({ quantized, card }) =>
      (quantized || !quantizedOnly) && card.study === (study ?? card.study)
    ),
    options.models,
    {
      what: `model${ofStudy}`,
      folder: "models/",
      hint,
    },
  );
  const isOfStudy = ({ name, card }: BenchDataset) =>
    study === undefined || (card ? card.study === study : name.startsWith(`${study}-`));
  const datasets = pickNamed(listDatasets(root, hasher).filter(isOfStudy), options.datasets, {
    what: `dataset${ofStudy}`,
    folder: "Datasets/",
    hint,
  });
  const inputs = [
    ...models.flatMap(({ name, path, cardPath, file }) => {
      const { sha256 } = hasher.hash(path);
      if (sha256 !== file.sha256) {
        throw new StageError(`Cannot run ${path}: its SHA-256 is not the one in its model card`, {
          hint: "the file is damaged or was changed: export it again with `deno task export --force`",
        });
      }
      return [{ name, sha256 }, { name: `card of ${name}`, sha256: hasher.hash(cardPath).sha256 }];
    }),
    ...datasets.map(({ name, sha256 }) => ({ name: `${name}.csv`, sha256 })),
    ...datasets.filter(({ card }) => card).map(({ name, card }) => ({
      name: `${name}.json`,
      sha256: sha256Hex(JSON.stringify(card)),
    })),
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
  throw new StageError(`Cannot benchmark ${missing}: ${folder} holds no such ${what}`, {
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
  const models = folders.flatMap((folder) => {
    const cardPath = join(folder, "model_card.json");
    if (!isFile(cardPath)) return [];
    const card = parseModelCard(Deno.readTextFileSync(cardPath), cardPath);
    return card.files.filter((file) => file.format.startsWith("tflite-")).map((file) => {
      const quantized = file.format === "tflite-int8", path = join(folder, file.file);
      if (!isFile(path)) {
        throw new StageError(`Cannot run ${path}: the model card names it, but it is not there`, {
          hint: "copy the whole folder of the model, or remove it",
        });
      }
      const form = file.format.replace("tflite-", "");
      const name = card.name + (form === "float32" ? "" : `-${form}`);
      return { name, card, cardPath, file, quantized, path };
    });
  });
  const twice = models.find(({ name }, i) => models.findIndex((other) => other.name === name) !== i);
  if (twice) {
    throw new StageError(`Cannot benchmark: two model cards say ${twice.card.name}`, {
      hint: `remove the copy, ${twice.cardPath} or the other one`,
    });
  }
  return models;
}

function listDatasets(root: string, hasher: FileHasher): BenchDataset[] {
  const folder = join(root, "Datasets");
  if (!statOrUndefined(folder)?.isDirectory) return [];
  const names = [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
  const files = names.filter((name) => name.endsWith(".csv") && isFile(join(folder, name)));
  return files.map((file) => {
    const name = file.slice(0, -".csv".length),
      path = join(folder, file),
      cardPath = join(folder, `${name}.json`);
    const { sha256 } = hasher.hash(path);
    if (!isFile(cardPath)) return { name, path, sha256 };
    const card = parseDatasetCard(Deno.readTextFileSync(cardPath), cardPath);
    if (card.sha256 !== sha256) {
      throw new StageError(`Cannot run on ${path}: its SHA-256 is not the one in ${cardPath}`, {
        hint: "export it again with `deno task export --force`, or remove the .json if the .csv is your own",
      });
    }
    return { name, path, sha256, card };
  });
}
