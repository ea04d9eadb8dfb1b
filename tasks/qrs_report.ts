import {
  type QrsFigures,
  qrsFigures,
  type QrsScore,
  summarizeScores,
} from "../pipeline/lib/metrics/qrs_score.ts";
import { alignColumns } from "./align_columns.ts";

/** What one detector did on one record. */
export interface RecordResult {
  record: string;
  lead: string;
  /** The main figures. */
  score: QrsScore;
  /** The same with the learning period, where both are wanted. */
  withLearning?: QrsScore;
  samples: number;
  /** Processor time of reading and decoding the record. */
  readSeconds: number;
  /** Processor time of detection alone. */
  detectSeconds: number;
}

/** What one detector did on all records. */
export interface DetectorResult {
  name: string;
  records: RecordResult[];
}

/** The figures of one detector as `--json` prints them, Se and +P in percent. */
export type DetectorFigures = ReturnType<typeof figuresOfDetector>;

const round = (value: number | null) => value === null ? null : Number(value.toFixed(4));
const roundFigures = ({ se, ppv }: QrsFigures): QrsFigures => ({ se: round(se), ppv: round(ppv) });

function figuresOfRecord(score: QrsScore) {
  return {
    tp: score.truePositives,
    fn: score.falseNegatives,
    fp: score.falsePositives,
    ...roundFigures(qrsFigures(score)),
    timingErrorMs: round(summarizeScores([score]).timingErrorMs),
  };
}

function figuresOfAll(scores: QrsScore[]) {
  const { gross, average, timingErrorMs, meanTimingErrorMs } = summarizeScores(scores);
  return {
    gross: roundFigures(gross),
    average: roundFigures(average),
    timingErrorMs: round(timingErrorMs),
    meanTimingErrorMs: round(meanTimingErrorMs),
  };
}

/** Sums up what a detector did; `seconds` holds reading and decoding of the records, `detectSeconds` does not. */
export function figuresOfDetector({ name, records }: DetectorResult) {
  const sum = (of: (record: RecordResult) => number) =>
    records.reduce((total, record) => total + of(record), 0);
  const detectSeconds = sum((record) => record.detectSeconds);
  const withLearning = records.flatMap((record) => record.withLearning ?? []);
  return {
    name,
    ...figuresOfAll(records.map(({ score }) => score)),
    ...(withLearning.length > 0 ? { withLearningPeriod: figuresOfAll(withLearning) } : {}),
    seconds: round(sum((record) => record.readSeconds) + detectSeconds),
    detectSeconds: round(detectSeconds),
    millionSamplesPerSecond: round(sum((record) => record.samples) / detectSeconds / 1e6),
    records: records.map(({ record, lead, score, withLearning }) => ({
      record,
      lead,
      ...figuresOfRecord(score),
      ...(withLearning === undefined ? {} : { withLearningPeriod: figuresOfRecord(withLearning) }),
    })),
  };
}

const fixed = (value: number | null, digits: number) => value === null ? "-" : value.toFixed(digits);
const percent = ({ se, ppv }: QrsFigures) => [fixed(se, 2), fixed(ppv, 2)];

/** Lays out the figures for people: record by record, then one line a detector. */
export function formatFigures(detectors: DetectorFigures[]): string {
  const byRecord = [
    ["record", "lead", "beats", ...detectors.map(({ name }) => name)],
    ...detectors[0].records.map(({ record, lead, tp, fn }, i) => [
      record,
      lead,
      String(tp + fn),
      ...detectors.map(({ records }) => `${records[i].fn}/${records[i].fp}`),
    ]),
  ];
  const withLearning = detectors.some(({ withLearningPeriod }) => withLearningPeriod !== undefined);
  const heading = [
    "detector",
    "Se",
    "+P",
    "average Se",
    "+P",
    ...(withLearning ? ["whole record Se", "+P"] : []),
    "error ms",
    "mean ms",
    "seconds",
    "Msample/s",
  ];
  const summary = detectors.map((figures) => [
    figures.name,
    ...percent(figures.gross),
    ...percent(figures.average),
    ...(figures.withLearningPeriod ? percent(figures.withLearningPeriod.gross) : []),
    fixed(figures.timingErrorMs, 2),
    fixed(figures.meanTimingErrorMs, 2),
    fixed(figures.seconds, 2),
    fixed(figures.millionSamplesPerSecond, 1),
  ]);
  return [
    "Beats missed / falsely detected",
    alignColumns(byRecord, 2),
    "",
    alignColumns([heading, ...summary], 1),
    "",
    "Se, +P in %: gross, then averaged over records. error: median distance, mean: signed, later is positive.",
    "seconds: processor time, reading and decoding included; Msample/s: detection alone.",
  ].join("\n");
}
