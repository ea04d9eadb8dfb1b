import { FormatError } from "../../core/errors.ts";
import type { RecordHeader, SignalSpec } from "./record.ts";

/** Sampling rate that header(5) assumes where the record line gives none, in Hz. */
export const DEFAULT_FS = 250;
/** ADC gain that header(5) assumes where a signal line gives none or 0, in ADC units per physical unit. */
export const DEFAULT_GAIN_ADU_PER_UNIT = 200;
/** ADC resolution that header(5) assumes for amplitude formats where a signal line gives none or 0, in bits. */
export const DEFAULT_ADC_RESOLUTION_BITS = 12;
/** Storage formats that this library reads and writes. */
export const SIGNAL_FORMATS: readonly number[] = [212, 16];

const MAX_HEADER_CHARS = 1 << 20;
const MAX_SIGNALS = 4096;
const MAX_INT32 = 2 ** 31 - 1;
/** From one sample in 28 hours to 10 MHz: no recorder lies outside. */
const FS_RANGE_HZ: Range = [1e-5, 1e7];
const RESOLUTION_RANGE_BITS: Range = [1, 32];
const INT32_RANGE: Range = [-MAX_INT32 - 1, MAX_INT32];

const INTEGER = /^[+-]?\d{1,15}$/;
const REAL = "[+-]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][+-]?\\d+)?";
const RATE = new RegExp(`^(${REAL})(?:/(${REAL})(?:\\((${REAL})\\))?)?$`);
const FORMAT = /^(\d{1,9})(?:x(\d{1,9}))?(?::(-?\d{1,9}))?(?:\+(\d{1,15}))?$/;
const GAIN = new RegExp(`^(${REAL})(?:\\(([+-]?\\d{1,15})\\))?(?:/(\\S+))?$`);
const TIME = /^\d{1,6}(?::\d{1,2}){0,2}(?:\.\d+)?$/;
const DATE = /^\d{1,2}\/\d{1,2}\/\d{1,4}$/;
const RECORD_NAME = /^[\w-]{1,200}$/;
// deno-lint-ignore no-control-regex -- control characters are what must not get in
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * Parses a WFDB header (.hea) of a single-segment record.
 *
 * Source: WFDB Applications Guide, header(5).
 * Deviations: what the C library ignores is refused here (lines after the last signal, fields after the date, malformed
 * numbers), and so is what is not supported: multi-segment records, several samples a frame, skew, storage formats
 * other than 212 and 16, signal files outside the header's folder. All comment lines are kept, not only the last ones.
 *
 * @param text The header's text; lines end in LF or CRLF.
 * @param file Name of the header for error messages.
 * @returns The header with header(5)'s defaults filled in.
 * @throws {FormatError} With the line where the text breaks the format.
 */
export function parseHeader(text: string, file?: string): RecordHeader {
  if (text.length > MAX_HEADER_CHARS) {
    throw new FormatError(
      `Cannot parse WFDB header: text must have at most ${MAX_HEADER_CHARS} characters, got ${text.length}`,
      { file },
    );
  }
  let header: RecordHeader | undefined;
  let promisedSignals = 0;
  const comments: string[] = [];
  text.split(/\r?\n|\r/).forEach((raw, index) => {
    const place: Place = { file, line: index + 1 };
    const content = raw.trim();
    if (content === "") return;
    if (content.startsWith("#")) {
      comments.push(content.slice(1).trim());
    } else if (header === undefined) {
      [header, promisedSignals] = parseRecordLine(content, place);
    } else if (header.signals.length < promisedSignals) {
      header.signals.push(parseSignalLine(content, place));
    } else {
      refuse(
        `the record line promises ${promisedSignals} signals, nothing but comments may follow them`,
        content,
        place,
      );
    }
  });
  if (header === undefined) {
    throw new FormatError("Cannot parse WFDB header: a record line must be present, got none", { file });
  }
  if (header.signals.length < promisedSignals) {
    throw new FormatError(
      `Cannot parse WFDB header: ${promisedSignals} signal lines must follow the record line, got ${header.signals.length}`,
      { file },
    );
  }
  header.comments = comments;
  return header;
}

/**
 * Formats a WFDB header, the inverse of `parseHeader`; defaults are left out where header(5) allows it.
 *
 * Source: WFDB Applications Guide, header(5).
 *
 * @returns Text with LF line ends.
 * @throws {RangeError} When a value cannot be written in a header so that it reads back the same.
 */
export function formatHeader(header: RecordHeader): string {
  const record = [checkedText("record name", header.record, RECORD_NAME), `${header.signals.length}`];
  let rate = formatReal("fs", header.fs, FS_RANGE_HZ);
  if (header.counterFrequencyHz !== undefined) {
    rate += `/${formatReal("counterFrequencyHz", header.counterFrequencyHz)}`;
    if (header.baseCounter !== undefined) rate += `(${formatReal("baseCounter", header.baseCounter)})`;
  }
  record.push(rate);
  if (header.samples !== undefined || header.baseTime !== undefined) {
    record.push(formatInteger("samples", header.samples ?? 0, [0, MAX_INT32]));
  }
  if (header.baseTime !== undefined) {
    record.push(checkedText("base time", header.baseTime, TIME));
    if (header.baseDate !== undefined) record.push(checkedText("base date", header.baseDate, DATE));
  }
  const lines = [record.join(" "), ...header.signals.map(formatSignalLine)];
  for (const comment of header.comments) {
    lines.push(`# ${checkedText("comment", comment, /^[^\r\n]*$/)}`.trimEnd());
  }
  return lines.join("\n") + "\n";
}

type Range = readonly [min: number, max: number];

interface Place {
  file?: string;
  line: number;
}

function refuse(rule: string, got: string, place: Place): never {
  const shown = got.length > 80 ? `${got.slice(0, 77)}...` : got;
  throw new FormatError(`Cannot parse WFDB header: ${rule}, got "${shown}"`, place);
}

function parseRecordLine(content: string, place: Place): [RecordHeader, number] {
  const fields = content.split(/[ \t]+/);
  const [name, signals, rate, samples, baseTime, baseDate] = fields;
  if (/^[^/]+\/\d+$/.test(name)) {
    refuse("multi-segment records are not supported, the record must have one segment", name, place);
  }
  if (!RECORD_NAME.test(name)) refuse("record name must be letters, digits, _ and -", name, place);
  if (signals === undefined) {
    refuse("the record line must give a number of signals after the name", content, place);
  }
  if (fields.length > 6) refuse("the record line must have at most 6 fields", content, place);
  const promisedSignals = parseInteger("number of signals", signals, [0, MAX_SIGNALS], place);
  const header: RecordHeader = { record: name, fs: DEFAULT_FS, signals: [], comments: [] };
  if (rate !== undefined) {
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
  if (samples !== undefined) {
    const count = parseInteger("number of samples", samples, [0, MAX_INT32], place);
    // 0 stands for "not known" as much as a missing field does.
    if (count > 0) header.samples = count;
  }
  if (baseTime !== undefined) {
    header.baseTime = TIME.test(baseTime) ? baseTime : refuse("base time must be HH:MM:SS", baseTime, place);
  }
  if (baseDate !== undefined) {
    header.baseDate = DATE.test(baseDate)
      ? baseDate
      : refuse("base date must be DD/MM/YYYY", baseDate, place);
  }
  return [header, promisedSignals];
}

function parseSignalLine(content: string, place: Place): SignalSpec {
  // Everything behind the eighth field is the description, blanks included.
  const [, numeric, description] = /^((?:[^ \t]+(?:[ \t]+|$)){1,8})(.*)$/s.exec(content)!;
  const [fileName, format, gain, resolution, adcZero, initialValue, checksum, blockSize] = numeric.trim()
    .split(/[ \t]+/);
  const problem = fileNameProblem(fileName);
  if (problem !== undefined) refuse(problem, fileName, place);
  if (format === undefined) {
    refuse("a signal line must give a storage format after the file name", content, place);
  }

  const formatMatch = FORMAT.exec(format) ??
    refuse("storage format must be FORMATxSPF:SKEW+OFFSET", format, place);
  const spec: SignalSpec = {
    fileName,
    format: Number(formatMatch[1]),
    byteOffset: Number(formatMatch[4] ?? 0),
    gainAduPerUnit: DEFAULT_GAIN_ADU_PER_UNIT,
    baselineAdu: 0,
    units: "mV",
    adcResolutionBits: DEFAULT_ADC_RESOLUTION_BITS,
    adcZeroAdu: 0,
    description: description.trim(),
  };
  if (!SIGNAL_FORMATS.includes(spec.format)) {
    refuse(`storage format must be ${SIGNAL_FORMATS.join(" or ")}, others are not supported`, format, place);
  }
  if (Number(formatMatch[2] ?? 1) > 1) refuse("several samples per frame are not supported", format, place);
  if (Number(formatMatch[3] ?? 0) !== 0) refuse("skew between signals is not supported", format, place);

  if (resolution !== undefined) {
    spec.adcResolutionBits =
      parseInteger("ADC resolution", resolution, [0, RESOLUTION_RANGE_BITS[1]], place) ||
      DEFAULT_ADC_RESOLUTION_BITS;
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

/** @returns What is wrong with the name of a signal file, undefined when it names a file beside the header. */
function fileNameProblem(fileName: string): string | undefined {
  if (fileName === "~" || fileName === "-") return "signals without a file of their own are not supported";
  if (/[/\\:]/.test(fileName) || fileName.includes("..") || fileName === "." || CONTROL.test(fileName)) {
    return "a signal file must lie beside its header, without a path in its name";
  }
  if (fileName.length > 255) return "the name of a signal file must have at most 255 characters";
  return undefined;
}

function parseInteger(what: string, field: string, [min, max]: Range, place: Place): number {
  const value = INTEGER.test(field) ? Number(field) : NaN;
  if (!(value >= min && value <= max)) refuse(`${what} must be an integer in ${min}..${max}`, field, place);
  return value === 0 ? 0 : value;
}

function formatSignalLine(spec: SignalSpec): string {
  const problem = /\s|^#|^$/.test(spec.fileName)
    ? "the name of a signal file must not hold blanks"
    : fileNameProblem(spec.fileName);
  if (problem !== undefined) {
    throw new RangeError(`Cannot format WFDB header: ${problem}, got "${spec.fileName}"`);
  }
  if (!SIGNAL_FORMATS.includes(spec.format)) {
    throw new RangeError(
      `Cannot format WFDB header: storage format must be ${SIGNAL_FORMATS.join(" or ")}, got ${spec.format}`,
    );
  }
  if (spec.gainAduPerUnit === 0) {
    throw new RangeError("Cannot format WFDB header: gain must not be 0, which reads back as 200, got 0");
  }
  const format = spec.byteOffset === 0
    ? `${spec.format}`
    : `${spec.format}+${formatInteger("byteOffset", spec.byteOffset, [0, MAX_INT32])}`;
  let gain = formatReal("gainAduPerUnit", spec.gainAduPerUnit);
  if (spec.baselineAdu !== spec.adcZeroAdu) gain += `(${formatInteger("baselineAdu", spec.baselineAdu)})`;
  if (spec.units !== "mV") gain += `/${checkedText("units", spec.units, /^\S+$/)}`;
  const fields = [
    spec.fileName,
    format,
    gain,
    formatInteger("adcResolutionBits", spec.adcResolutionBits, RESOLUTION_RANGE_BITS),
    formatInteger("adcZeroAdu", spec.adcZeroAdu),
  ];
  const optional = [
    spec.initialValueAdu,
    spec.checksum,
    spec.blockSizeBytes ?? (spec.description === "" ? undefined : 0),
  ];
  const known = optional.findLastIndex((value) => value !== undefined) + 1;
  optional.slice(0, known).forEach((value, i) => {
    if (value === undefined) {
      throw new RangeError(
        `Cannot format WFDB header: a block size or description needs an initial value and a checksum before it, got ${
          ["no initial value", "no checksum"][i]
        } for "${spec.description}"`,
      );
    }
    fields.push(formatInteger("signal field", value));
  });
  if (spec.description !== "") {
    if (CONTROL.test(spec.description)) {
      throw new RangeError(
        `Cannot format WFDB header: description must hold no control characters, got ${
          JSON.stringify(spec.description)
        }`,
      );
    }
    fields.push(checkedText("description", spec.description, /./));
  }
  return fields.join(" ");
}

function checkedText(what: string, value: string, pattern: RegExp): string {
  if (!pattern.test(value) || value.trim() !== value) {
    throw new RangeError(
      `Cannot format WFDB header: ${what} must match ${pattern} without blanks around it, got ${
        JSON.stringify(value)
      }`,
    );
  }
  return value;
}

function formatInteger(what: string, value: number, [min, max]: Range = INT32_RANGE): string {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(
      `Cannot format WFDB header: ${what} must be an integer in ${min}..${max}, got ${value}`,
    );
  }
  return `${value}`;
}

function formatReal(
  what: string,
  value: number,
  [min, max]: Range = [-Number.MAX_VALUE, Number.MAX_VALUE],
): string {
  if (!(value >= min && value <= max)) {
    throw new RangeError(`Cannot format WFDB header: ${what} must lie in ${min}..${max}, got ${value}`);
  }
  return `${value}`;
}
