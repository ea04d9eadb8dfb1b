import type { Incidents } from "../formats/csv/incidents.ts";
import { factorOf } from "../formats/csv/plan.ts";
import type { SignalCsv } from "../formats/csv/signal_csv.ts";

/** Something worth knowing about a file that was read. */
export interface CsvFinding {
  /** "repaired": the reader did something about it; "noticed": it did not. */
  kind: "repaired" | "noticed";
  text: string;
}

/** Share of a lead that is flat or missing, from which on it is no lead. */
const LEAD_OFF_SHARE = 0.9;
/** Seconds of saturation that are worth a word. */
const SATURATION_SECONDS = 0.1;
/** Numbers that programs write for a sample that they do not have. */
const MARKS_OF_MISSING = [-999, -9999, -99999, 9999, 99999, -32768, -2147483648, 2147483647];
const SHOWN_LINES = 5;

const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

/** "(line 7)", "(lines 7, 9, 30, ...)". */
function atLines({ count, lines }: Incidents): string {
  const shown = lines.slice(0, SHOWN_LINES).join(", ");
  return `(${count === 1 ? "line" : "lines"} ${shown}${count > SHOWN_LINES ? ", ..." : ""})`;
}

const seconds = (samples: number, fs: number): string => `${Number((samples / fs).toPrecision(3))} s`;

/** The division by a unit's factor is not exact in float32. */
const isMarkOfMissing = (value: number): boolean =>
  MARKS_OF_MISSING.some((mark) => Math.abs(value - mark) < 1e-6 * Math.abs(mark));

/** Puts into words what a reader of CSV repaired and what it noticed, with the lines of the file. */
export function csvFindings({ leads, fs, time, passedOver, skippedLines }: SignalCsv): CsvFinding[] {
  const findings: CsvFinding[] = [];
  for (const what of passedOver) findings.push({ kind: "noticed", text: `passed over: ${what}` });
  const say = (kind: CsvFinding["kind"], incidents: Incidents, text: string) => {
    if (incidents.count > 0) findings.push({ kind, text: `${text} ${atLines(incidents)}` });
  };
  if (time !== undefined) {
    const { gaps, backwardSteps, strayTimes, missingTimes, repeatedTimes, restarts } = time;
    say(
      "repaired",
      gaps,
      `${count(gaps.count, "gap")} in ${JSON.stringify(time.column)}: ${count(gaps.samples, "row")} dropped`,
    );
    say(
      "repaired",
      backwardSteps,
      `${count(backwardSteps.count, "time goes", "times go")} back and ${
        backwardSteps.count === 1 ? "is" : "are"
      } passed over`,
    );
    say(
      "repaired",
      strayTimes,
      `${count(strayTimes.count, "time runs", "times run")} ahead and ${
        strayTimes.count === 1 ? "is" : "are"
      } passed over`,
    );
    say("repaired", missingTimes, `${count(missingTimes.count, "time")} missing`);
    say("repaired", repeatedTimes, `${count(repeatedTimes.count, "time")} repeated`);
    say("repaired", restarts, `${count(restarts.count, "restart")} of the clock`);
  }
  for (const lead of leads) {
    const name = JSON.stringify(lead.name), { interpolated, missing, flat } = lead;
    say(
      "repaired",
      interpolated,
      `${name}: ${count(interpolated.samples, "sample")} filled by straight lines`,
    );
    say(
      "repaired",
      missing,
      `${name}: ${count(missing.samples, "sample")} (${seconds(missing.samples, fs)}) passed on as missing`,
    );
    if (flat.samples + missing.samples >= LEAD_OFF_SHARE * lead.samples) {
      findings.push({
        kind: "noticed",
        text: `${name}: flat for all but ${
          seconds(lead.samples - flat.samples - missing.samples, fs)
        }: lead off`,
      });
    } else {
      say(
        "noticed",
        flat,
        `${name}: ${count(flat.count, "flat stretch", "flat stretches")}, ${seconds(flat.samples, fs)}`,
      );
    }
    const mark = [lead.min, lead.max].map((value) => value / factorOf(lead)).find(isMarkOfMissing);
    if (mark !== undefined) {
      findings.push({
        kind: "noticed",
        text: `${name}: holds ${
          Math.round(mark)
        }, which may stand for missing samples and is read as a value: leave such cells empty`,
      });
    }
    if (lead.saturatedSamples > SATURATION_SECONDS * fs) {
      findings.push({
        kind: "noticed",
        text: `${name}: ${seconds(lead.saturatedSamples, fs)} at its limits: saturated`,
      });
    }
  }
  const skipped: [number, string][] = [
    [skippedLines.repeatedHeaders, "header that came again"],
    [skippedLines.cutOffRows, "last row that is cut off"],
    [skippedLines.comments, "comment line between the rows"],
  ];
  for (const [lines, what] of skipped) {
    if (lines > 0) {
      findings.push({
        kind: "repaired",
        text: `left out: ${count(lines, what, what.replace(/^(header|comment line)/, "$1s"))}`,
      });
    }
  }
  return findings;
}

/** The leads of a file, its rate and length, in one line. */
export function describeCsv({ leads, fs, fsSource, samples }: SignalCsv): string {
  const source = fsSource === "option" ? "--samplingRate" : fsSource;
  const names = leads.map(({ name }) => JSON.stringify(name)).join(", ");
  return `${leads.length === 1 ? "lead" : "leads"} ${names}, ${Number(fs.toFixed(3))} Hz (${source}), ${
    (samples / fs).toFixed(1)
  } s`;
}

/** Says that annotations lie behind the end of the samples; nothing where there are none. */
export function behindEndFindings(annotations: number): CsvFinding[] {
  if (annotations === 0) return [];
  const what = count(annotations, "annotation lies", "annotations lie");
  return [{
    kind: "noticed",
    text: `${what} behind the last sample: the table is cut off, or they are of another record`,
  }];
}
