/** What the stages 01 to 03 hand on about records: names and contents of the files in their folders. */
import type { Polarity } from "../signal/polarity.ts";

/** One lead of an ingested record. */
export interface IngestedLead {
  /** For example "MLII"; "" where the source says nothing. */
  name: string;
  /** Sampling rate in Hz: the record's, or a multiple of it where its leads differ. */
  fs: number;
  /** Length of the lead at its rate. */
  samples: number;
  /** Units of the stored values for one millivolt; 1 where they are millivolts already. */
  gainAduPerMv: number;
  /** Stored value that stands for 0 mV. */
  baselineAdu: number;
  /** Stored value that stands for a missing sample. */
  missingAdu?: number;
}

/** An entry of 01_ingest/records.json. */
export interface IngestedRecord {
  record: string;
  origin: "wfdb" | "csv";
  /** Rate in Hz at which annotations count. */
  fs: number;
  /** Length of the record at that rate. */
  samples: number;
  leads: IngestedLead[];
  /** True when the record has annotations. */
  labelled: boolean;
  synthetic: boolean;
  comments: string[];
}

/** <record>.beats.json of 02_preprocess: columns of equal length. */
export interface AnnotationColumns {
  /** Sample index at the record's own rate, or at the target rate after preprocessing. */
  sample: number[];
  /** WFDB mnemonic; "" where the beat was found by a detector and has no label. */
  symbol: string[];
}

/** <record>.annotations.json of 01_ingest: all that the annotation file says, as columns of equal length. */
export interface IngestedAnnotations extends AnnotationColumns {
  subtype: number[];
  channel: number[];
  num: number[];
  /** For example a rhythm, "(AFIB"; "" where there is none. */
  aux: string[];
}

/** An entry of 02_preprocess/records.json. */
export interface PreparedRecord {
  record: string;
  /** Sampling rate in Hz after resampling. */
  fs: number;
  samples: number;
  lead: string;
  /** Why this lead was taken. */
  leadReason: string;
  labelled: boolean;
  synthetic: boolean;
  /** The range of the filtered signal in mV, as it is after flipping, that became 0..1; undefined when it was not scaled. */
  rangeMv?: { min: number; max: number };
  /** Missing samples that were filled in, those of the gaps included. */
  missingSamples: number;
  /** Stretches of missing samples too long to be called repaired. */
  gaps: number;
  /** Beats that the detector found where there is no signal, and that were left out. */
  beatsLeftOut: number;
  /** Frequency in Hz that a notch took out; undefined where there was none. */
  notchHz?: number;
  resampled: "none" | "fft" | "polyphase";
  /** Rate in Hz that came out; differs from `fs` where the ratio of the rates is none of small integers. */
  resampledHz: number;
  /** Which way the QRS complexes pointed before flipping. */
  polarity: Polarity & { flipped: boolean };
}

/** <record>.defects.json of 02_preprocess: stretches without a true signal at the target rate, columns of equal length. */
export interface DefectColumns {
  /** Samples [from, to), in order of `from`. */
  from: number[];
  to: number[];
  /** "missing", "flat", "saturated" or "lead off". */
  reason: string[];
}

export const RECORDS_FILE = "records.json";
/** npy, [samples] at the lead's rate as they are stored in the source: one file a lead of 01_ingest, counted from 0. */
export const leadFile = (record: string, lead: number): string => `${record}.lead${lead}.npy`;
/** npy, [samples] of 02_preprocess. */
export const signalFile = (record: string): string => `${record}.signal.npy`;
export const annotationsFile = (record: string): string => `${record}.annotations.json`;
export const beatsFile = (record: string): string => `${record}.beats.json`;
export const defectsFile = (record: string): string => `${record}.defects.json`;
