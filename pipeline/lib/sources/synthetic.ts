import { createRng } from "../core/rng.ts";
import type { Annotation, RecordHeader, SignalSpec, WfdbRecord } from "../formats/wfdb/record.ts";
import { signalChecksum } from "../formats/wfdb/signal.ts";
import { addBeat, drawMorphology, shapeBeat } from "./beat_morphology.ts";
import { addNoise, drawNoiseProfile, type NoiseBurst } from "./ecg_noise.ts";
import { drawRhythmProfile, scheduleBeats } from "./rhythm.ts";

/** First comment line of every synthetic record's header. */
export const SYNTHETIC_COMMENT = "synthetic: sum-of-Gaussians ECG, not a patient";

const LEADS = ["MLII", "V1"] as const;
/** Converter of the MIT-BIH Arrhythmia Database: 11 bits over 10 mV. */
const GAIN_ADU_PER_MV = 200, ADC_ZERO_ADU = 1024, ADC_MAX_ADU = 2047;
/** A beat's largest deflection lies within this distance of its nominal R peak. */
const PEAK_SEARCH_SECONDS = 0.06;

/** One synthetic patient's record. */
export interface SyntheticRecordOptions {
  /** Any integer; the same seed gives the same samples. */
  seed: number;
  /** Index of the patient, from 0: the record's name is "s001" for 0. */
  patient: number;
  /** Length of the record in minutes, 0.1 to 1440. */
  minutes: number;
  /** Sampling rate in Hz, 100 to 2000 (default 360). */
  fs?: number;
  /** Factor on noise and baseline wander, >= 0 (default 1). */
  noise?: number;
}

/** A set of synthetic patients. */
export interface SyntheticOptions extends Omit<SyntheticRecordOptions, "patient"> {
  /** Number of patients, 1 to 9999. */
  patients: number;
}

/**
 * Generates one record a patient, lazily: only one is in memory at a time.
 *
 * @returns Records "s001", "s002" and so on.
 * @throws {RangeError} On an option out of its range.
 */
export function* generateSyntheticRecords(options: SyntheticOptions): Generator<WfdbRecord> {
  const { patients, ...rest } = options;
  if (!Number.isInteger(patients) || patients < 1 || patients > 9999) {
    throw new RangeError(
      `Cannot generate synthetic records: patients must be an integer in [1, 9999], got ${patients}`,
    );
  }
  for (let patient = 0; patient < patients; patient++) yield generateSyntheticRecord({ ...rest, patient });
}

/**
 * Generates one patient's two-lead ECG (MLII, V1) with its beat and rhythm annotations.
 *
 * Beats are sums of Gaussians (see `drawMorphology`) on a rhythm with premature beats (see `scheduleBeats`), converted
 * as the MIT-BIH Arrhythmia Database was: 200 units a mV, 11 bits around 1024, format 212. Beats: about 80-90 % N,
 * 3-6 % A, 4-10 % V, 1 % F, 0.6 % Q. Each annotation stands on the largest deflection of the beat's noise-free MLII.
 * The data are made up: they show that a pipeline runs, never how well a model reads a heart.
 *
 * @returns Header with checksums, samples in ADC units, annotations in order of time, the first being rhythm "(N".
 * @throws {RangeError} On an option out of its range.
 */
export function generateSyntheticRecord(options: SyntheticRecordOptions): WfdbRecord {
  const { seed, patient, minutes, fs = 360, noise = 1 } = options;
  checkOptions(patient, minutes, fs, noise);
  const rng = createRng(seed).fork(`patient ${patient}`);
  const durationSeconds = minutes * 60;
  const samples = Math.round(durationSeconds * fs);
  const leadsMv: [Float32Array, Float32Array] = [new Float32Array(samples), new Float32Array(samples)];

  const morphology = drawMorphology(rng.fork("morphology"));
  const profile = drawRhythmProfile(patient, rng.fork("profile"));
  const beats = scheduleBeats(profile, durationSeconds, rng.fork("rhythm"));
  const shapeRng = rng.fork("shapes");
  const bursts: NoiseBurst[] = [];
  for (const { timeSeconds, symbol, sinusRrSeconds } of beats) {
    addBeat(leadsMv, fs, timeSeconds, shapeBeat(morphology, symbol, sinusRrSeconds, shapeRng));
    if (symbol === "Q") {
      bursts.push({ startSeconds: timeSeconds - 0.3, endSeconds: timeSeconds + 0.3, factor: 4 });
    }
  }

  const annotations: Annotation[] = [];
  const annotate = (sample: number, symbol: string, aux = "") =>
    annotations.push({ sample, symbol, subtype: 0, channel: 0, num: 0, aux });
  for (const { timeSeconds, symbol, rhythm } of beats) {
    const peak = largestDeflection(leadsMv[0], timeSeconds * fs, PEAK_SEARCH_SECONDS * fs);
    if (rhythm !== undefined) annotate(peak - Math.round(0.2 * fs), "+", rhythm);
    annotate(peak, symbol);
  }

  const noiseProfile = drawNoiseProfile(profile.respirationHz, rng.fork("noise"));
  const signals = leadsMv.map((leadMv, lead) => {
    addNoise(leadMv, fs, noiseProfile, bursts, noise, rng.fork(`noise of ${LEADS[lead]}`));
    return toAdcUnits(leadMv);
  });
  return { header: describe(options, fs, signals), signals, annotations };
}

/** Tells whether a record was generated: true where a comment line of its header says so. */
export function isSynthetic(header: RecordHeader): boolean {
  return header.comments.some((comment) => comment.startsWith("synthetic:"));
}

function checkOptions(patient: number, minutes: number, fs: number, noise: number): void {
  const check = (name: string, value: number, low: number, high: number) => {
    if (!(value >= low && value <= high)) {
      throw new RangeError(
        `Cannot generate a synthetic record: ${name} must be in [${low}, ${high}], got ${value}`,
      );
    }
  };
  check("patient", patient, 0, 9998);
  check("minutes", minutes, 0.1, 1440);
  check("fs", fs, 100, 2000);
  check("noise", noise, 0, 100);
}

/** Sample of the largest |amplitude| within `reach` samples of `centre`. */
function largestDeflection(leadMv: Float32Array, centre: number, reach: number): number {
  const last = Math.min(leadMv.length - 1, Math.floor(centre + reach));
  let peak = Math.max(0, Math.ceil(centre - reach));
  for (let n = peak + 1; n <= last; n++) {
    if (Math.abs(leadMv[n]) > Math.abs(leadMv[peak])) peak = n;
  }
  return peak;
}

function toAdcUnits(leadMv: Float32Array): Int16Array {
  const adu = new Int16Array(leadMv.length);
  for (let n = 0; n < adu.length; n++) {
    const value = Math.round(leadMv[n] * GAIN_ADU_PER_MV) + ADC_ZERO_ADU;
    adu[n] = value < 0 ? 0 : value > ADC_MAX_ADU ? ADC_MAX_ADU : value;
  }
  return adu;
}

function describe(options: SyntheticRecordOptions, fs: number, signals: Int16Array[]): RecordHeader {
  const record = `s${String(options.patient + 1).padStart(3, "0")}`;
  return {
    record,
    fs,
    samples: signals[0].length,
    signals: signals.map((signal, lead): SignalSpec => ({
      fileName: `${record}.dat`,
      format: 212,
      samplesPerFrame: 1,
      skewFrames: 0,
      byteOffset: 0,
      gainAduPerUnit: GAIN_ADU_PER_MV,
      baselineAdu: ADC_ZERO_ADU,
      units: "mV",
      adcResolutionBits: 11,
      adcZeroAdu: ADC_ZERO_ADU,
      initialValueAdu: signal[0],
      checksum: signalChecksum(signal),
      description: LEADS[lead],
    })),
    comments: [SYNTHETIC_COMMENT, `seed ${options.seed}, patient ${options.patient + 1}`],
  };
}
