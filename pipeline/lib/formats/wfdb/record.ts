/** Samples of one signal in ADC units: 32 bits for the formats that need them (8, 24, 32, 524), else 16 bits. */
export type Samples = Int16Array | Int32Array;

/** Samples in memory of their own. */
export type DecodedSamples = Int16Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

/** One signal line of a WFDB header. Source: WFDB Applications Guide, header(5). */
export interface SignalSpec {
  /** Name of the signal file, relative to the header's folder, without any path; "~" for a signal without a file. */
  fileName: string;
  /** Storage format number, for example 212 or 16; 0 for a signal without a file, all of whose samples are missing. */
  format: number;
  /** Samples in one frame, >= 1: the signal's own rate is that many times the record's. */
  samplesPerFrame: number;
  /** Frames by which the signal lies behind its time in the file, >= 0; the reader puts it right. */
  skewFrames: number;
  /** Bytes to skip at the start of the signal file; for a FLAC format samples to skip. */
  byteOffset: number;
  /** ADC gain in units per physical unit; 200 where the header says nothing. */
  gainAduPerUnit: number;
  /** ADC value that stands for 0 physical units. */
  baselineAdu: number;
  /** Physical unit: "mV" where the header says nothing. */
  units: string;
  /** Resolution of the converter in bits. */
  adcResolutionBits: number;
  /** ADC value in the middle of the converter's range. */
  adcZeroAdu: number;
  /** First sample, in ADC units, as the header promises it. */
  initialValueAdu?: number;
  /** 16-bit signed sum of all samples, as the header promises it. */
  checksum?: number;
  /** Block size of the signal file in bytes; undefined where the header says nothing or 0. */
  blockSizeBytes?: number;
  /** Lead name, for example "MLII"; "" where the header says nothing. */
  description: string;
}

/** One segment line of a multi-segment header. */
export interface SegmentSpec {
  /** Name of the segment's own record; "~" for a gap in which nothing was recorded. */
  record: string;
  /** Length in frames; 0 for the layout segment that begins a variable-layout record. */
  samples: number;
}

/** A WFDB header (.hea). */
export interface RecordHeader {
  record: string;
  /** Frames a second in Hz: the sampling rate of each signal that has one sample a frame. */
  fs: number;
  /** Counter frequency in Hz, for records with a tape or page counter. */
  counterFrequencyHz?: number;
  /** Counter value at sample 0; only beside a counter frequency. */
  baseCounter?: number;
  /** Length in frames: samples of a signal that has one a frame; undefined where the header says nothing. */
  samples?: number;
  /** Time of day of sample 0, as written: "17:27:45" or "19:46:25.757". */
  baseTime?: string;
  /** Date of sample 0, as written: "15/08/1994" (day, month, year); only beside a base time. */
  baseDate?: string;
  /** In the header of a multi-segment record: empty, its segments' headers describe the signals. */
  signals: SignalSpec[];
  /** Segments of a multi-segment record in their order; undefined for a record of one segment. */
  segments?: SegmentSpec[];
  /** Signals that a multi-segment header promises of its segments; undefined for a record of one segment. */
  segmentSignals?: number;
  /** Comment lines without their leading "#" and blanks. */
  comments: string[];
}

/** One annotation of a WFDB annotation file (.atr). Source: WFDB Applications Guide, annot(5). */
export interface Annotation {
  /** Frame index, counted from 0 at the record's start. */
  sample: number;
  /** Mnemonic of the annotation code: "N", "V", "+", "~" and so on, or as the file itself defines it. */
  symbol: string;
  subtype: number;
  channel: number;
  num: number;
  /** Auxiliary text, for example a rhythm label "(AFIB"; "" where there is none. */
  aux: string;
}

/** A record with its samples, as read or as to be written. */
export interface WfdbRecord {
  header: RecordHeader;
  /** ADC units, one array of `samples * samplesPerFrame` values a signal, in the header's order. */
  signals: Samples[];
  annotations: Annotation[];
}
