import { join } from "node:path";
import { StageError } from "../pipeline/lib/core/errors.ts";
import { decodeAnnotations } from "../pipeline/lib/formats/wfdb/annotations.ts";
import { parseHeader } from "../pipeline/lib/formats/wfdb/header.ts";
import type { Annotation, RecordHeader } from "../pipeline/lib/formats/wfdb/record.ts";
import { readSignals } from "../pipeline/lib/formats/wfdb/signal.ts";
import { sampleTraits } from "../pipeline/lib/formats/wfdb/storage_formats.ts";
import { chooseLead, toMillivolts } from "../pipeline/lib/signal/leads.ts";
import { type FolderRecord, listWfdbRecords, recordFiles } from "../pipeline/lib/sources/folder.ts";

/** One lead of a record. */
export interface RecordLead {
  /** Name of the lead; "" where the header gives none. */
  lead: string;
  fs: number;
  millivolts: Float32Array;
  annotations: Annotation[];
}

/**
 * Lists the records of a folder that have reference annotations.
 *
 * @param only Names of records; empty for all.
 * @throws {StageError} When there is no such folder, no such record, or no annotated one.
 */
export function listAnnotatedRecords(folder: string, only: readonly string[]): FolderRecord[] {
  let names: string[];
  try {
    names = [...Deno.readDirSync(folder)].filter((entry) => !entry.isDirectory).map((entry) => entry.name);
  } catch (error) {
    throw new StageError(`Cannot read records: ${folder} must be a folder (${(error as Error).message})`, {
      hint: "name a folder of WFDB records with --source, or fetch MIT-BIH with deno task ingest",
    });
  }
  const recordsFile = names.includes("RECORDS") ? Deno.readTextFileSync(join(folder, "RECORDS")) : undefined;
  const annotated = listWfdbRecords(names, recordsFile).filter(({ annotations }) =>
    annotations !== undefined
  );
  const missing = only.find((name) => !annotated.some(({ record }) => record === name));
  if (missing !== undefined || annotated.length === 0) {
    throw new StageError(
      `Cannot read record ${missing ?? ""}: the folder holds no such record with annotations (.atr)`,
      { hint: `it holds ${annotated.map(({ record }) => record).join(", ") || "none"}` },
    );
  }
  return only.length === 0 ? annotated : annotated.filter(({ record }) => only.includes(record));
}

/**
 * Reads and decodes one lead of a record and its annotations.
 *
 * @param wanted Name of the lead; without it, the record's first signal.
 */
export function readRecordLead(folder: string, found: FolderRecord, wanted?: string): RecordLead {
  const header = parseHeader(Deno.readTextFileSync(join(folder, found.header)), found.header);
  const names = header.signals.map(({ description }) => description);
  const index = wanted === undefined ? 0 : chooseLead(names, wanted).index;
  return {
    lead: names[index],
    fs: header.fs,
    millivolts: decodeLead(folder, header, index),
    annotations: found.annotations === undefined
      ? []
      : decodeAnnotations(Deno.readFileSync(join(folder, found.annotations)), found.annotations),
  };
}

function decodeLead(folder: string, header: RecordHeader, index: number): Float32Array {
  const files = new Map(recordFiles(header).map((name) => [name, Deno.readFileSync(join(folder, name))]));
  const { format, gainAduPerUnit, baselineAdu } = header.signals[index];
  const { millivolts } = toMillivolts(readSignals(header, files, { only: [index] })[0], {
    gainAduPerMv: gainAduPerUnit,
    baselineAdu,
    missingAdu: sampleTraits(format).missing,
  });
  return new Float32Array(millivolts);
}
