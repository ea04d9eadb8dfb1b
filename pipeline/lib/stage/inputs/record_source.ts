import { basename, join, resolve } from "node:path";
import { FormatError, StageError } from "../../core/errors.ts";
import { downloadDatabase, MITDB_URL, SUMS_FILE } from "../../sources/physionet.ts";
import { parseSha256Sums } from "../../sources/sha256sums.ts";
import {
  type FolderRecord,
  listRecordFiles,
  listWfdbRecords,
  withoutSegments,
} from "../../sources/folder.ts";
import { recordOfAnnotationText } from "../../formats/kaggle_csv/annotation_text.ts";
import type { StageInput } from "../cache.ts";
import { createDirectoryStore } from "../directory_store.ts";
import { type FileHasher, statOrUndefined } from "../files.ts";
import type { Progress } from "../progress.ts";
import { type CsvFile, listCsvFiles } from "./csv_folder.ts";
import { readFolderHeader } from "./wfdb_folder.ts";

/** Where raw records come from, with nothing left to find out. */
export type RecordSource =
  | { kind: "synthetic" }
  | { kind: "wfdb"; folder: string; records: FolderRecord[] }
  | { kind: "csv"; folder: string; files: CsvFile[] };

export interface RecordSourceOptions {
  /** "auto", "physionet", "synthetic" or a folder. */
  source: string;
  /** Address of another server with PhysioNet's layout; "" for PhysioNet itself. */
  mirror: string;
  /** Only these records; empty for all. */
  records: string[];
  root: string;
  /** Do not fetch anything. */
  dryRun: boolean;
  progress: Progress;
  hasher: FileHasher;
}

const MITDB_FOLDER = "data/mit_database";

/**
 * Finds the records that a source names, fetching them first where they are to be fetched.
 *
 * @returns The source, and the hash of every file in it that will be read.
 * @throws {StageError} No folder, no records in it, a file that is not what SHA256SUMS.txt says, no network.
 */
export async function findRecordSource(
  options: RecordSourceOptions,
): Promise<{ inputs: StageInput[]; external: RecordSource }> {
  const { source, root } = options;
  if (source === "synthetic") return { inputs: [], external: { kind: "synthetic" } };
  const mitdb = join(root, MITDB_FOLDER);
  if (source === "physionet" || source === "auto" && !isWhole(mitdb)) {
    if (options.dryRun) return { inputs: [], external: { kind: "wfdb", folder: mitdb, records: [] } };
    await fetchMitdb(mitdb, options);
    return readFolder(mitdb, options);
  }
  return readFolder(source === "auto" ? mitdb : resolve(root, source), options);
}

/** A folder that someone filled by hand counts as whole; one that a download left unfinished holds a .part file. */
function isWhole(folder: string): boolean {
  if (!statOrUndefined(folder)?.isDirectory) return false;
  const names = [...Deno.readDirSync(folder)].map((entry) => entry.name);
  const isRecord = (name: string) => name.endsWith(".hea") || recordOfAnnotationText(name) !== undefined;
  return names.some(isRecord) &&
    (names.includes(SUMS_FILE) || !names.some((name) => name.endsWith(".part")));
}

async function fetchMitdb(folder: string, { mirror, progress }: RecordSourceOptions): Promise<void> {
  const baseUrl = mirror === "" ? MITDB_URL : mirror;
  let bar: ReturnType<Progress["bar"]> | undefined;
  try {
    await downloadDatabase({
      baseUrl,
      store: createDirectoryStore(folder),
      onProgress({ file, filesDone, filesTotal }) {
        bar ??= progress.bar(`fetching ${new URL(baseUrl).host}`, filesTotal, "files");
        bar.update(filesDone, file);
      },
      onRetry: ({ file, reason, attempt, delayMs }) =>
        progress.line(
          `${file}: ${reason}; attempt ${attempt + 1} in ${(delayMs / 1000).toFixed(1)} s, trying again`,
        ),
    });
  } finally {
    bar?.finish();
  }
}

function readFolder(
  folder: string,
  options: RecordSourceOptions,
): { inputs: StageInput[]; external: RecordSource } {
  const { source, records: only, progress, hasher } = options;
  if (!statOrUndefined(folder)?.isDirectory) {
    const isFile = statOrUndefined(folder) !== undefined;
    throw new StageError(
      `Cannot read records: ${
        isFile ? `${source} must be a folder, got a file` : `there is no folder ${source}`
      }`,
      {
        hint: isFile
          ? `give its folder as --source, and the record alone with --records ${
            basename(source).replace(/\.[^.]*$/, "")
          }`
          : "--source takes auto, physionet, synthetic or the path of a folder of WFDB or CSV files",
      },
    );
  }
  const names = fileNames(folder, progress);
  const isWfdb = names.some((name) => name.endsWith(".hea")), csvFiles = listCsvFiles(names);
  if (isWfdb && csvFiles.length > 0) {
    progress.line(`${csvFiles.length} CSV files passed over: the folder holds WFDB records`);
  }
  const found: RecordSource = csvFiles.length > 0 && !isWfdb
    ? { kind: "csv", folder, files: pick(csvFiles, only, ({ record }) => record) }
    : { kind: "wfdb", folder, records: pick(listRecords(folder, names), only, ({ record }) => record) };

  const sums = names.includes(SUMS_FILE)
    ? new Map(
      parseSha256Sums(Deno.readTextFileSync(join(folder, SUMS_FILE)), join(folder, SUMS_FILE))
        .map(({ name, sha256 }) => [name, sha256]),
    )
    : undefined;
  const wanted = found.kind === "csv"
    ? found.files.flatMap(({ file, annotations }) => annotations === undefined ? [file] : [file, annotations])
    : wfdbFiles(found, new Set(names));
  const bar = progress.bar("verifying", wanted.length, "files");
  const inputs = wanted.map((name, i) => {
    const { sha256 } = hasher.hash(join(folder, name));
    if (sums?.has(name) && sums.get(name) !== sha256) {
      throw new StageError(`Cannot read ${join(folder, name)}: its SHA-256 is not the one in ${SUMS_FILE}`, {
        hint: "the file is damaged or was changed: fetch it again, or remove it and use --source physionet",
      });
    }
    bar.update(i + 1, name);
    return { name, sha256 };
  });
  bar.finish();
  return { inputs, external: found };
}

/** Names of a folder's files in order. What a link does not lead to, or would be waited for without end, is none. */
function fileNames(folder: string, progress: Progress): string[] {
  const entries = [...Deno.readDirSync(folder)].filter(({ isDirectory }) => !isDirectory);
  const isFile = ({ name, isFile }: Deno.DirEntry) =>
    isFile || statOrUndefined(join(folder, name))?.isFile === true;
  const others = entries.filter((entry) => !isFile(entry)).map(({ name }) => name).sort();
  if (others.length > 0) {
    progress.line(
      `${others.length} passed over, because they are no files: ${others.slice(0, 5).join(", ")}`,
    );
  }
  return entries.filter(isFile).map(({ name }) => name).sort();
}

function listRecords(folder: string, names: string[]): FolderRecord[] {
  if (names.includes("RECORDS")) {
    return listWfdbRecords(names, Deno.readTextFileSync(join(folder, "RECORDS")));
  }
  return withoutSegments(listWfdbRecords(names), ({ header }) => {
    try {
      return readFolderHeader(folder, header);
    } catch (error) {
      // Whether a header holds is asked of the records that are wanted.
      if (error instanceof FormatError) return undefined;
      throw error;
    }
  });
}

/** The files that reading the records takes, as far as the folder has them. */
function wfdbFiles(
  { folder, records }: Extract<RecordSource, { kind: "wfdb" }>,
  names: ReadonlySet<string>,
): string[] {
  const headerOf = (name: string) => names.has(name) ? readFolderHeader(folder, name) : undefined;
  const files = new Set(records.flatMap((record) => listRecordFiles(record, headerOf)));
  return [...names].filter((name) => files.has(name));
}

function pick<T>(all: T[], only: string[], nameOf: (item: T) => string): T[] {
  const known = all.map(nameOf);
  const missing = only.find((record) => !known.includes(record));
  if (missing !== undefined) {
    throw new StageError(`Cannot read record ${missing}: the source holds no such record`, {
      hint: `it holds ${known.slice(0, 8).join(", ")}${known.length > 8 ? `, ... (${known.length})` : ""}`,
    });
  }
  return only.length === 0 ? all : all.filter((item) => only.includes(nameOf(item)));
}
