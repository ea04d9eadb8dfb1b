import assert from "node:assert/strict";
import { ENGINES } from "../engine/engines.ts";
import { ARCHITECTURES } from "../nn/architectures/architectures.ts";
import { DETECTORS } from "../signal/qrs/detectors.ts";
import { SAMPLINGS } from "../train/sampling.ts";
import { SCHEDULES } from "../train/schedules.ts";
import { MONITORS } from "../train/train_model.ts";
import { ENGINE_NAMES, MODEL_NAMES, STAGE_CHAIN, stageByName, STAGES } from "./catalogue.ts";
import { checkValue } from "./params.ts";

Deno.test("the catalogue names every architecture, engine, schedule, sampling, monitor and detector", () => {
  assert.deepEqual([...MODEL_NAMES].sort(), Object.keys(ARCHITECTURES).sort());
  assert.deepEqual([...ENGINE_NAMES].sort(), Object.keys(ENGINES).sort());
  const { schedule, monitor, sampling, patientSampling } = STAGES.train.params;
  assert.deepEqual([...sampling.choices], [...SAMPLINGS]);
  assert.deepEqual([...patientSampling.choices], [...SAMPLINGS]);
  assert.deepEqual([...schedule.choices], [...SCHEDULES]);
  assert.deepEqual([...monitor.choices], [...MONITORS]);
  assert.deepEqual([...STAGES.preprocess.params.detector.choices].sort(), Object.keys(DETECTORS).sort());
});

Deno.test("every default is a value that its own declaration allows", () => {
  for (const { task, params } of STAGE_CHAIN) {
    for (const [name, param] of Object.entries(params)) checkValue(param, param.default, `${task}.${name}`);
  }
});

Deno.test("every stage comes after what it reads", () => {
  STAGE_CHAIN.forEach((stage, i) => {
    for (const name of stage.upstream) {
      assert.ok(STAGE_CHAIN.indexOf(stageByName(name)) < i, `${stage.name} reads ${name}`);
    }
  });
});
