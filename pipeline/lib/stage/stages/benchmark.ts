import { declare } from "./declaration.ts";

export const benchmark = declare({
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
      doc: "Only these models, as <study>-<model>[-<form>], for example demo-cnn-int8; none takes all",
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
