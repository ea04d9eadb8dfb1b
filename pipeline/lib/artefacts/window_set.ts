import { AAMI_CLASSES } from "../beats/aami.ts";
import { FormatError } from "../core/errors.ts";
import { decodeNpyAs, encodeNpy, type NpyDtype, npyHeader } from "../formats/npy/npy.ts";

/** The beats of one split, as 03_window leaves them. */
export interface WindowSet {
  /** Names of the records, each once. */
  records: string[];
  /** Index in `records`, shape [beats]. */
  recordIndex: Uint16Array;
  /** Sample index of the R peak at the target rate, shape [beats]. */
  samples: Uint32Array;
  /** WFDB mnemonic, "" where unlabelled, shape [beats]. */
  symbols: string[];
  /** Index in LABEL_NAMES, shape [beats]. */
  labels: Uint8Array;
  /** How far a window shows a heartbeat and nothing else, in [0, 1], shape [beats]. */
  quality: Float32Array;
  /** Index in QUALITY_REASONS of what lowers the quality the most, shape [beats]. */
  qualityReasons: Uint8Array;
  /** RR features, shape [beats, features]. */
  rr: Float32Array;
  windowSamples: number;
  /** Windows, shape [beats, windowSamples]. */
  windows: Float32Array;
}

/** What a label stands for: its index is the label. The last one is a beat that no one annotated. */
export const LABEL_NAMES: readonly string[] = [...AAMI_CLASSES, ""];

/** Label of a beat that no one annotated. */
export const UNLABELLED = AAMI_CLASSES.length;

/** Content of 03_window/<split>.json; the arrays lie beside it as npy. */
interface WindowSetIndex {
  records: string[];
  windowSamples: number;
  symbols: string;
}

/** Symbols are single characters but for "", which this stands for in the joined text. */
const NO_SYMBOL = "_";

/** Where a stage's outputs go. */
interface Outputs {
  write(name: string, content: Uint8Array | string): unknown;
  open(name: string): { write(chunk: Uint8Array): void; close(): unknown };
}

/** Where the outputs of earlier stages are. */
interface Inputs {
  read(stage: string, file: string): Uint8Array<ArrayBuffer>;
  readJson<T>(stage: string, file: string): T;
}

/** An array whose header was read. */
interface OpenArray extends Disposable {
  dtype: NpyDtype;
  shape: number[];
}

/** Writes one split of 03_window. */
export function writeWindowSet(context: Outputs, split: string, set: WindowSet): void {
  const { records, windowSamples, symbols } = set, beats = set.labels.length;
  const index: WindowSetIndex = {
    records,
    windowSamples,
    symbols: symbols.map((symbol) => symbol || NO_SYMBOL).join(""),
  };
  context.write(`${split}.json`, JSON.stringify(index));
  const columns = {
    recordIndex: { dtype: "<u2", shape: [beats], data: set.recordIndex },
    samples: { dtype: "<u4", shape: [beats], data: set.samples },
    labels: { dtype: "|u1", shape: [beats], data: set.labels },
    quality: { dtype: "<f4", shape: [beats], data: set.quality },
    qualityReasons: { dtype: "|u1", shape: [beats], data: set.qualityReasons },
    rr: { dtype: "<f4", shape: [beats, beats === 0 ? 0 : set.rr.length / beats], data: set.rr },
  } as const;
  for (const [name, column] of Object.entries(columns)) {
    context.write(`${split}.${name}.npy`, encodeNpy(column));
  }
  const windows = context.open(`${split}.windows.npy`);
  windows.write(npyHeader("<f4", [beats, windowSamples]));
  windows.write(new Uint8Array(set.windows.buffer, set.windows.byteOffset, set.windows.byteLength));
  windows.close();
}

/** Reads one split of 03_window. */
export function readWindowSet(context: Inputs, split: string): WindowSet {
  const { symbols, column, ...labels } = readColumns(context, split);
  return {
    ...labels,
    symbols: Array.from(symbols, (symbol) => symbol === NO_SYMBOL ? "" : symbol),
    samples: column("samples", "<u4"),
    quality: column("quality", "<f4"),
    qualityReasons: column("qualityReasons", "|u1"),
    rr: column("rr", "<f4", -1),
    windows: column("windows", "<f4", labels.windowSamples),
  };
}

/** What is known of the windows of one split without reading them. */
export type WindowLabels = Pick<WindowSet, "records" | "recordIndex" | "labels" | "windowSamples">;

/**
 * Opens one split of 03_window whose windows are read a few at a time.
 *
 * @returns What is known of the windows, and the open file of [beats, windowSamples]; the caller closes it.
 * @throws {FormatError} When the file holds another array.
 */
export function openWindowSet<Reader extends OpenArray>(
  context: Inputs & { openInput(stage: string, file: string): Reader },
  split: string,
): WindowLabels & { file: Reader } {
  const { records, windowSamples, recordIndex, labels } = readColumns(context, split);
  const name = `${split}.windows.npy`, file = context.openInput("03_window", name);
  const { dtype, shape } = file, expected = [labels.length, windowSamples];
  if (dtype === "<f4" && String(shape) === String(expected)) {
    return { records, windowSamples, recordIndex, labels, file };
  }
  file[Symbol.dispose]();
  throw new FormatError(
    `Cannot read the windows: they must be <f4 of shape [${expected}], got ${dtype} of [${shape}]`,
    { file: name },
  );
}

/** Reads what every reader of a split wants. */
function readColumns(context: Inputs, split: string) {
  const { records, windowSamples, symbols } = context.readJson<WindowSetIndex>("03_window", `${split}.json`);
  const beats = symbols.length;
  const column = <D extends NpyDtype>(name: string, dtype: D, ...inner: number[]) => {
    const file = `${split}.${name}.npy`;
    return decodeNpyAs(context.read("03_window", file), { dtype, shape: [beats, ...inner], file }).data;
  };
  const recordIndex = column("recordIndex", "<u2"), labels = column("labels", "|u1");
  return { records, windowSamples, symbols, recordIndex, labels, column };
}
