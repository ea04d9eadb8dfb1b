import { declare, model, seed } from "./declaration.ts";

export const quantize = declare({
  name: "06_quantize",
  task: "quantize",
  doc: "Quantizes each model, calibrated on training windows only, and compares its forms on test windows.",
  upstream: ["03_window", "04_train", "05_convert"],
  fanOut: "model",
  params: {
    model,
    modes: {
      type: "list",
      default: ["int8"],
      choices: ["int8", "int8-dynamic", "float16"],
      doc:
        "Forms to write: all in integers, weights only as integers, or weights in half precision; later stages need int8",
    },
    io: {
      type: "string",
      default: "int8",
      choices: ["int8", "float"],
      doc: "Type of the int8 form's inputs and outputs; float adds QUANTIZE and DEQUANTIZE at the ends",
    },
    calibration: {
      type: "string",
      default: "minmax",
      choices: ["minmax", "percentile", "mse"],
      doc:
        "Activation ranges: ends of the values seen, percentiles near them, or the least mean square error",
    },
    percentile: {
      type: "float",
      default: 99.99,
      min: 90,
      max: 100,
      unit: "%",
      needs: ["calibration", "percentile"],
      doc: "Part of the values inside each end of a range",
    },
    calibrationWindows: {
      type: "int",
      default: 500,
      min: 1,
      max: 100000,
      unit: "windows",
      doc: "Training windows from which the activation ranges are taken",
    },
    qat: {
      type: "int",
      default: 0,
      min: 0,
      max: 1000,
      unit: "epochs",
      doc:
        "Tune the model for int8 first, trained on with everything rounded; 0 quantizes it as it was trained",
    },
    qatRate: {
      type: "float",
      default: 0.03,
      min: 1e-6,
      max: 10,
      doc: "Largest learning rate of the tuning, as a part of the training's",
    },
    compareWindows: {
      type: "int",
      default: 5000,
      min: 1,
      max: 10000000,
      unit: "windows",
      doc: "Test windows on which the forms are compared, spread evenly",
    },
    compare: {
      type: "boolean",
      default: false,
      doc: "Compare every form, those that are not written too, class by class",
    },
    debug: {
      type: "boolean",
      default: false,
      inKey: false,
      doc: "Print each tensor's error in int8 against float32 to stdout, in the order of execution",
    },
    seed,
  },
});
