import { join } from "node:path";
import { StageError } from "../pipeline/lib/core/errors.ts";
import { type LeadSamples, readLead } from "../pipeline/lib/formats/wfdb/multi_segment.ts";
import type { Annotation, SignalSpec } from "../pipeline/lib/formats/wfdb/record.ts";
import { readAnnotations } from "../pipeline/lib/formats/wfdb/wfdb.ts";
import { type FolderRecord, listWfdbRecords } from "../pipeline/lib/sources/folder.ts";
import { openWfdbRecord } from "../pipeline/lib/stage/inputs/wfdb_folder.ts";

/** One lead of a record. */
export interface RecordLead {
  /** Name of the lead; "" where the header gives none. */
  lead: string;
  fs: number;
  /** In the header's unit; a missing sample repeats its predecessor, 0 at the start. */
  ecg: Float32Array;
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
  if (annotated.length === 0) {
    throw new StageError(`Cannot read records: one of ${folder} must have annotations (.atr), got none`, {
      hint: "name another folder with --source",
    });
  }
  if (missing !== undefined) {
    throw new StageError(
      `Cannot read record ${missing}: ${folder} has none of that name with annotations (.atr)`,
      {
        hint: `it has ${annotated.map(({ record }) => record).join(", ")}`,
      },
    );
  }
  return only.length === 0 ? annotated : annotated.filter(({ record }) => only.includes(record));
}

/**
 * Reads and decodes one lead of a record and its annotations.
 *
 * @param wanted Name of the lead; without it, the record's first signal.
 * @returns Undefined where the record has no lead of that name.
 */
export function readRecordLead(folder: string, found: FolderRecord): RecordLead;
export function readRecordLead(folder: string, found: FolderRecord, wanted?: string): RecordLead | undefined;
export function readRecordLead(folder: string, found: FolderRecord, wanted?: string): RecordLead | undefined {
  const { plan, fileOf, annotations } = openWfdbRecord(folder, found);
  const names = plan.leads.map(({ spec }) => spec.description);
  const index = wanted === undefined
    ? 0
    : names.findIndex((name) => name.toLowerCase() === wanted.toLowerCase());
  if (index < 0) return undefined;
  const { spec, fs, missing } = plan.leads[index];
  const stored = readLead(plan, index, fileOf);
  // Annotations count in frames.
  const list = annotations === undefined ? [] : readAnnotations(plan.header, annotations);
  return {
    lead: names[index],
    fs,
    ecg: toPhysical(stored, spec, missing),
    annotations: list.map((annotation) => ({
      ...annotation,
      sample: annotation.sample * spec.samplesPerFrame,
    })),
  };
}

function toPhysical(
  stored: LeadSamples,
  { gainAduPerUnit, baselineAdu }: SignalSpec,
  missing: number,
): Float32Array<ArrayBuffer> {
  const ecg = new Float32Array(stored.length), unitsPerAdu = 1 / gainAduPerUnit;
  let last = 0;
  for (let i = 0; i < ecg.length; i++) {
    if (stored[i] !== missing) last = (stored[i] - baselineAdu) * unitsPerAdu;
    ecg[i] = last;
  }
  return ecg;
}
