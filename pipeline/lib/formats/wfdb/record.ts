/** One signal line of a WFDB header. Source: WFDB Applications Guide, header(5). */
export interface SignalSpec {
  /** Name of the signal file, relative to the header's folder, without any path. */
  fileName: string;
  /** Storage format number: 212, 16. */
  format: number;
  /** Bytes to skip at the start of the signal file. */
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

/** A WFDB header (.hea). */
export interface RecordHeader {
  record: string;
  /** Sampling rate in Hz. */
  fs: number;
  /** Counter frequency in Hz, for records with a tape or page counter. */
  counterFrequencyHz?: number;
  /** Counter value at sample 0; only beside a counter frequency. */
  baseCounter?: number;
  /** Samples per signal; undefined where the header says nothing. */
  samples?: number;
  /** Time of day of sample 0, as written: "17:27:45" or "19:46:25.757". */
  baseTime?: string;
  /** Date of sample 0, as written: "15/08/1994" (day, month, year); only beside a base time. */
  baseDate?: string;
  signals: SignalSpec[];
  /** Comment lines without their leading "#" and blanks. */
  comments: string[];
}

/** One annotation of a WFDB annotation file (.atr). Source: WFDB Applications Guide, annot(5). */
export interface Annotation {
  /** Sample index, counted from 0 at the record's start. */
  sample: number;
  /** Mnemonic of the annotation code: "N", "V", "+", "~" and so on. */
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
  /** ADC units, one array of `samples` values a signal, in the header's order. */
  signals: Int16Array[];
  annotations: Annotation[];
}
