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
  },
});
