import assert from "node:assert/strict";
import { FormatError } from "../core/errors.ts";
import { type ModelCard, parseModelCard } from "./model_card.ts";
import { formatModelCard } from "./model_card_markdown.ts";
import { SIGNAL_FORM } from "./test_signal_form.ts";

const FIGURES = { support: 10, sensitivity: 0.5, positivePredictivity: null, f1: 0.25 };
const REPORT = { accuracy: 0.9, macroF1: 0.25, classes: { N: FIGURES, V: FIGURES } };
const CARD: ModelCard = {
  schemaVersion: 1,
  name: "demo-cnn",
  study: "demo",
  model: "cnn",
  synthetic: false,
  purpose: "Classifies.",
  intendedUse: "Research. Not a medical device.",
  limits: "Sees one window.",
  classes: ["N", "V"],
  parameters: 1234,
  input: SIGNAL_FORM,
  inputs: [{ name: "input", content: "window" }, { name: "input_reversed", content: "reversed" }],
  preprocess: {},
  window: {},
  data: {
    scheme: "inter-patient",
    trainRecords: ["101", "106"],
    validationRecords: ["108"],
    testRecords: ["100"],
    windows: { train: { N: 2000, V: 30 }, test: { N: 500, V: 10 } },
    calibrationWindows: 500,
  },
  training: {},
  results: {
    comparedWindows: 510,
    modes: ["int8", "float16"],
    calibration: { method: "percentile", percentile: 99.9, sha256: "cd".repeat(32) },
    tuning: { epochs: 2, bestEpoch: 1 },
    float32: REPORT,
    int8: REPORT,
    "int8-qat": REPORT,
  },
  devices: [{
    file: "model_int8.tflite",
    multiplyAccumulates: 164_480,
    arenaBytes: 5840,
    arenaBytesWithMargin: 8192,
    targets: [
      { target: "tflite-micro", source: "asked", accepts: "yes", findings: [] },
      { target: "Edge TPU", source: "Coral's table", accepts: "partly", findings: ["a", "b", "c", "d"] },
    ],
  }, {
    file: "model_float16.tflite",
    multiplyAccumulates: 164_480,
    targets: [
      { target: "tflite-micro", source: "asked", accepts: "no", findings: ["no kernel for FLOAT16"] },
      { target: "Edge TPU", source: "Coral's table", accepts: "no", findings: ["a"] },
    ],
  }],
  files: [{ file: "tflite-micro/int8/example.cc", format: "c++", bytes: 2000, sha256: "ab".repeat(32) }],
};

Deno.test("parseModelCard() reads what was written, and cards from before devices were described", () => {
  assert.deepEqual(parseModelCard(JSON.stringify(CARD), "c.json"), CARD);
  const { devices: _, intendedUse: __, inputs: ___, ...old } = CARD;
  const { devices, intendedUse, inputs } = parseModelCard(JSON.stringify(old), "c.json");
  assert.deepEqual([devices, intendedUse, inputs], [[], "Research. Not a medical device.", []]);
});

Deno.test("parseModelCard() refuses files outside the card's folder", () => {
  for (const file of ["../model.tflite", "/model.tflite", "a/../b", "a//b", ".hidden"]) {
    const card = { ...CARD, files: [{ ...CARD.files[0], file }] };
    assert.throws(() => parseModelCard(JSON.stringify(card), "c.json"), FormatError, file);
  }
});

Deno.test("parseModelCard() refuses what is no card in one line, however deep it is nested", () => {
  const deep = JSON.stringify({ ...CARD, training: 0 }).replace(
    '"training":0',
    `"training":${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`,
  );
  for (const text of ["{", "[]", JSON.stringify({ ...CARD, classes: ["N"] }), deep]) {
    assert.throws(
      () => parseModelCard(text, "c.json"),
      (error) =>
        error instanceof FormatError && /^Cannot read a model card: .*\(c\.json\)$/.test(error.message),
    );
  }
});

Deno.test("formatModelCard() tells use, data, figures by class, devices and hashes", () => {
  const text = formatModelCard(CARD);
  for (
    const part of [
      "# demo-cnn\n\n**Intended use: Research. Not a medical device.**",
      "216 samples at 360 Hz with the R peak at index 90",
      "The input `input_reversed` of the .tflite files takes the same samples from the last to the first. Output",
      "| train | 2,000 | 30 |",
      "| form | accuracy | macro-F1 NV | N | V |",
      "| int8 | 90.00 | 25.00 | 50.00 / - (10) | 50.00 / - (10) |",
      "| int8-qat | 90.00 | 25.00 |",
      `ranges from 500 training windows by percentile 99.9 %, SHA-256 of their values \`${"cd".repeat(32)}\``,
      "`model_int8.tflite` is the form int8-qat: the model was tuned for int8 before it was quantized, epochs done 2, taken 1.",
      "\n\nfloat16: weights in half precision",
      "macro-F1 is the mean F1 of all classes that occur",
      "| model_int8.tflite | 164,480 | 5,840 (8,192) | yes | partly |",
      "| model_float16.tflite | 164,480 | does not run there | no | no |",
      "From Coral's table.",
      "- [ ] model_int8.tflite, partly: a; b; c; and 1 more",
      "edgetpu_compiler: it was not run",
      `| tflite-micro/int8/example.cc | 2,000 | \`${"ab".repeat(32)}\` |`,
    ]
  ) assert.ok(text.includes(part), part);
  const plain = formatModelCard({ ...CARD, inputs: [], results: { float32: REPORT, int8: REPORT } });
  for (const absent of ["input_reversed", "int8-qat", "float16:"]) assert.ok(!plain.includes(absent), absent);
});
