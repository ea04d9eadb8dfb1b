import { detectPanTompkins } from "./pan_tompkins.ts";

/** A QRS detector that works on one lead. */
export interface Detector {
  /** Name by which a parameter chooses it. */
  name: string;
  /** One line for help texts, with its source. */
  doc: string;
  /**
   * @param ecg One lead, finite samples in any unit.
   * @param fs Sampling rate in Hz.
   * @returns Sample indices of the R peaks, ascending.
   * @throws RangeError if the rate is out of the detector's range or a sample is not finite.
   */
  detect(ecg: Float32Array, fs: number): Uint32Array<ArrayBuffer>;
}

const ALL: readonly Detector[] = [
  {
    name: "pan_tompkins",
    doc: "Pan and Tompkins 1985: band-pass, slope energy, adaptive thresholds; 100 to 1000 Hz",
    detect: detectPanTompkins,
  },
];

/** All QRS detectors by name. */
export const DETECTORS: Readonly<Record<string, Detector>> = Object.fromEntries(
  ALL.map((detector) => [detector.name, detector]),
);
