import { FormatError } from "../../core/errors.ts";
import { parseDateTimeCell } from "../csv/date_time.ts";
import { ANNOTATION_CODES } from "../wfdb/annotation_codes.ts";
import type { Annotation } from "../wfdb/record.ts";

/** Longest annotation list, in characters: a day of 200 beats a minute takes 20 million. */
const MAX_TEXT_LENGTH = 2 ** 26;
/** Shortest time from which a rate is told: times are rounded to milliseconds. */
const MIN_RATE_SECONDS = 10;

const HEADER = /^\s*Time\s+Sample\s*#\s+Type\s+Sub\s+Chan\s+Num\b/i;
const ROW =
  /^\s*(\[.*?\]|\S+)\s+(\d{1,15})\s+(\S+)\s+(-?\d{1,3})\s+(-?\d{1,3})\s+(-?\d{1,3})(?:\s*?\t(.*)|\s*)$/;

/** Annotations as text. */
export interface AnnotationText {
  annotations: Annotation[];
  /** Sampling rate in Hz that times and sample numbers give together; undefined where the list is too short for one. */
  fs?: number;
}

/** Name of the annotation list beside a record's CSV file, for example "100annotations.txt". */
export const annotationTextName = (record: string): string => `${record}annotations.txt`;

/** @returns The record that a file of this name annotates; undefined for other files. */
export const recordOfAnnotationText = (name: string): string | undefined =>
  /^(.+)annotations\.txt$/i.exec(name)?.[1];

/**
 * Reads a list of annotations as the WFDB tool rdann prints it, with a header ("rdann -v") or without one: time, sample number,
 * mnemonic, subtype, channel, number, auxiliary text behind a tab.
 *
 * Source: WFDB Applications Guide, rdann(1); the files "<record>annotations.txt" of the MIT-BIH Arrhythmia Database as CSV.
 *
 * @throws FormatError with the line that is no annotation.
 */
export function decodeAnnotationText(text: string, file?: string): AnnotationText {
  if (text.length > MAX_TEXT_LENGTH) {
    throw new FormatError(
      `Cannot read annotations: the list must have at most ${MAX_TEXT_LENGTH} characters, got ${text.length}`,
      {
        file,
      },
    );
  }
  const annotations: Annotation[] = [];
  let lastTime = "", lastSample = 0;
  for (const [i, line] of text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/).entries()) {
    if (line.trim() === "" || annotations.length === 0 && HEADER.test(line)) continue;
    const row = ROW.exec(line);
    if (row === null || !ANNOTATION_CODES.has(row[3])) {
      throw new FormatError(
        "Cannot read annotations: every line must have time, sample, type, sub, chan and num as rdann prints them, got " +
          JSON.stringify(line.slice(0, 80)),
        { file, line: i + 1 },
      );
    }
    const [, time, sample, symbol, subtype, channel, num, aux = ""] = row;
    annotations.push({
      sample: Number(sample),
      symbol,
      subtype: Number(subtype),
      channel: Number(channel),
      num: Number(num),
      aux,
    });
    if (Number(sample) > lastSample) [lastTime, lastSample] = [time, Number(sample)];
  }
  return { annotations, fs: rateOf(lastTime, lastSample) };
}

/** Samples by seconds; whole where the rounding of the time allows it. */
function rateOf(time: string, sample: number): number | undefined {
  // In brackets stands the time of day, which says nothing about the record's start.
  const seconds = time.startsWith("[") ? NaN : parseDateTimeCell(time);
  if (!(seconds >= MIN_RATE_SECONDS)) return undefined;
  const fs = sample / seconds;
  return Math.abs(fs - Math.round(fs)) <= 1e-4 * fs ? Math.round(fs) : fs;
}
