import assert from "node:assert/strict";
import { UsageError } from "../core/errors.ts";
import { STAGES } from "./catalogue.ts";
import { checkStudyName, parseStudy, stageParams } from "./study.ts";
import { listStudies, loadStudy } from "./workspace.ts";

const refused = (text: string, pattern: RegExp) =>
  assert.throws(
    () => parseStudy("mine", text),
    (error: Error) => error instanceof UsageError && pattern.test(error.message),
  );

Deno.test("stageParams() lets flags win over the study file and the study file over defaults", () => {
  const study = parseStudy("mine", '{"doc": "", "train": {"epochs": 3, "patience": 2}}');
  const params = stageParams(STAGES.train, study, { epochs: 7, lead: "V5" });
  assert.deepEqual([params.epochs, params.patience, params.batchSize], [7, 2, 256]);
  assert.ok(!("lead" in params));
});

Deno.test("parseStudy() names the nearest key for a misspelt one", () => {
  refused(
    '{"doc": "", "train": {"epoch": 3}}',
    /Unknown key "epoch" in tasks\/studies\/mine\.json, train.*"epochs"/,
  );
  refused('{"doc": "", "trian": {}}', /Unknown key "trian".*"train"/);
  refused('{"doc": "", "train": {"constructor": 3}}', /Unknown key "constructor"/);
});

Deno.test("parseStudy() refuses what is no study", () => {
  refused("{", /must be JSON/);
  refused("[]", /Cannot read tasks\/studies\/mine\.json/);
  refused('{"doc": 3, "train": {}}', /doc/);
  refused('{"doc": "", "train": 3}', /train/);
  refused('{"doc": "", "train": {"epochs": "3"}}', /train\.epochs.*integer/);
  refused('{"doc": "", "train": {"epochs": 0}}', /of at least 1|from 1 to/);
});

Deno.test("checkStudyName() refuses a name that could leave tasks/studies", () => {
  for (const name of ["../demo", "a/b", "", ".", "..", "a\\b", "a.json", "-x"]) {
    assert.throws(() => checkStudyName(name), UsageError, name);
  }
});

Deno.test("loadStudy() reads every study of the project and names the nearest for an unknown one", () => {
  for (const name of listStudies()) assert.equal(loadStudy(name).name, name);
  assert.throws(() => loadStudy("inter-patiant"), /did you mean "inter-patient"/);
});

Deno.test("stageParams() refuses a flag that cannot count, and one that contradicts what the study is about", () => {
  const study = parseStudy(
    "mine",
    '{"window": {"scheme": "intra-patient"}, "preprocess": {"filter": "none"}}',
  );
  assert.equal(study.doc, "");
  assert.throws(
    () => stageParams(STAGES.preprocess, study, { lowHz: 2 }),
    /--lowHz: it counts with --filter bandpass or highpass only/,
  );
  assert.equal(stageParams(STAGES.preprocess, study, { lowHz: 2, filter: "bandpass" }).lowHz, 2);
  assert.throws(
    () => stageParams(STAGES.ingest, study, { patients: 5 }),
    /--source synthetic only, got auto/,
  );
  assert.throws(
    () => stageParams(STAGES.window, study, { scheme: "inter-patient" }),
    /is about intra-patient/,
  );
  assert.equal(stageParams(STAGES.window, study, { scheme: "intra-patient" }).scheme, "intra-patient");
});

Deno.test("stageParams() takes the trained models for the later stages, unless their section or a flag says otherwise", () => {
  const study = parseStudy("mine", '{"train": {"model": ["cnn"]}, "quantize": {"model": []}}');
  assert.deepEqual(stageParams(STAGES.convert, study, {}).model, ["cnn"]);
  assert.deepEqual(stageParams(STAGES.quantize, study, {}).model, []);
  assert.deepEqual(stageParams(STAGES.export, study, { model: ["lstm"] }).model, ["lstm"]);
  assert.ok(!("model" in stageParams(STAGES.window, study, {})));
});
