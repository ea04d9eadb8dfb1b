import assert from "node:assert/strict";
import { UsageError } from "../core/errors.ts";
import { convertedPath, fileMode, runFileMode, splitWords } from "./file_mode.ts";
import type { ParamSpec } from "./params.ts";

const STAGE = {
  model: { type: "list", default: ["cnn"], doc: "Models" },
  dumpPasses: { type: "boolean", default: false, doc: "Print" },
} as const satisfies ParamSpec;

Deno.test("splitWords() parts files from flags and the flags' values", () => {
  const split = (...args: string[]) => splitWords(args, STAGE);
  assert.deepEqual(split("a.h5"), { files: ["a.h5"], flags: [] });
  assert.deepEqual(split("--model", "cnn", "a.h5"), { files: ["a.h5"], flags: ["--model", "cnn"] });
  assert.deepEqual(split("--model=cnn", "a.h5", "b.h5"), { files: ["a.h5", "b.h5"], flags: ["--model=cnn"] });
  assert.deepEqual(split("--dumpPasses", "a.h5"), { files: ["a.h5"], flags: ["--dumpPasses"] });
  assert.deepEqual(split("--dump-passes", "True", "a.h5"), {
    files: ["a.h5"],
    flags: ["--dump-passes", "True"],
  });
  assert.deepEqual(split("--unknown", "value"), { files: [], flags: ["--unknown", "value"] });
  assert.deepEqual(split("a.h5", "-h"), { files: ["a.h5"], flags: ["-h"] });
});

Deno.test("runFileMode() runs on one file with its own flags and their defaults, and on nothing else", async () => {
  const calls: unknown[] = [];
  const mode = fileMode({
    file: "FILE.h5",
    doc: "Reads a file.",
    params: {
      batch: { type: "int", default: 1, min: 1, doc: "Windows" },
      output: { type: "string", default: "", doc: "Name" },
    },
    run(file, params) {
      calls.push([file, params]);
      return Promise.resolve();
    },
  });
  const printHelp = () => void calls.push("help");
  const run = (...args: string[]) => runFileMode(mode, { args, stageParams: STAGE, printHelp });
  assert.equal(await run(), false);
  assert.equal(await run("--model", "cnn"), false);
  assert.equal(await run("a.h5", "--batch", "4"), true);
  assert.equal(await run("--output=x", "a.h5"), true);
  assert.equal(await run("a.h5", "--help"), true);
  assert.deepEqual(calls, [["a.h5", { batch: 4, output: "" }], ["a.h5", { batch: 1, output: "x" }], "help"]);
  for (
    const wrong of [["a.h5", "b.h5"], ["a.h5", "--model", "cnn"], ["a.h5", "--batch", "0"], [
      "a.h5",
      "--batch",
    ]]
  ) {
    await assert.rejects(run(...wrong), UsageError);
  }
});

Deno.test("convertedPath() stays in its folder whatever the names", () => {
  assert.equal(convertedPath("/far/away/net.v2.h5", "", ".tflite"), "models/converted/net.v2.tflite");
  assert.equal(convertedPath("net.keras", "", "_int8.tflite"), "models/converted/net_int8.tflite");
  assert.equal(convertedPath("net.h5", "mine.tflite", ".tflite"), "models/converted/mine.tflite");
  for (const output of ["../x", "a/b", "/etc/x", "..", ".x", "a\\b", "a b", "x\0", "y".repeat(101)]) {
    assert.throws(() => convertedPath("net.h5", output, ".tflite"), UsageError, output);
  }
  assert.throws(
    () => convertedPath("my net.h5", "", ".tflite"),
    /the file's name.*"my net"; give another one/,
  );
});
