import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { smallModel } from "../formats/tflite/test_models.ts";
import type { TfliteModel } from "../formats/tflite/graph.ts";
import { encodeTflite } from "../formats/tflite/writer.ts";
import { type MicroModelFacts, microSources } from "./micro_source.ts";

const FACTS: MicroModelFacts = {
  name: "demo-small",
  file: "small.tflite",
  sha256: "ab".repeat(32),
  intendedUse: "Research. Not a medical device.",
  fs: 360,
  windowSamples: 4,
  rPeakOffset: 1,
  labels: ["N"],
};

/** The small model with int8 tensors. */
function integerModel(): TfliteModel {
  const model = smallModel();
  for (const [index, tensor] of model.tensors.entries()) {
    if (tensor.type !== "FLOAT32") continue;
    tensor.quantization = {
      scale: [index === 0 ? 1 / 3 : 0.5],
      zeroPoint: [index === 0 ? -7 : 0],
      quantizedDimension: 0,
    };
    if (tensor.name === "conv/bias") tensor.type = "INT32";
    else {
      tensor.type = "INT8";
      tensor.data = tensor.data?.slice(0, tensor.data.length / 4);
    }
  }
  return model;
}

const hasCompiler = (() => {
  try {
    return new Deno.Command("g++", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
})();

/** Writes the sources, and a program beside them, and compiles all with every warning an error. */
async function compile(
  sources: Record<string, string>,
  args: string[],
  then: (folder: string) => Promise<void> = async () => {},
) {
  const folder = Deno.makeTempDirSync();
  try {
    for (const [name, text] of Object.entries(sources)) Deno.writeTextFileSync(join(folder, name), text);
    const { success, stderr } = await new Deno.Command("g++", {
      args: ["-std=c++14", "-Wall", "-Wextra", "-Werror", ...args],
      cwd: folder,
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    await then(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("microSources() states what is to be known to call the model", () => {
  const model = integerModel(), sources = microSources(model, encodeTflite(model), FACTS)!;
  const header = sources["model_data.h"];
  assert.match(
    header,
    /^\/\/ demo-small: Research\. Not a medical device\.\n\/\/ .*small\.tflite, SHA-256 abab/,
  );
  assert.match(header, /namespace demo_small \{/);
  for (
    const line of [
      "kTensorArenaSize = 3072;",
      "kWindowSamples = 4;",
      "kSamplingRateHz = 360.0f;",
      "kRPeakOffset = 1;",
      "kInputScale = 0.333333343f;",
      "kInputZeroPoint = -7;",
      "kOutputScale = 0.5f;",
      'kLabels[kClassCount] = {"N"};',
    ]
  ) assert.ok(header.includes(line), line);
  assert.match(
    sources["example.cc"],
    /MicroMutableOpResolver<3> resolver;\n {2}resolver\.AddConv2D\(\);\n {2}resolver\.AddReshape\(\);\n {2}resolver\.AddFullyConnected\(\);/,
  );
  assert.doesNotMatch(sources["example.cc"], /Reset/);
  assert.ok(
    sources["example.cc"].split("\n").slice(sources["example.cc"].split("\n").indexOf("int main() {"))
      .length < 32,
  );
});

Deno.test("microSources() starts each window from zero state and turns the second of two inputs round", () => {
  const model = smallModel();
  model.tensors.push({ name: "state", type: "FLOAT32", shape: [1], isVariable: true }, {
    name: "input_reversed",
    type: "FLOAT32",
    shape: [1, 4, 1],
  });
  model.inputs.push(9);
  const { "example.cc": example } = microSources(model, encodeTflite(model), FACTS)!;
  assert.match(example, /interpreter\.Reset\(\);/);
  assert.match(example, /interpreter\.input\(0\)->data\.f\[i\] = window\[i\];/);
  assert.match(example, /interpreter\.input\(1\)->data\.f\[i\] = window\[3 - i\];/);
});

Deno.test("microSources() gives nothing for a model that tflite-micro does not take or that is no classifier of windows", () => {
  const refused = (change: (model: TfliteModel) => void, facts: Partial<MicroModelFacts> = {}) => {
    const model = smallModel();
    change(model);
    return microSources(model, new Uint8Array(4), { ...FACTS, ...facts }) === undefined;
  };
  assert.ok(!refused(() => {}));
  assert.ok(refused((model) => model.operators[0].operator = "GELU"));
  assert.ok(refused((model) => model.tensors[6].type = "INT8"), "float activations with int8 weights");
  assert.ok(refused(() => {}, { windowSamples: 5 }));
  assert.ok(refused(() => {}, { labels: ["N", "V"] }));
});

Deno.test({
  name: "[g++] microSources() gives data that compiles to the very bytes, aligned to 16",
  ignore: !hasCompiler,
  fn: async () => {
    const model = integerModel(), bytes = encodeTflite(model);
    const program = `#include <cstdio>
#include "model_data.h"
int main() {
  static_assert(demo_small::kWindowSamples == 4 && demo_small::kInputScale == 1.0f / 3.0f, "");
  if (reinterpret_cast<uintptr_t>(demo_small::kModelData) % 16 != 0) return 1;
  return std::fwrite(demo_small::kModelData, 1, demo_small::kModelDataSize, stdout) != demo_small::kModelDataSize;
}
`;
    const { "example.cc": _, ...sources } = microSources(model, bytes, FACTS)!;
    await compile(
      { ...sources, "main.cc": program },
      ["main.cc", "model_data.cc", "-o", "main"],
      async (folder) => {
        const { code, stdout } = await new Deno.Command(join(folder, "main")).output();
        assert.equal(code, 0);
        assert.deepEqual(stdout, bytes);
      },
    );
  },
});

/** Source of tflite-micro of 2020, where `cargo info tfmicro` or a build has unpacked it. */
function findTfmicro(): string | undefined {
  const registry = join(
    Deno.env.get("CARGO_HOME") ?? join(Deno.env.get("HOME") ?? "", ".cargo"),
    "registry/src",
  );
  if (!existsSync(registry)) return undefined;
  return [...Deno.readDirSync(registry)].map(({ name }) =>
    join(registry, name, "tfmicro-0.1.0/submodules/tensorflow")
  ).find((path) => existsSync(path));
}

const tfmicro = findTfmicro();
Deno.test({
  name: "[tfmicro] microSources() gives an example that compiles against tflite-micro's headers",
  ignore: !hasCompiler || tfmicro === undefined,
  fn: async () => {
    const downloads = `${tfmicro}/tensorflow/lite/micro/tools/make/downloads`;
    const includes = [tfmicro!, downloads, `${downloads}/gemmlowp`, `${downloads}/flatbuffers/include`];
    const names = resolve("tasks/parity/tflite_micro_2020.h");
    const model = integerModel();
    await compile(microSources(model, encodeTflite(model), FACTS)!, [
      "-fsyntax-only",
      "-DTF_LITE_STATIC_MEMORY",
      ...includes.flatMap((path) => ["-isystem", path]),
      "-include",
      names,
      "example.cc",
    ]);
  },
});
