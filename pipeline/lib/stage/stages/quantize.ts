import { declare, model, seed } from "./declaration.ts";

export const quantize = declare({
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
