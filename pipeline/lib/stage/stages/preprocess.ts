import { declare } from "./declaration.ts";

export const preprocess = declare({
  name: "02_preprocess",
  task: "preprocess",
  doc:
    "Picks one lead, filters it, resamples it to 360 Hz, finds the R peaks where none are annotated, scales to 0..1.",
  upstream: ["01_ingest"],
  params: {
    lead: {
      type: "string",
      default: "MLII",
      doc: "Lead by name; a record without it gives its first ECG lead",
    },
    filter: {
      type: "string",
      default: "bandpass",
      choices: ["bandpass", "highpass", "baseline", "none"],
      doc: "Zero-phase Butterworth band-pass or high-pass, median baseline removal, or nothing",
    },
    lowHz: {
      needs: ["filter", "bandpass", "highpass"],
      type: "float",
      default: 0.5,
      min: 0.01,
      max: 1000,
      unit: "Hz",
      doc: "Lower corner of the band-pass, corner of the high-pass",
    },
    highHz: {
      needs: ["filter", "bandpass"],
      type: "float",
      default: 40,
      min: 1,
      max: 10000,
      unit: "Hz",
      doc: "Upper corner of the band-pass",
    },
    filterOrder: {
      needs: ["filter", "bandpass", "highpass"],
      type: "int",
      default: 2,
      min: 1,
      max: 8,
      doc: "Order of the band-pass or high-pass",
    },
    notch: {
      type: "string",
      default: "none",
      choices: ["none", "50", "60", "auto"],
      doc:
        "Frequency of the mains in Hz that a notch of Q 30 takes out; auto looks for the hum in each record",
    },
    targetHz: {
      type: "float",
      default: 360,
      min: 50,
      max: 2000,
      unit: "Hz",
      doc: "Sampling rate after resampling",
    },
    resample: {
      type: "string",
      default: "auto",
      choices: ["auto", "fft", "polyphase"],
      doc:
        "FFT of the whole record, polyphase filter, or auto: the FFT for up to 2^20 samples, else the filter",
    },
    longestRepairMs: {
      type: "int",
      default: 50,
      min: 0,
      max: 1000,
      unit: "ms",
      doc: "Missing samples up to this length are filled in; in longer gaps no beats are looked for",
    },
    polarity: {
      type: "string",
      default: "report",
      choices: ["report", "flip"],
      doc: "Report records whose QRS complexes are inverted, or turn them upright",
    },
    detector: {
      type: "string",
      default: "best",
      choices: [
        "best",
        "pan_tompkins",
        "hamilton",
        "christov",
        "engzee",
        "swt",
        "two_average",
        "matched_filter",
        "wqrs",
      ],
      doc: "R-peak detector for records without annotations",
    },
    scale: {
      type: "string",
      default: "record",
      choices: ["record", "none"],
      doc: "Scale each record to 0..1 by its minimum and maximum, or keep millivolts",
    },
  },
});
