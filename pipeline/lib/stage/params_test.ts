import assert from "node:assert/strict";
import { UsageError } from "../core/errors.ts";
import { checkValue, defaultsOf, describeParams, ParamSpec, parseFlags } from "./params.ts";

const spec = {
  windowSamples: {
    type: "int",
    default: 216,
    min: 16,
    max: 4096,
    unit: "samples",
    doc: "Length of one beat window",
  },
  lowHz: { type: "float", default: 0.5, min: 0, unit: "Hz", doc: "Lower corner" },
  source: { type: "string", default: "auto", doc: "Where records come from" },
  scheme: {
    type: "string",
    default: "inter-patient",
    choices: ["inter-patient", "intra-patient"],
    doc: "Split",
  },
  quantizedOnly: { type: "boolean", default: false, doc: "Only int8 models" },
  model: { type: "list", default: ["cnn"], choices: ["cnn", "lstm"], doc: "Models" },
} as const satisfies ParamSpec;

const refused = (args: string[], pattern: RegExp) =>
  assert.throws(
    () => parseFlags(args, spec),
    (error: Error) => error instanceof UsageError && pattern.test(error.message),
  );

Deno.test("parseFlags() reads every type in both spellings", () => {
  assert.deepEqual(
    parseFlags(
      [
        "--windowSamples",
        "128",
        "--low-hz=1.5",
        "--quantizedOnly",
        "True",
        "--model",
        "lstm,cnn",
        "--scheme",
        "intra-patient",
      ],
      spec,
    ),
    { windowSamples: 128, lowHz: 1.5, quantizedOnly: true, model: ["lstm", "cnn"], scheme: "intra-patient" },
  );
});

Deno.test("parseFlags() takes a boolean with or without its value", () => {
  assert.deepEqual(parseFlags(["--quantizedOnly"], spec), { quantizedOnly: true });
  assert.deepEqual(parseFlags(["--quantizedOnly", "False"], spec), { quantizedOnly: false });
  assert.deepEqual(parseFlags(["--quantizedOnly", "--lowHz", "2"], spec), { quantizedOnly: true, lowHz: 2 });
});

Deno.test("parseFlags() takes none as the empty list and a path that holds blanks or a leading dot", () => {
  assert.deepEqual(parseFlags(["--model", "none", "--source", "../my data"], spec), {
    model: [],
    source: "../my data",
  });
});

Deno.test("parseFlags() names the nearest flag for an unknown one", () => {
  refused(["--windowSample", "3"], /--windowSample.*did you mean --windowSamples/);
  refused(["--zzzzqqqq", "3"], /Unknown flag --zzzzqqqq \(/);
  refused(["stray"], /Unexpected argument stray/);
  refused(["--quantizedOnly", "maybe"], /--quantizedOnly: must be True or False, got "maybe"/);
  refused(["-s", "3"], /Unknown flag -s/);
  refused(["--constructor", "3"], /Unknown flag --constructor/);
});

Deno.test("parseFlags() says what a value must be", () => {
  refused(["--windowSamples", "3"], /--windowSamples: must be an integer from 16 to 4096 samples, got 3/);
  refused(["--windowSamples", "2e1.5"], /got "2e1.5"/);
  refused(["--windowSamples", "100.5"], /integer/);
  refused(["--lowHz", "NaN"], /a number/);
  refused(["--lowHz"], /a value must follow/);
  refused(["--source", "--quantizedOnly"], /Cannot use --source: a value must follow/);
  refused(["--source", "--lowHz"], /Cannot use --source: a value must follow/);
  assert.deepEqual(parseFlags(["--source=--lowHz"], spec), { source: "--lowHz" });
  refused(["--scheme", "interpatient"], /did you mean "inter-patient"/);
  refused(["--model", "cnn,lsmt"], /got "lsmt"; did you mean "lstm"/);
  refused(["--model", "cnn,lstm,cnn"], /any of cnn, lstm, each once, joined by commas, or none, got "cnn"$/);
  refused(["--lowHz", "1e999"], /a number of at least 0 Hz, got Infinity/);
});

Deno.test("checkValue() refuses a study file's value of the wrong type", () => {
  assert.throws(() => checkValue(spec.windowSamples, "216", "window.windowSamples"), UsageError);
  assert.throws(() => checkValue(spec.model, "cnn", "train.model"), UsageError);
  assert.equal(checkValue(spec.lowHz, 3, "x"), 3);
  assert.throws(
    () => checkValue(spec.scheme, ["inter-patient"], "window.scheme"),
    /got \["inter-patient"\]$/,
  );
  const records = { type: "list", default: [], doc: "Names" } as const;
  assert.throws(
    () => checkValue(records, ["100", 5], "ingest.records"),
    /must be names, each once, joined by commas, got 5$/,
  );
});

Deno.test("defaultsOf() and describeParams() show every parameter", () => {
  assert.equal(defaultsOf(spec).windowSamples, 216);
  const help = describeParams(spec);
  for (const name of Object.keys(spec)) assert.ok(help.includes(`--${name} `));
  assert.match(help, /default 216/);
});
