import { splitUnit, type Unit, unitOf } from "./column_names.ts";
import type { Refuse } from "./refusal.ts";

/** What the lines before the samples tell about the file; each part may be missing. */
export interface Statements {
  /** Sampling rate in Hz, > 0. */
  fs?: number;
  /** Another rate that the same file states. */
  otherFs?: number;
  /** Names of all columns in order. */
  columns?: string[];
  /** Name of the column that holds an ECG. */
  ecgColumn?: string;
  /** Name of the lead, where there is one only. */
  lead?: string;
  /** Unit of the samples. */
  unit?: Unit;
  /** Steps of the converter for one mV, not 0. */
  gainAduPerMv?: number;
  /** Converter's value for 0 mV. */
  baselineAdu?: number;
}

/** Rates in Hz that are believed where a file states one, or a column of times its unit. */
export const POSSIBLE_FS = { min: 20, max: 200_000 };

const LONGEST_KEY = 100;
const RATE_KEY =
  /^(ecg )?(fs|sr|hz|rate|freq|frequency|sampl(e|es|ing)[ -]?(rate|freq|frequency)?|abtastrate)$/;
const INTERVAL_KEY = /^(dt|interval|sampl(e|ing) ?(interval|period|time))$/;
const COLUMN_NAMES = /^(?:labels|columns?|channels?|channel ?titles?)\s*(?::=|:|=)\s*(\S.*)$/i;
const GAIN_KEY = /^(adc )?gain$/;
const NUMBER_WITH_UNIT = /^([+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?)\s*([^\d\s].*)?$/i;
/** Hz that one of the unit stands for. */
const RATE_UNITS = new Map([
  ["", 1],
  ["hz", 1],
  ["hertz", 1],
  ["sps", 1],
  ["samples/s", 1],
  ["samples/sec", 1],
  ["samples/second", 1],
  ["1/s", 1],
  ["khz", 1000],
]);
const GAIN_UNITS = new Set(["adu/mv", "counts/mv", "lsb/mv", "adc/mv", "/mv"]);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function strings(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined;
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 && value < Infinity ? value : undefined;
}

/** "512,4 hertz" -> 512.4 and "hertz". */
function numberWithUnit(text: string): { value: number; unit: string } | undefined {
  const parts = NUMBER_WITH_UNIT.exec(text.trim());
  return parts === null
    ? undefined
    : { value: Number(parts[1].replace(",", ".")), unit: (parts[2] ?? "").trim() };
}

/** The JSON line of an OpenSignals file: one object a device. Files of several devices are not understood. */
function readOpenSignals(json: string): Statements {
  let devices: unknown;
  try {
    devices = JSON.parse(json);
  } catch {
    return {};
  }
  if (!isRecord(devices) || Object.keys(devices).length !== 1) return {};
  const [device] = Object.values(devices);
  if (!isRecord(device)) return {};
  const ecg = strings(device.sensor)?.indexOf("ECG") ?? -1;
  return {
    fs: positive(Number(device["sampling rate"])),
    columns: strings(device.column),
    ecgColumn: strings(device.label)?.[ecg],
  };
}

/** Reads one key and its value; undefined where the key says nothing of the kinds that are understood. */
function readEntry(key: string, value: string): Statements | undefined {
  if (key.length > LONGEST_KEY || value.length > LONGEST_KEY) return undefined;
  const { base, unit: keyUnit } = splitUnit(key.trim());
  const plain = base.toLowerCase().replace(/[_\s]+/g, " ").replace(/\s*[([].*$/, "").trim();
  const number = numberWithUnit(value);
  if (RATE_KEY.test(plain) && number !== undefined) {
    const inHz = RATE_UNITS.get(/\(khz\)|\[khz\]/i.test(key) ? "khz" : number.unit.toLowerCase());
    return inHz === undefined ? undefined : { fs: positive(number.value * inHz) };
  }
  if (INTERVAL_KEY.test(plain) && number !== undefined) {
    const unit = unitOf(number.unit) ?? keyUnit;
    if (unit?.quantity !== "time") return undefined;
    const fs = 1 / (number.value * unit.factor), whole = Math.round(fs);
    return { fs: positive(Math.abs(fs - whole) < 1e-6 * fs ? whole : fs) };
  }
  if (/^(unit|units|einheit)$/.test(plain)) {
    const unit = unitOf(value.trim());
    return unit && { unit };
  }
  if (/^(lead|lead name|channel name)$/.test(plain) && value.trim() !== "") return { lead: value.trim() };
  // A gain alone may be that of an amplifier: it counts when it says that it is in steps a millivolt.
  const perMv = /[([]\s*(\S+)\s*[)\]]/.exec(key)?.[1] ?? number?.unit ?? "";
  if (
    GAIN_KEY.test(plain) && number !== undefined && number.value !== 0 && GAIN_UNITS.has(perMv.toLowerCase())
  ) {
    return { gainAduPerMv: number.value };
  }
  if (/^(adc )?baseline$/.test(plain) && number !== undefined) return { baselineAdu: number.value };
  return undefined;
}

/**
 * Reads what a line says as "key: value", "key = value" or "key := value".
 *
 * @param line A comment without its mark, or a line before the samples.
 * @param separator Also "key<separator>value" counts, as in the CSV files of watches; undefined for comments.
 * @returns Undefined where the line says nothing that is understood.
 */
export function readStatement(line: string, separator?: string): Statements | undefined {
  const text = line.trim();
  if (text.startsWith("{")) return readOpenSignals(text);
  const labels = COLUMN_NAMES.exec(text);
  if (labels) {
    return { columns: labels[1].split(labels[1].includes("\t") ? "\t" : ",").map((label) => label.trim()) };
  }
  const marked = /^([^:=]{1,60}?)\s*(?::=|:|=)\s*(.*)$/.exec(text);
  const entry = marked && readEntry(marked[1], marked[2].replace(/^"(.*)"$/, "$1"));
  if (entry || separator === undefined) return entry || undefined;
  const [key, ...rest] = text.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
  // What is behind the value are the empty cells of a spreadsheet, or the decimals of "512,4 hertz".
  while (rest.at(-1) === "") rest.pop();
  return rest.length === 0 || rest.length > 2 ? undefined : readEntry(key, rest.join(separator));
}

/**
 * Joins what several lines say; the first one holds where they repeat each other.
 *
 * Source: the files themselves. OpenSignals (PLUX, BITalino) writes a line of JSON, BioSPPy's `store_txt` "Sampling Rate
 * (Hz):= 1000.00" and "Labels:= ECG", LabChart "Interval= 0.001 s" and "ChannelTitle= ECG", watches "Sample Rate,512 hertz" and "Unit,µV".
 */
export function joinStatements(all: readonly (Statements | undefined)[]): Statements {
  const joined: Statements = {};
  for (const statement of all) {
    if (statement === undefined) continue;
    const { fs } = statement;
    if (fs !== undefined && joined.fs !== undefined && Math.abs(fs - joined.fs) > 1e-3 * joined.fs) {
      joined.otherFs ??= fs;
    }
    // A part that a line leaves open, such as a rate of 0, is nothing that it says.
    const said = Object.entries(statement).filter(([, value]) => value !== undefined);
    Object.assign(joined, { ...Object.fromEntries(said), ...joined });
  }
  return joined;
}

/** @throws FormatError where a file states two sampling rates, or one that is none of an ECG's. */
export function checkRate({ fs, otherFs }: Statements, refuse: Refuse): void {
  if (otherFs !== undefined) {
    throw refuse(
      `the header must state one sampling rate, got ${fs} and ${otherFs} Hz; take the wrong one out`,
    );
  }
  if (fs !== undefined && !(fs >= POSSIBLE_FS.min && fs <= POSSIBLE_FS.max)) {
    throw refuse(
      `the header must state a sampling rate from ${POSSIBLE_FS.min} to ${POSSIBLE_FS.max} Hz, got ${fs} Hz; correct it or take it out`,
    );
  }
}
