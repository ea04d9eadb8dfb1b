import { FormatError, StageError } from "../core/errors.ts";
import { segmentHeaders } from "../formats/wfdb/multi_segment.ts";
import type { RecordHeader } from "../formats/wfdb/record.ts";
import { NULL_FORMAT } from "../formats/wfdb/storage_formats.ts";
import { isPlainFileName } from "./file_name.ts";

/** The files of one record in a folder. */
export interface FolderRecord {
  /** Record name, for example "100". */
  record: string;
  /** Header file: the record's name with ".hea". */
  header: string;
  /** Reference annotations: the record's name with ".atr"; undefined where the folder has none. */
  annotations?: string;
}

const NO_HEADER: RecordHeader = { record: "", fs: 1, signals: [], comments: [] };

const FOLDER_HINT =
  "Name a folder that holds WFDB records (.hea, .dat, .atr) or ECG text files (.csv, .tsv, .txt), or use " +
  "--source physionet or --source synthetic.";

/**
 * Finds the WFDB records of a folder.
 *
 * @param fileNames Names of the folder's files, in any order.
 * @param recordsFile Text of the folder's RECORDS file, one record name a line; without it, every .hea is a record.
 * @returns In the order of RECORDS, else sorted by name. A record without annotations is listed: whether it is of use
 * is the caller's to decide.
 * @throws {StageError} When the folder is empty, holds no record, or lacks the header of a record that RECORDS names.
 * @throws {FormatError} When RECORDS holds what is no record name, or one twice.
 */
export function listWfdbRecords(fileNames: readonly string[], recordsFile?: string): FolderRecord[] {
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
    const header = `${record}.hea`, annotations = `${record}.atr`;
    if (!present.has(header)) {
      throw new StageError(`Cannot read record ${record}: RECORDS names it, but there is no ${header}`, {
        hint: "Copy the missing file into the folder, or take the record out of RECORDS.",
      });
    }
    return present.has(annotations) ? { record, header, annotations } : { record, header };
  });
}

/**
 * Leaves out the records that are segments of others in the list.
 *
 * @param headerOf Gives the header of a record; undefined where it cannot be read.
 */
export function withoutSegments(
  records: readonly FolderRecord[],
  headerOf: (record: FolderRecord) => RecordHeader | undefined,
): FolderRecord[] {
  const segments = new Set(records.flatMap((record) => segmentHeaders(headerOf(record) ?? NO_HEADER)));
  return records.filter(({ header }) => !segments.has(header));
}

/**
 * Names every file that reading a record takes: its header, its segments' headers, signal files and annotations.
 *
 * @param headerOf Gives a header by the name of its file; undefined where there is none, which is then left out.
 * @returns Each name once.
 * @throws {FormatError} On a name that could lead out of the record's folder.
 */
export function listRecordFiles(
  { header: name, annotations }: FolderRecord,
  headerOf: (name: string) => RecordHeader | undefined,
): string[] {
  const header = headerOf(name);
  const own = header === undefined ? [] : [header];
  const segments = own.flatMap(segmentHeaders).map((segment) => ({ segment, header: headerOf(segment) }));
  const headers = segments.flatMap((segment) => segment.header ?? []);
  return [
    ...new Set([
      name,
      ...segments.map(({ segment }) => segment),
      ...[...own, ...headers].flatMap(recordFiles),
      ...annotations === undefined ? [] : [annotations],
    ]),
  ];
}

/**
 * Names the signal files that a header needs; those of its segments are not among them.
 *
 * @returns Each name once, in the header's order.
 * @throws {FormatError} On a name that could lead out of the record's folder.
 */
export function recordFiles(header: RecordHeader): string[] {
  const names = new Set(
    header.signals.filter(({ format }) => format !== NULL_FORMAT).map(({ fileName }) => fileName),
  );
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
