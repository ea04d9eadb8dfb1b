import assert from "node:assert/strict";
import { join } from "node:path";
import { stageArguments } from "./stage_command.ts";
import { finishedKeys, inFolder, run, runOk, SMALL } from "./test_stages.ts";

/** A training that draws on everything that is random: order, sampling, augmentation. */
const FLAGS = [
  ..."--model lstm --epochs 3 --batchSize 16 --optimizer adamw --schedule oneCycle --clipNorm 1".split(" "),
  ..."--sampling balanced --patientSampling squareRoot --augmentShift 6 --augmentWarp 0.1".split(" "),
  ..."--augmentNoise 0.05 --augmentWander 0.1 --augmentPolarity 0.1".split(" "),
];

async function prepare(cwd: string): Promise<void> {
  await runOk(cwd, "ingest", ...SMALL);
  await runOk(cwd, "preprocess");
  await runOk(cwd, "window");
}

/** The files that training made, without what it measured. */
function trained(cwd: string): Record<string, string> {
  const [key, ...others] = finishedKeys(cwd, "04_train");
  assert.deepEqual(others, []);
  const read = (name: string) => Deno.readFileSync(join(cwd, "data/04_train", key, name)).toHex();
  return { key, model: read("model.h5"), history: read("history.json") };
}

/** Checkpoints that the training of this folder has written so far, as far as one can see: their number of epochs. */
function checkpointEpoch(cwd: string): number {
  try {
    const folder = join(cwd, "data/04_train");
    const work = [...Deno.readDirSync(folder)].find(({ name }) => name.endsWith(".partial"));
    const text = new TextDecoder("latin1").decode(
      Deno.readFileSync(join(folder, work!.name, "checkpoint")).subarray(16, 100),
    );
    return Number(/"epoch":(\d+)/.exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Trainings under way: one that has begun may have no checkpoint yet. */
function workFolders(cwd: string): number {
  try {
    return [...Deno.readDirSync(join(cwd, "data/04_train"))].filter(({ name }) => name.endsWith(".partial"))
      .length;
  } catch {
    return 0;
  }
}

/** Starts the training and kills it, as the out-of-memory killer would, when `isTime`. */
async function killWhen(cwd: string, isTime: () => boolean): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: stageArguments("train", FLAGS, { cwd }),
    cwd,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  while (!isTime()) await new Promise((resolve) => setTimeout(resolve, 1));
  child.kill("SIGKILL");
  assert.equal((await child.status).success, false, "it must have been killed before it ended");
}

Deno.test("training with sampling and augmentation, killed twice, ends with the bytes of an unbroken run", () =>
  inFolder((calm) =>
    inFolder(async (disturbed) => {
      for (const cwd of [calm, disturbed]) await prepare(cwd);
      await runOk(calm, "train", ...FLAGS);
      await killWhen(disturbed, () => workFolders(disturbed) > 0);
      await killWhen(disturbed, () => checkpointEpoch(disturbed) >= 1);
      const { stderr } = await runOk(disturbed, "train", ...FLAGS);
      assert.match(stderr, /goes on after epoch [12]/);
      assert.deepEqual(trained(disturbed), trained(calm));
    })
  ));

Deno.test("train --teacher learns from a model of the study or from a file, and says which it cannot learn from", () =>
  inFolder(async (cwd) => {
    await prepare(cwd);
    const student = (
      ...flags: string[]
    ) => ["--model", "gru", "--epochs", "1", "--batchSize", "64", ...flags];
    const { code, stderr } = await run(cwd, "train", ...student("--teacher", "cnn"));
    assert.equal(code, 1);
    assert.match(
      stderr,
      /must have trained the model cnn, got none\n.*hint: run `deno task train .*--model cnn` first/,
    );
    await runOk(cwd, "train", "--model", "cnn", "--epochs", "1");
    const [teacher] = finishedKeys(cwd, "04_train"), file = `data/04_train/${teacher}/model.h5`;
    await runOk(cwd, "train", ...student());
    const byName = await runOk(cwd, "train", ...student("--teacher", "cnn"));
    assert.match(byName.stderr, /asking the teacher cnn about \d+ windows/);
    await runOk(cwd, "train", ...student("--teacher", file));
    const models = finishedKeys(cwd, "04_train").filter((key) => key !== teacher)
      .map((key) => Deno.readFileSync(join(cwd, "data/04_train", key, "model.h5")).toHex());
    // Without a teacher, and twice with the same one.
    assert.deepEqual([models.length, new Set(models).size], [3, 2]);
    Deno.writeTextFileSync(join(cwd, "none.h5"), "no model");
    for (
      const [name, message] of [
        ["none.h5", /Cannot read none\.h5: it must be a Keras model \(\.h5, \.keras\), got text/],
        ["absent.h5", /or a file in the project's folder, got "absent.h5"/],
      ] as const
    ) {
      const refused = await run(cwd, "train", ...student("--teacher", name));
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, message);
      assert.doesNotMatch(refused.stderr, /\n\s+at /);
    }
  }));
