import { StageError, UsageError } from "../../pipeline/lib/core/errors.ts";
import { PROJECT } from "../../pipeline/lib/stage/workspace.ts";
import { alignColumns } from "../align_columns.ts";
import { type CsvMeasurement, makeText, TEXT_KINDS } from "./csv_workload.ts";
import { readOptions } from "./options.ts";
import { measureApart } from "./own_process.ts";
import type { PerfTopic } from "./topic.ts";

/** One line of the result. */
interface CsvFigures {
  text: string;
  reader: string;
  megabytesPerSecond: number;
  millionSamplesPerSecond: number;
  /** How many times as fast as csv-parse on the same text in the same run; null where that was not measured. */
  ratioToCsvParse: number | null;
  /** How many times as fast as pandas.read_csv; null without a Python. */
  ratioToPandas: number | null;
  /** Of the process; null for pandas. The text in memory is part of it but for "own, streaming". */
  peakRssMb: number | null;
}

const STREAM_FS = 1000;

/** Speed of reading signals from text, and of csv-parse and pandas beside it. */
export const csvTopic: PerfTopic = {
  doc:
    "reading text files of signals: this project's reader, csv-parse, and pandas where a Python is given, on one core",
  usage: [
    "--json: Print an array of {text, reader, megabytesPerSecond, millionSamplesPerSecond, ratioToCsvParse, ratioToPandas, peakRssMb}.",
    `--text <name>: Only this one of ${Object.keys(TEXT_KINDS).join(", ")}.`,
    "--rows <n>: Default 2000000.",
    "--passes <n>: The best of so many counts; default 3.",
    `--hours <n>: Length of the recording at ${STREAM_FS} Hz that is streamed, for the memory; default 1, 0 leaves it out.`,
    "--python <path>: A Python with pandas.",
  ].join("\n"),
  async run(args) {
    const { json, kinds, rows, passes, hours, python } = parseOptions(args), figures: CsvFigures[] = [];
    const say = (text: string) => console.error(`[perf csv] ${text}`);
    for (const kind of kinds) {
      say(TEXT_KINDS[kind].doc);
      const own = await measure("own", kind, rows, passes),
        csvParse = await measure("csv-parse", kind, rows, passes);
      const pandas = python === undefined ? {} : await measurePandas(python, kind, rows, passes);
      const ratio = (seconds: number, peer: number | undefined) =>
        peer === undefined ? null : Number((peer / seconds).toPrecision(3));
      const add = (reader: string, seconds: number, peakRssMb: number | null) =>
        figures.push({
          text: kind,
          reader,
          megabytesPerSecond: Number((own.bytes / 1e6 / seconds).toPrecision(3)),
          millionSamplesPerSecond: Number((rows / 1e6 / seconds).toPrecision(3)),
          ratioToCsvParse: ratio(seconds, csvParse.seconds),
          ratioToPandas: ratio(seconds, pandas.pandas),
          peakRssMb,
        });
      add("own", own.seconds, own.peakRssMb);
      add("csv-parse", csvParse.seconds, csvParse.peakRssMb);
      for (const [name, seconds] of Object.entries(pandas)) add(name, seconds, null);
    }
    if (hours > 0) {
      const rows = Math.round(hours * 3600 * STREAM_FS);
      say(`streaming ${rows.toLocaleString("en")} rows (${hours} h at ${STREAM_FS} Hz), made on the way`);
      const { bytes, seconds, peakRssMb } = await measure("stream", "time", rows, 1);
      figures.push({
        text: "time",
        reader: "own, streaming, text made on the way",
        megabytesPerSecond: Number((bytes / 1e6 / seconds).toPrecision(3)),
        millionSamplesPerSecond: Number((rows / 1e6 / seconds).toPrecision(3)),
        ratioToCsvParse: null,
        ratioToPandas: null,
        peakRssMb,
      });
    }
    console.log(json ? JSON.stringify(figures, null, 1) : formatTable(figures));
  },
};

function parseOptions(args: string[]) {
  const values = readOptions(args, {
    json: { type: "boolean", default: false },
    text: { type: "string" },
    rows: { type: "string", default: "2000000" },
    passes: { type: "string", default: "3" },
    hours: { type: "string", default: "1" },
    python: { type: "string" },
  });
  const number = (name: "rows" | "passes" | "hours", min: number, max: number) => {
    const value = Number(values[name]);
    if (value >= min && value <= max && (name === "hours" || Number.isInteger(value))) return value;
    throw new UsageError(`Cannot measure: --${name} must be from ${min} to ${max}, got ${values[name]}`);
  };
  const { json, text, python } = values;
  if (text !== undefined && !Object.hasOwn(TEXT_KINDS, text)) {
    throw new UsageError(
      `Cannot measure: --text must be one of ${Object.keys(TEXT_KINDS).join(", ")}, got ${text}`,
    );
  }
  return {
    json,
    kinds: text === undefined ? Object.keys(TEXT_KINDS) : [text],
    rows: number("rows", 100, 1e8),
    passes: number("passes", 1, 100),
    hours: number("hours", 0, 100),
    python,
  };
}

function measure(reader: string, kind: string, rows: number, passes: number): Promise<CsvMeasurement> {
  const workload = [reader, kind, String(rows), String(passes)];
  return measureApart(reader, ["--allow-read", "tasks/perf/csv_workload.ts", ...workload]);
}

/** @returns Seconds by the reader's name. */
async function measurePandas(
  python: string,
  kind: string,
  rows: number,
  passes: number,
): Promise<Record<string, number>> {
  const { header } = TEXT_KINDS[kind];
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(python, {
      args: ["tasks/perf/csv_peers.py", String(passes), header === "" ? "0" : "1"],
      cwd: PROJECT,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    throw new StageError(`Cannot run ${python}: ${(error as Error).message}`);
  }
  const writer = child.stdin.getWriter();
  try {
    for (const chunk of makeText(TEXT_KINDS[kind], rows)) await writer.write(chunk);
    await writer.close();
  } catch {
    // It has ended before: what it says tells why.
  }
  const { success, stdout, stderr } = await child.output();
  if (!success) {
    throw new StageError(
      `Cannot measure with ${python}: ${new TextDecoder().decode(stderr).trim().split("\n").at(-1)}`,
      {
        hint: "what it needs is named at the top of tasks/perf/csv_peers.py",
      },
    );
  }
  const { version: _, ...seconds } = JSON.parse(new TextDecoder().decode(stdout));
  return seconds;
}

function formatTable(figures: CsvFigures[]): string {
  const rows = figures.map((figure) => [
    TEXT_KINDS[figure.text].doc,
    figure.reader,
    String(figure.megabytesPerSecond),
    String(figure.millionSamplesPerSecond),
    String(figure.ratioToCsvParse ?? "-"),
    String(figure.ratioToPandas ?? "-"),
    String(figure.peakRssMb ?? "-"),
  ]);
  return alignColumns(
    [["text", "reader", "MB/s", "Mrow/s", "x csv-parse", "x pandas", "peak MB"], ...rows],
    2,
  );
}
