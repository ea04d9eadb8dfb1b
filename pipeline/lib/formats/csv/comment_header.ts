/** What the comment lines at the start of a file tell about its columns; each part may be missing. */
export interface CommentHeader {
  /** Sampling rate in Hz, > 0. */
  fs?: number;
  /** Names of all columns in order. */
  columns?: string[];
  /** Name of the column that holds an ECG. */
  ecgColumn?: string;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function strings(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined;
}

function positive(value: unknown): number | undefined {
  const number = typeof value === "string" ? Number(value) : value;
  return typeof number === "number" && number > 0 && number < Infinity ? number : undefined;
}

/** The JSON line of an OpenSignals file: one object a device. Files of several devices are not understood. */
function readOpenSignals(json: string): CommentHeader {
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
    fs: positive(device["sampling rate"]),
    columns: strings(device.column),
    ecgColumn: strings(device.label)?.[ecg],
  };
}

/**
 * Reads the comment headers of two tools; any other comment says nothing.
 *
 * Source: the files themselves: OpenSignals (PLUX, BITalino) writes a line of JSON, BioSPPy's `store_txt` lines of
 * the form "Sampling Rate (Hz):= 1000.00" and "Labels:= ECG".
 *
 * @param comments Comment lines without their leading "#".
 */
export function readCommentHeader(comments: readonly string[]): CommentHeader {
  const header: CommentHeader = {};
  for (const comment of comments) {
    const text = comment.trim();
    if (text.startsWith("{")) Object.assign(header, readOpenSignals(text));
    const entry = /^([^:=]+):=\s*(.*)$/.exec(text);
    if (entry?.[1] === "Sampling Rate (Hz)") header.fs = positive(entry[2]);
    if (entry?.[1] === "Labels") header.columns = entry[2].split("\t").map((label) => label.trim());
  }
  return header;
}
