import { elementCount, type TfliteModel, type TfliteTensor } from "../formats/tflite/graph.ts";
import { reverseInputName } from "../formats/tflite/window_inputs.ts";
import { arenaSizeWithMargin, estimateArena } from "./arena.ts";
import { resolverMethod, tfliteMicroTarget } from "./targets/tflite_micro.ts";

/** What the source files say of a model beside its graph. */
export interface MicroModelFacts {
  /** Name of the model, letters, digits, "_" and "-": the C++ namespace is made from it. */
  name: string;
  /** The .tflite file's name and SHA-256. */
  file: string;
  sha256: string;
  /** Who may use it for what, one line. */
  intendedUse: string;
  /** Sampling rate in Hz, samples of a window, and the R peak's place in it. */
  fs: number;
  windowSamples: number;
  rPeakOffset: number;
  /** Class names in the output's order. */
  labels: readonly string[];
}

/** C++ files by name. */
export type MicroSources = Record<"model_data.h" | "model_data.cc" | "example.cc", string>;

const BYTES_A_LINE = 16;

/**
 * Writes a model as C++ for tflite-micro: its bytes with what is to be known to call it, and an example that classifies windows
 * from standard input.
 *
 * @param bytes The .tflite file that `model` was read from.
 * @returns undefined for a model that tflite-micro does not take, or that is no classifier of windows whose inputs have one
 *   type and scale.
 */
export function microSources(
  model: TfliteModel,
  bytes: Uint8Array,
  facts: MicroModelFacts,
): MicroSources | undefined {
  const inputs = model.inputs.map((index) => model.tensors[index]), [input] = inputs;
  const output = model.tensors[model.outputs[0]];
  const isPlain = [input, output].every(({ type }) => type === "FLOAT32" || type === "INT8") &&
    inputs.every((other) => other.type === input.type && scaleOf(other).join() === scaleOf(input).join());
  const { values } = windowPlaces(model);
  const fits = values === facts.windowSamples && elementCount(output.shape) === facts.labels.length;
  if (!isPlain || !fits || tfliteMicroTarget.check(model).length > 0) return undefined;
  return {
    "model_data.h": header(model, bytes, facts),
    "model_data.cc": data(bytes, facts),
    "example.cc": example(model, facts),
  };
}

const namespaceOf = ({ name }: MicroModelFacts): string => name.replaceAll("-", "_").replace(/^(?=\d)/, "m");

const scaleOf = ({ quantization }: TfliteTensor): [scale: number, zeroPoint: number] => [
  quantization?.scale[0] ?? 0,
  quantization?.zeroPoint[0] ?? 0,
];

/** A float32 as a C++ literal that gives the same float32. */
function floatLiteral(value: number): string {
  const text = String(Number(Math.fround(value).toPrecision(9)));
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}

const title = ({ name, file, sha256, intendedUse }: MicroModelFacts): string =>
  `// ${name}: ${intendedUse}\n// Written by 07_export from ${file}, SHA-256 ${sha256}.\n`;

function header(model: TfliteModel, bytes: Uint8Array, facts: MicroModelFacts): string {
  const namespace = namespaceOf(facts), guard = `ECG_${namespace.toUpperCase()}_MODEL_DATA_H_`;
  const arena = estimateArena(model);
  const [input, output] = [model.inputs[0], model.outputs[0]].map((index) => model.tensors[index]);
  const quantization = (name: string, tensor: TfliteTensor) => {
    const [scale, zeroPoint] = scaleOf(tensor);
    return tensor.type === "INT8"
      ? `constexpr float k${name}Scale = ${
        floatLiteral(scale)
      };\nconstexpr int k${name}ZeroPoint = ${zeroPoint};\n`
      : "";
  };
  const scales = quantization("Input", input) + quantization("Output", output);
  return `${title(facts)}#ifndef ${guard}
#define ${guard}

#include <cstddef>
#include <cstdint>

namespace ${namespace} {

extern const unsigned char kModelData[];
constexpr size_t kModelDataSize = ${bytes.length};

// About ${arena.total} bytes are taken by the reference kernels where pointers have 64 bits; the rest is margin.
constexpr size_t kTensorArenaSize = ${arenaSizeWithMargin(arena)};

// One window: this many values at this rate, the R peak at this index, prepared as the model card says.
constexpr int kWindowSamples = ${facts.windowSamples};
constexpr float kSamplingRateHz = ${floatLiteral(facts.fs)};
constexpr int kRPeakOffset = ${facts.rPeakOffset};
${scales === "" ? "" : `\n// An integer q stands for scale * (q - zero point).\n${scales}`}
constexpr int kClassCount = ${elementCount(output.shape)};
constexpr const char* kLabels[kClassCount] = {${
    facts.labels.map((label) => JSON.stringify(label)).join(", ")
  }};

}  // namespace ${namespace}

#endif  // ${guard}
`;
}

function data(bytes: Uint8Array, facts: MicroModelFacts): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += BYTES_A_LINE) {
    lines.push(`    ${Array.from(bytes.subarray(at, at + BYTES_A_LINE), (byte) => `${byte},`).join("")}`);
  }
  const namespace = namespaceOf(facts);
  return `${title(facts)}#include "model_data.h"

namespace ${namespace} {

alignas(16) const unsigned char kModelData[] = {
${lines.join("\n")}
};

}  // namespace ${namespace}
`;
}

function example(model: TfliteModel, facts: MicroModelFacts): string {
  const namespace = namespaceOf(facts), isInt8 = model.tensors[model.inputs[0]].type === "INT8";
  const methods = [...new Set(model.operators.map(({ operator }) => resolverMethod(operator)))];
  const isStateful = model.tensors.some(({ isVariable }) => isVariable);
  const value = isInt8 ? "Quantize(window[INDEX])" : "window[INDEX]";
  const output = model.tensors[model.outputs[0]].type === "INT8"
    ? `kOutputScale * (interpreter.output(0)->data.int8[c] - kOutputZeroPoint)`
    : "interpreter.output(0)->data.f[c]";
  const fills = windowIndices(model).map((index, i) =>
    `    for (int i = 0; i < ${elementCount(model.tensors[model.inputs[i]].shape)}; i++) ` +
    `interpreter.input(${i})->data.${isInt8 ? "int8" : "f"}[i] = ${value.replace("INDEX", index)};\n`
  );
  return `${
    title(facts)
  }// Reads windows of kWindowSamples numbers from standard input; prints class and probabilities of each. Compile it with
// model_data.cc and tflite-micro's headers and library; on a device, fill \`window\` from the signal instead.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "model_data.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

using namespace ${namespace};

alignas(16) static uint8_t arena[kTensorArenaSize];
${
    isInt8
      ? `
static int8_t Quantize(float value) {
  const long q = std::lround(value / kInputScale) + kInputZeroPoint;
  return static_cast<int8_t>(std::min(127L, std::max(-128L, q)));
}
`
      : ""
  }
int main() {
  tflite::MicroMutableOpResolver<${methods.length}> resolver;
${
    methods.map((method) => `  resolver.${method}();\n`).join("")
  }  tflite::MicroInterpreter interpreter(tflite::GetModel(kModelData), resolver, arena, kTensorArenaSize);
  if (interpreter.AllocateTensors() != kTfLiteOk) return 1;
  std::fprintf(stderr, "arena: %u of %u bytes\\n", static_cast<unsigned>(interpreter.arena_used_bytes()),
               static_cast<unsigned>(kTensorArenaSize));
  float window[kWindowSamples];
  for (int n = 0; std::scanf("%f", &window[n]) == 1;) {
    if (++n < kWindowSamples) continue;
    n = 0;
${isStateful ? "    interpreter.Reset();  // Each window starts from zero state.\n" : ""}${
    fills.join("")
  }    if (interpreter.Invoke() != kTfLiteOk) return 1;
    float probability[kClassCount];
    for (int c = 0; c < kClassCount; c++) probability[c] = ${output};
    std::printf("%s", kLabels[std::max_element(probability, probability + kClassCount) - probability]);
    for (float p : probability) std::printf(" %.6f", p);
    std::printf("\\n");
  }
}
`;
}

/** Where each input's values stand in a window: those of a reversed input are another one's from the end. */
function windowPlaces({ tensors, inputs }: TfliteModel): { starts: Map<string, number>; values: number } {
  const names = new Set(inputs.map((index) => tensors[index].name)), starts = new Map<string, number>();
  const reversed = new Set([...names].map(reverseInputName));
  let values = 0;
  for (const { name, shape } of inputs.map((index) => tensors[index])) {
    if (reversed.has(name)) continue;
    starts.set(name, values);
    values += elementCount(shape);
  }
  return { starts, values };
}

/** @returns For each input, the index in the window of its element `i`, in C++. */
function windowIndices(model: TfliteModel): string[] {
  const { starts } = windowPlaces(model);
  const behind = (start: number, index: string) => start === 0 ? index : `${start} + ${index}`;
  return model.inputs.map((index) => {
    const { name, shape } = model.tensors[index], own = starts.get(name);
    if (own !== undefined) return behind(own, "i");
    const [, start] = [...starts].find(([other]) => reverseInputName(other) === name)!;
    const channels = shape[shape.length - 1], last = elementCount(shape) - channels;
    return behind(
      start,
      channels === 1 ? `${last} - i` : `${last} - i / ${channels} * ${channels} + i % ${channels}`,
    );
  });
}
