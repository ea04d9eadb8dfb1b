import type { SignalForm } from "./signal_form.ts";

/** How the windows of a study with default parameters were made, for tests. */
export const SIGNAL_FORM: SignalForm = {
  fs: 360,
  windowSamples: 216,
  rPeakOffset: 90,
  windowScale: "window",
  scale: "record",
  filter: "bandpass",
  lowHz: 0.5,
  highHz: 40,
  filterOrder: 2,
  notch: "none",
  resample: "auto",
  polarity: "report",
};
