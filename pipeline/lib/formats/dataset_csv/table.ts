/** Beat windows with what is known of each beat: the content of one Datasets/<study>-<split>.csv. */
export interface DatasetTable {
  /** Names of the records, each once. */
  records: string[];
  /** Index in `records` of each beat, shape [beats]. */
  recordIndex: Uint16Array;
  /** Sample index of the R peak in its record, shape [beats]. */
  samples: Uint32Array;
  /** Annotation symbol of each beat, shape [beats]. */
  symbols: string[];
  /** Class index of each beat, shape [beats]. */
  labels: Uint8Array;
  /** Names of the classes, in the order of their indices. */
  classNames: readonly string[];
  /** Names of the RR features. */
  rrNames: readonly string[];
  /** RR features, shape [beats, rrNames.length]. */
  rr: Float32Array;
  windowSamples: number;
  /** Windows, shape [beats, windowSamples]. */
  windows: Float32Array;
}

/** The columns before the RR features. */
export const BEAT_COLUMNS = ["record", "sample", "symbol", "label"] as const;

/** Name of the column that holds sample `index` of the window. */
export function windowColumn(index: number): string {
  return `x${index}`;
}
