import { declare, model } from "./declaration.ts";

export const exportStage = declare({
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
