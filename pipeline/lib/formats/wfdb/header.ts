import { FormatError } from "../../core/errors.ts";
import {
  DATE,
  fileNameProblem,
  FS_RANGE_HZ,
  INT32_RANGE,
  MAX_INT32,
  MAX_SEGMENTS,
  MAX_SIGNALS,
  NO_FILE,
  type Range,
  RECORD_NAME,
  RESOLUTION_RANGE_BITS,
  SAMPLES_PER_FRAME_RANGE,
  TIME,
} from "./header_fields.ts";
import type { RecordHeader, SegmentSpec, SignalSpec } from "./record.ts";
import { SIGNAL_FORMATS } from "./storage_formats.ts";

/** Sampling rate that header(5) assumes where the record line gives none, in Hz. */
const DEFAULT_FS = 250;
/** ADC gain that header(5) assumes where a signal line gives none or 0, in ADC units per physical unit. */
const DEFAULT_GAIN_ADU_PER_UNIT = 200;
/** ADC resolution that header(5) assumes for amplitude formats where a signal line gives none or 0, in bits. */
const DEFAULT_ADC_RESOLUTION_BITS = 12;
/** The same for format 8, which holds differences. */
const DEFAULT_DIFFERENCE_RESOLUTION_BITS = 10;

/** Longest header that is read, in characters. */
export const MAX_HEADER_CHARS = 1 << 20;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const INTEGER = /^[+-]?\d{1,15}$/;
const REAL = "[+-]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][+-]?\\d+)?";
const RATE = new RegExp(`^(${REAL})(?:/(${REAL})(?:\\((${REAL})\\))?)?$`);
const FORMAT = /^(\d{1,9})(?:x(\d{1,9}))?(?::(-?\d{1,10}))?(?:\+(\d{1,15}))?$/;
const GAIN = new RegExp(`^(${REAL})(?:\\(([+-]?\\d{1,15})\\))?(?:/(\\S+))?$`);

/**
 * Decodes a header's bytes: UTF-8, or Latin-1 where they are no UTF-8, as old headers with "µV" are.
 */
export function decodeHeaderText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("latin1").decode(bytes);
  }
}

/**
 * Parses a WFDB header (.hea).
 *
 * Source: WFDB Applications Guide, header(5).
 * Deviations: what the C library ignores is refused here (lines after the last signal, fields after the date, malformed
 * numbers, negative skew, segments that do not add up to the record), and so are signal files outside the header's
 * folder. All comment lines are kept, not only the last ones. The block size of special files is kept and has no effect. A date in front of the time is
 * put behind it.
 *
 * @param text The header's text; lines end in LF or CRLF.
 * @param file Name of the header for error messages.
 * @returns The header with header(5)'s defaults filled in; that of a multi-segment record has `segments` and no signals.
 * @throws {FormatError} With the line where the text breaks the format.
 */
export function parseHeader(text: string, file?: string): RecordHeader {
  if (text.length > MAX_HEADER_CHARS) {
    throw new FormatError(
      `Cannot parse WFDB header: text must have at most ${MAX_HEADER_CHARS} characters, got ${text.length}`,
      { file },
    );
  }
  let record: RecordLine | undefined;
  const comments: string[] = [], signals: SignalSpec[] = [], segments: SegmentSpec[] = [];
  text.split(/\r?\n|\r/).forEach((raw, index) => {
    const place: Place = { file, line: index + 1 };
    const content = raw.trim();
    if (content === "") return;
    if (content.startsWith("#")) {
      comments.push(content.slice(1).trim());
    } else if (record === undefined) {
      record = parseRecordLine(content, place);
    } else if (signals.length + segments.length === record.promised) {
      refuse(
        `the record line promises ${record.promised} ${record.things}, nothing but comments may follow them`,
        content,
        place,
      );
    } else if (record.things === "signals") signals.push(parseSignalLine(content, place));
    else segments.push(parseSegmentLine(content, segments.length, place));
  });
  if (record === undefined) {
    throw new FormatError("Cannot parse WFDB header: a record line must be present, got none", { file });
  }
  const { header, promised, things } = record as RecordLine;
  if (signals.length + segments.length < promised) {
    throw new FormatError(
      `Cannot parse WFDB header: ${promised} ${things.slice(0, -1)} lines must follow the record line, got ${
        signals.length + segments.length
      }`,
      { file },
    );
  }
  if (things === "segments") addSegments(header, segments, file);
  return { ...header, signals, comments };
}

interface Place {
  file?: string;
  line: number;
}

/** The record line, and what lines must follow it. */
interface RecordLine {
  header: RecordHeader;
  promised: number;
  things: "signals" | "segments";
}

function refuse(rule: string, got: string, place: Place): never {
  const shown = got.length > 80 ? `${got.slice(0, 77)}...` : got;
  throw new FormatError(`Cannot parse WFDB header: ${rule}, got "${shown}"`, place);
}

function parseRecordLine(content: string, place: Place): RecordLine {
  const fields = content.split(/[ \t]+/);
  const [nameField, signals, rate, samples] = fields;
  const [baseTime, baseDate] = timeAndDate(fields[4], fields[5]);
  const [, name, segments] = /^(.*?)(?:\/([^/]*))?$/s.exec(nameField)!;
  if (!RECORD_NAME.test(name)) refuse("record name must be letters, digits, _ and -", nameField, place);
  if (signals === undefined) {
    refuse("the record line must give a number of signals after the name", content, place);
  }
  if (fields.length > 6) refuse("the record line must have at most 6 fields", content, place);
  const count = parseInteger("number of signals", signals, [0, MAX_SIGNALS], place);
  const header: RecordHeader = { record: name, fs: DEFAULT_FS, signals: [], comments: [] };
  if (rate !== undefined) parseRate(rate, header, place);
  if (samples !== undefined) {
    const frames = parseInteger("number of samples", samples, [0, MAX_INT32], place);
    // 0 stands for "not known" as much as a missing field does.
    if (frames > 0) header.samples = frames;
  }
  if (baseTime !== undefined) {
    header.baseTime = TIME.test(baseTime) ? baseTime : refuse("base time must be HH:MM:SS", baseTime, place);
  }
  if (baseDate !== undefined) {
    header.baseDate = DATE.test(baseDate)
      ? baseDate
      : refuse("base date must be DD/MM/YYYY", baseDate, place);
  }
  if (segments === undefined) return { header, promised: count, things: "signals" };
  header.segmentSignals = count;
  const promised = parseInteger("number of segments", segments, [1, MAX_SEGMENTS], place);
  return { header, promised, things: "segments" };
}

/** The PhysioNet challenges of 2020 and 2021 have the date in front, as "05-Feb-2020 11:39:16". */
function timeAndDate(first: string | undefined, second: string | undefined): (string | undefined)[] {
  const [, day, name, year] = /^(\d{1,2})-([A-Z][a-z]{2})-(\d{4})$/.exec(first ?? "") ?? [];
  const month = MONTHS.indexOf(name) + 1;
  if (month === 0 || second === undefined) return [first, second];
  return [second, `${day}/${String(month).padStart(2, "0")}/${year}`];
}

function parseRate(rate: string, header: RecordHeader, place: Place): void {
  const match = RATE.exec(rate) ??
    refuse("sampling rate must be Hz, or Hz/Hz(number) with a counter", rate, place);
  header.fs = Number(match[1]);
  if (!(header.fs >= FS_RANGE_HZ[0] && header.fs <= FS_RANGE_HZ[1])) {
    refuse(`sampling rate must lie in ${FS_RANGE_HZ[0]}..${FS_RANGE_HZ[1]} Hz`, rate, place);
  }
  const counterFrequencyHz = Number(match[2] ?? 0), baseCounter = Number(match[3] ?? 0);
  if (!Number.isFinite(counterFrequencyHz) || !Number.isFinite(baseCounter)) {
    refuse("counter frequency and base counter must be finite", rate, place);
  }
  if (counterFrequencyHz > 0) {
    header.counterFrequencyHz = counterFrequencyHz;
    if (match[3] !== undefined) header.baseCounter = baseCounter;
  }
}

function parseSegmentLine(content: string, index: number, place: Place): SegmentSpec {
  const [record, samples, ...others] = content.split(/[ \t]+/);
  if (record !== NO_FILE && !RECORD_NAME.test(record)) {
    refuse("a segment must be the plain name of a record beside this one, or ~", record, place);
  }
  if (samples === undefined || others.length > 0) {
    refuse("a segment line must give a name and a number of samples", content, place);
  }
  const frames = parseInteger("number of samples", samples, [0, MAX_INT32], place);
  if (frames === 0 && (index > 0 || record === NO_FILE)) {
    refuse("only a layout, the first segment, may have no samples", content, place);
  }
  return { record, samples: frames };
}

function addSegments(header: RecordHeader, segments: SegmentSpec[], file?: string): void {
  const total = segments.reduce((sum, { samples }) => sum + samples, 0);
  const name = segments.find(({ record }) => record === header.record)?.record;
  if (name !== undefined) {
    throw new FormatError(
      `Cannot parse WFDB header: a segment must be another record than the one it is of, got "${name}"`,
      { file },
    );
  }
  if (total > MAX_INT32 || total !== (header.samples ?? total)) {
    throw new FormatError(
      `Cannot parse WFDB header: segments must have ${
        header.samples ?? `at most ${MAX_INT32}`
      } samples together, got ${total}`,
      { file },
    );
  }
  header.samples = total;
  header.segments = segments;
}

function parseSignalLine(content: string, place: Place): SignalSpec {
  // Everything behind the eighth field is the description, blanks included.
  const [, numeric, description] = /^((?:[^ \t]+(?:[ \t]+|$)){1,8})(.*)$/s.exec(content)!;
  const [fileName, format, gain, resolution, adcZero, initialValue, checksum, blockSize] = numeric.trim()
    .split(/[ \t]+/);
  if (format === undefined) {
    refuse("a signal line must give a storage format after the file name", content, place);
  }
  const formatMatch = FORMAT.exec(format) ??
    refuse("storage format must be FORMATxSPF:SKEW+OFFSET", format, place);
  const formatNumber = Number(formatMatch[1]), problem = fileNameProblem(fileName, formatNumber);
  if (problem !== undefined) refuse(problem, fileName, place);
  if (!SIGNAL_FORMATS.includes(formatNumber)) {
    refuse(`storage format must be one of ${SIGNAL_FORMATS.join(" ")}`, format, place);
  }
  const defaultBits = formatNumber === 8 ? DEFAULT_DIFFERENCE_RESOLUTION_BITS : DEFAULT_ADC_RESOLUTION_BITS;
  const spec: SignalSpec = {
    fileName,
    format: formatNumber,
    // A frame holds one sample at least: 0 means 1, as in the C library.
    samplesPerFrame:
      parseInteger("samples per frame", formatMatch[2] ?? "1", [0, SAMPLES_PER_FRAME_RANGE[1]], place) || 1,
    skewFrames: parseInteger("skew", formatMatch[3] ?? "0", [0, MAX_INT32], place),
    byteOffset: Number(formatMatch[4] ?? 0),
    gainAduPerUnit: DEFAULT_GAIN_ADU_PER_UNIT,
    baselineAdu: 0,
    units: "mV",
    adcResolutionBits: defaultBits,
    adcZeroAdu: 0,
    description: description.trim(),
  };
  if (resolution !== undefined) {
    spec.adcResolutionBits =
      parseInteger("ADC resolution", resolution, [0, RESOLUTION_RANGE_BITS[1]], place) ||
      defaultBits;
  }
  if (adcZero !== undefined) spec.adcZeroAdu = parseInteger("ADC zero", adcZero, INT32_RANGE, place);
  spec.baselineAdu = spec.adcZeroAdu;
  if (gain !== undefined) {
    const match = GAIN.exec(gain) ?? refuse("ADC gain must be GAIN(BASELINE)/UNITS", gain, place);
    const gainAduPerUnit = Number(match[1]);
    if (!Number.isFinite(gainAduPerUnit)) refuse("ADC gain must be finite", gain, place);
    if (gainAduPerUnit !== 0) spec.gainAduPerUnit = gainAduPerUnit;
    if (match[2] !== undefined) spec.baselineAdu = parseInteger("baseline", match[2], INT32_RANGE, place);
    if (match[3] !== undefined) spec.units = match[3];
  }
  if (initialValue !== undefined) {
    spec.initialValueAdu = parseInteger("initial value", initialValue, INT32_RANGE, place);
  }
  if (checksum !== undefined) {
    // Some writers give the 16 bits unsigned: 43172 and -22364 are one checksum.
    spec.checksum = (parseInteger("checksum", checksum, INT32_RANGE, place) << 16) >> 16;
  }
  if (blockSize !== undefined) {
    const blockSizeBytes = parseInteger("block size", blockSize, INT32_RANGE, place);
    if (blockSizeBytes !== 0) spec.blockSizeBytes = blockSizeBytes;
  }
  return spec;
}

function parseInteger(what: string, field: string, [min, max]: Range, place: Place): number {
  const value = INTEGER.test(field) ? Number(field) : NaN;
  if (!(value >= min && value <= max)) refuse(`${what} must be an integer in ${min}..${max}`, field, place);
  return value === 0 ? 0 : value;
}
