import { declare, model } from "./declaration.ts";

export const convert = declare({
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
    batch: {
      type: "string",
      default: "1",
      pattern: /^(dynamic|[1-9]\d{0,3})$/,
      form: 'a number of windows from 1 to 9999, or "dynamic": the caller resizes the input (no LSTM)',
      doc:
        "Windows that the model computes at once; with more than 1 it is for use elsewhere, the later stages do not read it",
    },
    bidirectional: {
      type: "string",
      default: "reverse-op",
      choices: ["reverse-op", "two-inputs"],
      doc:
        "How a Bidirectional layer sees the window backwards: by REVERSE_V2, or as a second input that the host fills",
    },
    dumpPasses: {
      type: "boolean",
      default: false,
      inKey: false,
      doc: "Print the graph as it is lowered and after each pass to stdout",
    },
  },
  isTrial: ({ batch }) => batch !== "1" && batch !== "dynamic",
});
