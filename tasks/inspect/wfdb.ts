import { basename, dirname, join } from "node:path";
import { FormatError, StageError } from "../../pipeline/lib/core/errors.ts";
import { readLeadParts } from "../../pipeline/lib/formats/wfdb/multi_segment.ts";
import type { Annotation } from "../../pipeline/lib/formats/wfdb/record.ts";
import { readAnnotations } from "../../pipeline/lib/formats/wfdb/wfdb.ts";
import { openWfdbRecord, type WfdbInput } from "../../pipeline/lib/stage/inputs/wfdb_folder.ts";
import { alignColumns } from "../align_columns.ts";
import {
  factLines,
  type FileKind,
  ingestCommand,
  type Inspection,
  type InspectOptions,
  lengthText,
  titleOf,
} from "./inspection.ts";

const ANNOTATOR = ".atr";
const stemOf = (path: string): string => basename(path).replace(/\.[^.]*$/, "");

/** How often each mnemonic stands in a list, the commonest first. */
function countSymbols(annotations: readonly Annotation[]): [string, number][] {
  const counts = Map.groupBy(annotations, ({ symbol }) => symbol);
  return [...counts].map(([symbol, of]): [string, number] => [symbol, of.length]).sort((a, b) => b[1] - a[1]);
}

/** Reads every sample, as ingest does, so that what is wrong with them comes out. @returns Samples of each lead. */
function readAll({ plan, fileOf }: WfdbInput): number[] {
  return plan.leads.map((_, lead) => {
    let samples = 0;
    for (const part of readLeadParts(plan, lead, fileOf)) samples += part.length;
    return samples;
  });
}

function inspectWfdb(path: string, { names }: InspectOptions): Inspection {
  const folder = dirname(path), record = stemOf(path), header = `${record}.hea`;
  const annotationFile = names.includes(record + ANNOTATOR) ? record + ANNOTATOR : undefined;
  if (!names.includes(header)) {
    throw new StageError(`Cannot read ${path}: its folder must hold its header, ${header}, got none`, {
      hint: "fetch the header, or name the .hea file of the record that this file belongs to",
    });
  }
  const input = openWfdbRecord(folder, { record, header, annotations: annotationFile });
  const { leads, header: { fs, comments, samples }, segments } = input.plan;
  let refusal: unknown;
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof FormatError || error instanceof StageError)) throw error;
      refusal ??= error;
    }
  };
  const read = attempt(() => readAll(input));
  const annotations = attempt(() =>
    input.annotations && readAnnotations(input.plan.header, input.annotations)
  );
  const frames = read?.[0] === undefined ? samples : Math.round(read[0] * fs / leads[0].fs);
  const symbols = annotations && countSymbols(annotations);
  const flags = annotationFile === undefined ? ["--missingAnnotations", "unlabelled"] : [];
  const command = ingestCommand(join(folder, header), record, flags);
  const table = [
    ["lead", "name", "unit", "file", "format", "Hz", "gain", "baseline"],
    ...leads.map(({ spec, fs }, i) => [
      String(i + 1),
      spec.description || "-",
      spec.units,
      segments.length > 1 ? `${segments.length} segments` : spec.fileName,
      String(spec.format),
      String(fs),
      String(spec.gainAduPerUnit),
      String(spec.baselineAdu),
    ]),
  ];
  return {
    json: {
      record,
      fs,
      samples: frames,
      segments: segments.length,
      leads: leads.map(({ spec, fs }) => ({ ...spec, fs })),
      annotations: symbols && Object.fromEntries(symbols),
      comments,
      ingest: command,
    },
    lines: [
      titleOf(join(folder, header), `WFDB record ${record}`),
      ...factLines([
        ["leads", alignColumns(table, 4).split("\n")],
        ["rate", `${fs} Hz`],
        ...(frames === undefined ? [] : [["length", lengthText(frames, fs)] as const]),
        [
          "labels",
          annotationFile === undefined
            ? `none: there is no ${record}${ANNOTATOR}`
            : symbols === undefined
            ? `none that can be read in ${annotationFile}`
            : `${annotations!.length.toLocaleString("en")} annotations: ${
              symbols.map(([symbol, n]) => `${symbol} ${n}`).join(", ")
            }`,
        ],
        ...(comments.length > 0 ? [["comments", comments] as const] : []),
        ...(refusal === undefined
          ? [["found", "all samples are there and agree with the header"] as const]
          : []),
        ["ingest", command],
      ]),
    ],
    refusal,
  };
}

/** Records of the WFDB library, by any of their files. */
export const wfdbKind: FileKind = {
  name: "wfdb",
  files: ".hea, .dat, .atr",
  matches: (path) => /\.(hea|dat|atr)$/i.test(path),
  inspect: inspectWfdb,
};
