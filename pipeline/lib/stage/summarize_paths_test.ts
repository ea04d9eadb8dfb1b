import assert from "node:assert/strict";
import { summarizePaths } from "./summarize_paths.ts";

Deno.test("summarizePaths() names few files and counts many by their folder", () => {
  const cnn = ["model.h5", "model.tflite", "tflite-micro/int8/example.cc", "SHA256SUMS"].map((file) =>
    `models/demo/cnn/${file}`
  );
  const lstm = ["models/demo/lstm/model.h5"],
    datasets = ["Datasets/demo-test.csv", "Datasets/demo-test.json"];
  assert.equal(
    summarizePaths([...datasets, ...cnn, ...lstm]),
    "Datasets/demo-test.csv, Datasets/demo-test.json, models/demo/cnn (4 files), models/demo/lstm/model.h5",
  );
  assert.equal(summarizePaths([]), "");
});
