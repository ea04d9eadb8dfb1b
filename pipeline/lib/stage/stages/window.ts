import { declare, seed } from "./declaration.ts";

export const window = declare({
  name: "03_window",
  task: "window",
  doc: "Cuts one window a beat, labels it by AAMI class, adds RR features and splits by patient.",
  upstream: ["02_preprocess"],
  params: {
    windowSamples: {
      type: "int",
      default: 216,
      min: 16,
      max: 4096,
      unit: "samples",
      doc: "Length of one beat window",
    },
    rPeakOffset: {
      type: "int",
      default: 90,
      min: 0,
      max: 4095,
      unit: "samples",
      doc: "Samples of the window before the R peak",
    },
    edges: {
      type: "string",
      default: "pad",
      choices: ["pad", "drop"],
      doc: "A window that leaves the record: repeat the edge sample, or drop the beat",
    },
    minQuality: {
      type: "float",
      default: 0,
      min: 0,
      max: 1,
      doc: "Drop windows of a lower signal quality; 0 keeps all, as the protocol's counts of beats want it",
    },
    windowScale: {
      type: "string",
      default: "window",
      choices: ["window", "none"],
      doc: "Scale each window to 0..1 by its own minimum and maximum, or keep the record's scale",
    },
    labels: {
      type: "string",
      default: "papers",
      choices: ["papers", "bxb"],
      doc: "Class of the symbols e and j: N as in papers, S as in the WFDB tool bxb",
    },
    scheme: {
      type: "string",
      default: "inter-patient",
      choices: ["inter-patient", "intra-patient"],
      ofStudy: true,
      doc: "Split by patient (DS1 and DS2), or at random over beats, which mixes patients",
    },
    seed,
  },
});
