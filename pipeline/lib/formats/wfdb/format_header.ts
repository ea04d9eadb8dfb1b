import {
  CONTROL,
  DATE,
  fileNameProblem,
  FS_RANGE_HZ,
  INT32_RANGE,
  MAX_INT32,
  NO_FILE,
  type Range,
  RECORD_NAME,
  RESOLUTION_RANGE_BITS,
  SAMPLES_PER_FRAME_RANGE,
  TIME,
} from "./header_fields.ts";
import type { RecordHeader, SegmentSpec, SignalSpec } from "./record.ts";
import { SIGNAL_FORMATS } from "./storage_formats.ts";

/**
 * Formats a WFDB header, the inverse of `parseHeader`; defaults are left out where header(5) allows it.
 *
 * Source: WFDB Applications Guide, header(5).
 *
 * @returns Text with LF line ends.
 * @throws {RangeError} When a value cannot be written in a header so that it reads back the same.
 */
export function formatHeader(header: RecordHeader): string {
  const { segments } = header;
  const record = [
    checkedText("record name", header.record, RECORD_NAME) +
    (segments === undefined ? "" : `/${segments.length}`),
    `${segments === undefined ? header.signals.length : header.segmentSignals}`,
  ];
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
  const lines = [
    record.join(" "),
    ...(segments?.map(formatSegmentLine) ?? header.signals.map(formatSignalLine)),
  ];
  for (const comment of header.comments) {
    lines.push(`# ${checkedText("comment", comment, /^[^\r\n]*$/)}`.trimEnd());
  }
  return lines.join("\n") + "\n";
}

function formatSegmentLine({ record, samples }: SegmentSpec): string {
  const name = record === NO_FILE ? record : checkedText("segment", record, RECORD_NAME);
  return `${name} ${formatInteger("samples", samples, [0, MAX_INT32])}`;
}

function formatSignalLine(spec: SignalSpec): string {
  const problem = /\s|^#|^$/.test(spec.fileName)
    ? "the name of a signal file must not hold blanks"
    : fileNameProblem(spec.fileName, spec.format);
  if (problem !== undefined) {
    throw new RangeError(`Cannot format WFDB header: ${problem}, got "${spec.fileName}"`);
  }
  if (!SIGNAL_FORMATS.includes(spec.format)) {
    throw new RangeError(
      `Cannot format WFDB header: storage format must be one of ${
        SIGNAL_FORMATS.join(" ")
      }, got ${spec.format}`,
    );
  }
  if (spec.gainAduPerUnit === 0) {
    throw new RangeError("Cannot format WFDB header: gain must not be 0, which reads back as 200, got 0");
  }
  const format = [
    spec.format,
    spec.samplesPerFrame === 1
      ? ""
      : `x${formatInteger("samplesPerFrame", spec.samplesPerFrame, SAMPLES_PER_FRAME_RANGE)}`,
    spec.skewFrames === 0 ? "" : `:${formatInteger("skewFrames", spec.skewFrames, [0, MAX_INT32])}`,
    spec.byteOffset === 0 ? "" : `+${formatInteger("byteOffset", spec.byteOffset, [0, MAX_INT32])}`,
  ].join("");
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
