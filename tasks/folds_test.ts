import assert from "node:assert/strict";
import { finishedKeys, inFolder, run, runOk, SMALL } from "./test_stages.ts";

Deno.test("folds trains each fold once, holds every patient out once, and leaves the study's models alone", () =>
  inFolder(async (cwd) => {
    await runOk(cwd, "ingest", ...SMALL);
    await runOk(cwd, "preprocess");
    await runOk(cwd, "window");
    const flags = ["--model", "cnn", "--epochs", "1", "--folds", "2"];
    const outcomes = JSON.parse((await runOk(cwd, "folds", ...flags, "--json")).stdout);
    assert.deepEqual(
      outcomes.map(({ model, fold }: { model: string; fold: number }) => `${model} ${fold}`),
      ["cnn 1", "cnn 2"],
    );
    const heldOut = outcomes.flatMap((outcome: { heldOut: string[] }) => outcome.heldOut);
    assert.equal(new Set(heldOut).size, heldOut.length);
    assert.ok(heldOut.length >= 2);
    assert.equal(finishedKeys(cwd, "04_train").length, 2);

    const { stdout, stderr } = await runOk(cwd, "folds", ...flags);
    assert.equal(stderr.match(/cnn: cached/g)?.length, 2, "what is there is not trained again");
    assert.match(stdout, /^cnn\nfold +windows .*\n[- ]+\n +1 .*\n +2 .*\nmean ± deviation: accuracy \d/);

    const convert = await run(cwd, "convert", "--model", "cnn");
    assert.equal(convert.code, 1, "a fold's model must not become the study's");
    const chain = await run(cwd, "all", "--folds", "2", "--fold", "1");
    assert.equal(chain.code, 2);
    assert.match(chain.stderr, /train would make what later stages cannot read/);
    const many = await run(cwd, "train", "--folds", "50", "--fold", "1");
    assert.equal(many.code, 1);
    assert.match(many.stderr, /number of patients, got 50.*\n.*hint: --folds 5 --fold 1/);
  }));
