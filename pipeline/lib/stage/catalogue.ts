import type { ParamSpec, ParamValue } from "./params.ts";

/** What is known of a stage before it runs. The numbered scripts hold the work, this table holds the contract. */
export interface StageDeclaration<S extends ParamSpec = ParamSpec> {
  /** Name of the script and of the cache folder, for example "03_window". */
  name: string;
  /** Name of the Deno task and of the section in a study file, for example "window". */
  task: string;
  /** One line for `--help`. */
  doc: string;
  /** Stages whose outputs this one reads. */
  upstream: readonly string[];
  /** The list parameter whose every value gets a cache entry of its own. */
  fanOut?: "model";
  /** True when it writes files outside data/ under the study's name. */
  publishesStudy?: true;
  params: S;
  /** True for parameters whose output is there to be compared: it does not become the study's, no later stage reads it. */
  isTrial?(params: Record<string, ParamValue>): boolean;
}

/** Architectures that can be trained; lib/nn/architectures holds them, a test compares the two lists. */
export const MODEL_NAMES = ["cnn", "lstm", "bilstm", "gru"] as const;
/** Those that are made when none is named. */
const DEFAULT_MODELS = ["cnn", "lstm"] as const;

/** Training engines; lib/engine/engines.ts holds them, a test compares the two lists. */
export const ENGINE_NAMES = ["wasm", "tfjs-wasm", "tfjs-node"] as const;

const model = {
  type: "list",
  default: DEFAULT_MODELS,
  choices: MODEL_NAMES,
  doc: "Models to work on",
} as const;

const seed = {
  type: "int",
  default: 1,
  min: 0,
  max: 4294967295,
  doc: "Seed of everything random; the same seed gives the same bytes",
} as const;

const declare = <const S extends ParamSpec>(declaration: StageDeclaration<S>): StageDeclaration<S> =>
  declaration;

const ingest = declare({
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
      doc:
        "Leads of CSV files by column name or number, counted from 1; none takes those named ECG, else all",
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
      doc:
        "Longest run of missing samples of CSV files that is passed on as missing; a longer one is refused",
    },
    maxMissingPercent: {
      type: "float",
      default: 10,
      min: 0,
      max: 100,
      unit: "%",
      doc: "Largest share of a CSV lead that may be missing or filled",
    },
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

const preprocess = declare({
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

const window = declare({
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

const train = declare({
  name: "04_train",
  task: "train",
  isTrial: ({ folds }) => Number(folds) > 0,
  doc: "Trains each model on the training windows and saves it in the Keras .h5 format.",
  upstream: ["03_window"],
  fanOut: "model",
  params: {
    model,
    epochs: {
      type: "int",
      default: 30,
      min: 1,
      max: 10000,
      unit: "epochs",
      doc: "Most passes over the training windows",
    },
    patience: {
      type: "int",
      default: 8,
      min: 1,
      max: 10000,
      unit: "epochs",
      doc: "Stop after this many epochs without a better validation result",
    },
    monitor: {
      type: "string",
      default: "macroF1",
      choices: ["macroF1", "loss", "accuracy", "balancedAccuracy"],
      doc: "Validation figure that picks the best epoch; balancedAccuracy is the mean sensitivity",
    },
    batchSize: {
      type: "int",
      default: 256,
      min: 1,
      max: 65536,
      unit: "windows",
      doc: "Windows between two updates",
    },
    optimizer: {
      type: "string",
      default: "adam",
      choices: ["adam", "adamw", "sgd"],
      doc: "How weights follow the gradient; adamw is adam with weightDecay",
    },
    learningRate: {
      type: "float",
      default: 0.003,
      min: 1e-7,
      max: 10,
      doc: "Step size of the optimizer at its largest",
    },
    weightDecay: {
      type: "float",
      default: 0.01,
      min: 0,
      max: 10,
      needs: ["optimizer", "adamw"],
      doc: "Part of each kernel, times the learning rate, that a step takes away; biases and gains stay",
    },
    momentum: {
      type: "float",
      default: 0.9,
      min: 0,
      max: 0.9999,
      needs: ["optimizer", "sgd"],
      doc: "Part of the last step that the next one repeats",
    },
    nesterov: {
      type: "boolean",
      default: true,
      needs: ["optimizer", "sgd"],
      doc: "Look ahead along the momentum",
    },
    schedule: {
      type: "string",
      default: "cosine",
      choices: ["cosine", "constant", "step", "oneCycle"],
      doc:
        "Learning rate: by epoch along half a cosine to a hundredth, constant, or in steps; by batch up and down once",
    },
    warmUpEpochs: {
      type: "int",
      default: 0,
      min: 0,
      max: 10000,
      unit: "epochs",
      doc: "Epochs over which the learning rate rises batch by batch, before the schedule begins",
    },
    stepEpochs: {
      type: "int",
      default: 10,
      min: 1,
      max: 10000,
      unit: "epochs",
      needs: ["schedule", "step"],
      doc: "Epochs between two falls of the learning rate",
    },
    stepFactor: {
      type: "float",
      default: 0.1,
      min: 1e-6,
      max: 1,
      needs: ["schedule", "step"],
      doc: "What the learning rate is multiplied by at each fall",
    },
    clipNorm: {
      type: "float",
      default: 0,
      min: 0,
      max: 1e6,
      doc: "Longest gradient over all weights together, longer ones are shortened; 0 takes any",
    },
    clipValue: {
      type: "float",
      default: 0,
      min: 0,
      max: 1e6,
      doc: "Largest gradient of one weight, larger ones are cut; 0 takes any",
    },
    l1: {
      type: "float",
      default: 0,
      min: 0,
      max: 10,
      doc: "Penalty on the magnitude of kernels; not in the loss that is shown",
    },
    l2: {
      type: "float",
      default: 0,
      min: 0,
      max: 10,
      doc: "Penalty on the square of kernels; not in the loss that is shown",
    },
    classWeighting: {
      type: "float",
      default: 0.25,
      min: 0,
      max: 1,
      doc:
        "Exponent of the inverse class frequency, as sampled: 0 weighs beats alike, 1 weighs classes alike",
    },
    labelSmoothing: {
      type: "float",
      default: 0,
      min: 0,
      max: 0.99,
      doc: "Part of each training target that all classes share alike",
    },
    focalGamma: {
      type: "float",
      default: 0,
      min: 0,
      max: 10,
      needs: ["engine", "wasm"],
      doc: "Focal loss: how much less a window counts the surer it is; 0 is the cross-entropy",
    },
    sampling: {
      type: "string",
      default: "natural",
      choices: ["natural", "squareRoot", "balanced"],
      doc: "How classes share an epoch: as they occur, by the square root of that, or alike",
    },
    patientSampling: {
      type: "string",
      default: "natural",
      choices: ["natural", "squareRoot", "balanced"],
      doc: "How patients share each class, likewise",
    },
    augmentAmplitude: {
      type: "float",
      default: 0,
      min: 0,
      max: 10,
      doc: "Multiply training windows by e^-a to e^a; scaled away again where each window is scaled to 0..1",
    },
    augmentShift: {
      type: "int",
      default: 0,
      min: 0,
      max: 1000,
      unit: "samples",
      doc: "Move training windows by up to this",
    },
    augmentWander: {
      type: "float",
      default: 0,
      min: 0,
      max: 1000,
      doc: "Add a slow wave of up to this amplitude to training windows, in the unit of their values",
    },
    augmentNoise: {
      type: "float",
      default: 0,
      min: 0,
      max: 1000,
      doc:
        "Add white noise of up to this standard deviation to training windows, in the unit of their values",
    },
    augmentWarp: {
      type: "float",
      default: 0,
      min: 0,
      max: 0.9,
      doc: "Stretch or shorten training windows by up to this part",
    },
    augmentPolarity: {
      type: "float",
      default: 0,
      min: 0,
      max: 1,
      doc: "Turn this part of the training windows upside down",
    },
    engine: {
      type: "string",
      default: "wasm",
      choices: ENGINE_NAMES,
      doc:
        "What computes: the project's kernels, or TensorFlow.js (`deno task doctor` says what is usable here)",
    },
    folds: {
      type: "int",
      default: 0,
      min: 0,
      max: 1000,
      doc:
        "Cross-validate by patient within training and validation; 0 does not (`deno task folds` runs all)",
    },
    fold: {
      type: "int",
      default: 0,
      min: 0,
      max: 1000,
      doc: "Which of the folds is held out, from 1; later stages do not see that model",
    },
    fusedMultiplyAdd: {
      needs: ["engine", "wasm"],
      type: "boolean",
      default: false,
      doc:
        "Train about a quarter faster; the same seed then gives the same bytes only among processors with FMA",
    },
    workers: {
      type: "int",
      default: 0,
      min: 0,
      max: 256,
      inKey: false,
      needs: ["engine", "wasm"],
      doc: "Threads; 0 takes one for each core. The result does not depend on it",
    },
    seed,
  },
});

const convert = declare({
  name: "05_convert",
  task: "convert",
  doc: "Converts each trained model to a float32 .tflite file and compares the two.",
  upstream: ["03_window", "04_train"],
  fanOut: "model",
  params: {
    model,
    checkWindows: {
      type: "int",
      default: 64,
      min: 1,
      max: 100000,
      unit: "windows",
      doc: "Test windows on which the .tflite is compared with the reference",
    },
  },
});

const quantize = declare({
  name: "06_quantize",
  task: "quantize",
  doc: "Quantizes each model to int8, calibrated on training windows only, and compares it with float32.",
  upstream: ["03_window", "04_train", "05_convert"],
  fanOut: "model",
  params: {
    model,
    calibrationWindows: {
      type: "int",
      default: 500,
      min: 1,
      max: 100000,
      unit: "windows",
      doc: "Training windows from which the activation ranges are taken",
    },
    compareWindows: {
      type: "int",
      default: 5000,
      min: 1,
      max: 10000000,
      unit: "windows",
      doc: "Test windows on which int8 and float32 are compared, spread evenly",
    },
    seed,
  },
});

const exportStage = declare({
  name: "07_export",
  task: "export",
  doc: "Writes the windows to Datasets/ as CSV and the models, their cards and checksums to models/.",
  upstream: ["03_window", "04_train", "05_convert", "06_quantize"],
  publishesStudy: true,
  params: {
    model,
    splits: {
      type: "list",
      default: ["train", "validation", "test", "unlabelled"],
      choices: ["train", "validation", "test", "unlabelled"],
      doc: "Splits to write; one that holds no window gives no file",
    },
  },
});

const benchmark = declare({
  name: "08_benchmark",
  task: "bench",
  doc:
    "Runs every model in models/ on every dataset in Datasets/ (of one study with --study) and writes a summary a " +
    "model to Reports/.",
  upstream: [],
  params: {
    computerType: {
      type: "string",
      default: "this-computer",
      pattern: /^(?!.*\.\.)[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/,
      form: "up to 64 letters, digits, dots, - and _, beginning and ending with a letter or digit",
      doc: "Name of this kind of computer in the reports",
    },
    quantizedOnly: { type: "boolean", default: false, doc: "Only int8 models" },
    models: {
      type: "list",
      default: [],
      doc: "Only these models, as <study>-<model>[-int8]; none takes all",
    },
    datasets: {
      type: "list",
      default: [],
      doc: "Only these files of Datasets/, without .csv; none takes all",
    },
    maxWindows: {
      type: "int",
      default: 10000,
      min: 0,
      max: 100000000,
      unit: "windows",
      doc: "Most windows of each dataset, spread evenly over it; 0 takes all",
    },
    warmUp: {
      type: "int",
      default: 20,
      min: 0,
      max: 100000,
      unit: "windows",
      doc: "Windows run before the clock counts",
    },
    workers: {
      type: "int",
      default: 0,
      min: 0,
      max: 256,
      doc:
        "Interpreters that share the accuracy run; 0 takes one for each core. Latency is measured on one alone",
    },
    latencyWindows: {
      type: "int",
      default: 1000,
      min: 1,
      max: 1000000,
      unit: "windows",
      doc: "Windows of the single-stream latency measurement",
    },
    xnnpack: { type: "boolean", default: false, doc: "Use the XNNPACK delegate of TFLite" },
    rerun: {
      type: "boolean",
      default: true,
      inKey: false,
      doc: "False keeps the summaries while models, datasets and parameters are the same",
    },
  },
});

/** The eight stages by the name of their task, in the order of the chain. */
export const STAGES = {
  ingest,
  preprocess,
  window,
  train,
  convert,
  quantize,
  export: exportStage,
  bench: benchmark,
};

export type StageTask = keyof typeof STAGES;

/** The eight stages in the order of the chain. */
export const STAGE_CHAIN: readonly StageDeclaration[] = Object.values(STAGES);

/** @throws {RangeError} When no stage has this name. */
export function stageByName(name: string): StageDeclaration {
  const found = STAGE_CHAIN.find((stage) => stage.name === name);
  if (!found) throw new RangeError(`Cannot find a stage: no stage is called ${name}`);
  return found;
}
