import { join } from "node:path";
import { FormatError, StageError } from "../../core/errors.ts";
import { decodeHeaderText, MAX_HEADER_CHARS } from "../../formats/wfdb/header.ts";
import {
  type FileOf,
  planRecord,
  type RecordPlan,
  segmentHeaders,
} from "../../formats/wfdb/multi_segment.ts";
import type { RecordHeader } from "../../formats/wfdb/record.ts";
import type { SignalFile } from "../../formats/wfdb/signal.ts";
import { readHeader } from "../../formats/wfdb/wfdb.ts";
import type { FolderRecord } from "../../sources/folder.ts";

/** A header may hold this many characters, of up to four bytes. */
const MAX_HEADER_BYTES = 4 * MAX_HEADER_CHARS;

/** A record whose headers are read and whose signals are read on demand. */
export interface WfdbInput {
  plan: RecordPlan;
  fileOf: FileOf;
  /** The annotation file; undefined where the record has none. */
  annotations?: Uint8Array;
}

/**
 * Reads a header of a folder.
 *
 * @throws {FormatError} When it is no header, or not of the record that its file is named after.
 */
export function readFolderHeader(folder: string, name: string): RecordHeader {
  const path = join(folder, name), { size } = Deno.statSync(path);
  if (size > MAX_HEADER_BYTES) {
    throw new FormatError(
      `Cannot parse WFDB header: it must have at most ${MAX_HEADER_BYTES} bytes, got ${size}`,
      {
        file: path,
      },
    );
  }
  return readHeader(decodeHeaderText(Deno.readFileSync(path)), path);
}

/**
 * Opens a record of a folder.
 *
 * @throws {StageError} When the folder lacks a file that the record needs.
 * @throws {FormatError} When a header is none, or its segments do not fit together.
 */
export function openWfdbRecord(
  folder: string,
  { record, header: name, annotations }: FolderRecord,
): WfdbInput {
  const header = readFolderHeader(folder, name);
  const lacks = <T>(file: string, what: string, read: () => T): T => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new StageError(`Cannot ingest record ${record}: ${folder} has no ${file}`, {
        hint: `${name} names that ${what}: fetch it, or leave the record out with --records`,
      });
    }
  };
  const segments = segmentHeaders(header).map((file) =>
    [file, lacks(file, "segment", () => readFolderHeader(folder, file))] as const
  );
  return {
    plan: planRecord(header, new Map(segments)),
    fileOf({ signals }, signal) {
      const file = signals[signal].fileName;
      return lacks(file, "signal file", () => signalFileOf(join(folder, file)));
    },
    annotations: annotations === undefined ? undefined : Deno.readFileSync(join(folder, annotations)),
  };
}

/** A signal file that is open only while a part of it is read: nobody has to close it. */
function signalFileOf(path: string): SignalFile {
  const { size } = Deno.statSync(path);
  return {
    size,
    read(from, to) {
      using file = Deno.openSync(path);
      file.seekSync(from, Deno.SeekMode.Start);
      const bytes = new Uint8Array(to - from);
      for (let done = 0; done < bytes.length;) {
        const got = file.readSync(bytes.subarray(done));
        if (got === null) {
          throw new FormatError("Cannot read a signal file: it became shorter while it was read", {
            file: path,
          });
        }
        done += got;
      }
      return bytes;
    },
  };
}
