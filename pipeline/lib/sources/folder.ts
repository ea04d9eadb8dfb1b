import { FormatError, StageError } from "../core/errors.ts";
import type { RecordHeader } from "../formats/wfdb/record.ts";
import { isPlainFileName } from "./file_name.ts";

/** The files of one record in a folder. */
export interface FolderRecord {
  /** Record name, for example "100". */
  record: string;
  /** Header file: the record's name with ".hea". */
  header: string;
  /** Annotation file of the wanted annotator; undefined where the folder has none. */
  annotations?: string;
}

const FOLDER_HINT =
  "Name a folder that holds WFDB records (.hea, .dat, .atr) or ECG text files (.csv, .tsv, .txt), or use " +
  "--source physionet or --source synthetic.";

/**
 * Finds the WFDB records of a folder.
 *
 * @param fileNames Names of the folder's files, in any order.
 * @param recordsFile Text of the folder's RECORDS file, one record name a line; without it, every .hea is a record.
 * @param annotator Extension of the annotation files (default "atr").
 * @returns In the order of RECORDS, else sorted by name. A record without annotations is listed: whether it is of use
 * is the caller's to decide.
 * @throws {StageError} When the folder is empty, holds no record, or lacks the header of a record that RECORDS names.
 * @throws {FormatError} When RECORDS holds what is no record name, or one twice.
 */
export function listWfdbRecords(
  fileNames: readonly string[],
  recordsFile?: string,
  annotator = "atr",
): FolderRecord[] {
  if (fileNames.length === 0) {
    throw new StageError("Cannot read records: the folder must hold WFDB records, got an empty folder", {
      hint: FOLDER_HINT,
    });
  }
  const present = new Set(fileNames);
  const records = recordsFile === undefined
    ? fileNames.filter((name) => name.endsWith(".hea")).map((name) => name.slice(0, -".hea".length)).sort()
    : parseRecordsFile(recordsFile);
  if (records.length === 0) {
    const place = recordsFile === undefined ? "the folder" : "RECORDS";
    const got = recordsFile === undefined
      ? `${fileNames.length} files, none of them a .hea`
      : "an empty list";
    throw new StageError(`Cannot read records: ${place} must hold WFDB records, got ${got}`, {
      hint: FOLDER_HINT,
    });
  }
  return records.map((record) => {
    const header = `${record}.hea`, annotations = `${record}.${annotator}`;
    if (!present.has(header)) {
      throw new StageError(`Cannot read record ${record}: RECORDS names it, but there is no ${header}`, {
        hint: "Copy the missing file into the folder, or take the record out of RECORDS.",
      });
    }
    return present.has(annotations) ? { record, header, annotations } : { record, header };
  });
}

/**
 * Names the signal files that a record needs.
 *
 * @returns Each name once, in the header's order.
 * @throws {FormatError} On a name that could lead out of the record's folder.
 */
export function recordFiles(header: RecordHeader): string[] {
  const names = new Set(header.signals.map(({ fileName }) => fileName));
  for (const name of names) {
    if (!isPlainFileName(name)) {
      throw new FormatError(
        `Cannot read record ${header.record}: a signal file must lie in the header's folder, got ${
          JSON.stringify(name)
        }`,
        { file: `${header.record}.hea` },
      );
    }
  }
  return [...names];
}

function parseRecordsFile(text: string): string[] {
  const records: string[] = [];
  const seen = new Set<string>();
  for (const [i, line] of text.split("\n").entries()) {
    const record = line.trim();
    if (record === "") continue;
    const refuse = (demand: string): never => {
      const shown = record.length > 60 ? `${record.slice(0, 60)}...` : record;
      throw new FormatError(`Cannot read the list of records: ${demand}, got ${JSON.stringify(shown)}`, {
        file: "RECORDS",
        line: i + 1,
      });
    };
    if (!isPlainFileName(record)) refuse("a record must be a plain name");
    if (seen.has(record)) refuse("a record must be named once");
    seen.add(record);
    records.push(record);
  }
  return records;
}
