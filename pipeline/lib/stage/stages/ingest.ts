import type { ParamSpec } from "../params.ts";
import { declare, seed } from "./declaration.ts";

/** How text files of signals are read. */
export const csvParams = {
  samplingRate: {
    type: "float",
    default: 0,
    min: 0,
    max: 100000,
    unit: "Hz",
    doc: "Sampling rate of CSV files whose headers state none; 0 takes it from their time column",
  },
  column: {
    type: "list",
    default: [],
    doc: "Leads of CSV files by column name or number, counted from 1; none takes those named ECG, else all",
  },
  unit: {
    type: "string",
    default: "auto",
    choices: ["auto", "V", "mV", "uV", "nV", "adc"],
    doc: "Unit of CSV columns that state none",
  },
  adcGain: {
    type: "float",
    default: 0,
    min: 0,
    max: 1e9,
    unit: "steps",
    doc: "Steps of the converter for 1 mV, for CSV columns without a unit or in adc; 0 for unknown",
  },
  adcBaseline: {
    type: "float",
    default: 0,
    min: -1e9,
    max: 1e9,
    unit: "steps",
    doc: "Converter's value for 0 mV, as --adcGain",
  },
  interpolateMs: {
    type: "float",
    default: 20,
    min: 0,
    max: 1000,
    unit: "ms",
    doc: "Longest run of missing samples of CSV files that is filled by a straight line",
  },
  maxMissingSeconds: {
    type: "float",
    default: 10,
    min: 0,
    max: 86400,
    unit: "s",
    doc: "Longest run of missing samples of CSV files that is passed on as missing; a longer one is refused",
  },
  maxMissingPercent: {
    type: "float",
    default: 10,
    min: 0,
    max: 100,
    unit: "%",
    doc: "Largest share of a CSV lead that may be missing or filled",
  },
} as const satisfies ParamSpec;

export const ingest = declare({
  name: "01_ingest",
  task: "ingest",
  doc: "Reads ECG records from PhysioNet, a folder of WFDB or CSV files, or a generator, and verifies them.",
  upstream: [],
  params: {
    source: {
      type: "string",
      default: "auto",
      doc: "auto (data/mit_database, else physionet), physionet, synthetic, or a folder of WFDB or CSV files",
    },
    mirror: {
      type: "string",
      default: "",
      pattern: /^(https?:\/\/[A-Za-z0-9.[\]:-]+\/?\S*)?$/,
      form: "an address that begins with http:// or https://",
      inKey: false,
      doc: "Address of another server with PhysioNet's layout of mitdb",
    },
    records: { type: "list", default: [], doc: "Only these records; none takes all" },
    missingAnnotations: {
      type: "string",
      default: "refuse",
      choices: ["refuse", "unlabelled"],
      doc: "What to do with a record that has no .atr file",
    },
    ...csvParams,
    patients: {
      needs: ["source", "synthetic"],
      type: "int",
      default: 12,
      min: 4,
      max: 999,
      doc: "Patients of the synthetic source",
    },
    minutes: {
      needs: ["source", "synthetic"],
      type: "float",
      default: 5,
      min: 0.5,
      max: 1440,
      unit: "minutes",
      doc: "Length of a synthetic record",
    },
    seed,
  },
});
