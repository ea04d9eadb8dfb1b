/**
 * Writes the small .tflite files that `deno task fuzz --kind tflite` damages; made anew only when they are to be others, because the
 * same seed then gives other files:
 *
 *   deno run --allow-read --allow-write=pipeline tasks/fuzz/tflite_seeds.ts
 */
import { convertToTflite } from "../../pipeline/lib/convert/convert.ts";
import { createRng } from "../../pipeline/lib/core/rng.ts";
import { encodeTflite } from "../../pipeline/lib/formats/tflite/writer.ts";
import { initializeWeights } from "../../pipeline/lib/nn/initialize.ts";
import type { Layer, Model } from "../../pipeline/lib/nn/model.ts";
import { valueCount } from "../../pipeline/lib/nn/shapes.ts";
import { calibrate } from "../../pipeline/lib/quantize/calibration.ts";
import { quantizeGraph } from "../../pipeline/lib/quantize/quantize_graph.ts";
import { noiseWindows } from "../../pipeline/lib/quantize/test_networks.ts";

const FOLDER = new URL("../../pipeline/lib/formats/tflite/testdata/", import.meta.url);
const WINDOWS = 8;
/** Of models that are there for weights of another type: smaller ones keep float weights in this mode. */
const DYNAMIC = "dense";

/** A model that reads a window of this shape, and its layers between input and output. */
function modelOf(name: string, shape: number[], layers: Layer[]): Model {
  const input: Layer = { kind: "InputLayer", name: "input", inputs: [], shape };
  const last = layers[layers.length - 1].name;
  const output: Layer = { kind: "Dense", name: "dense", inputs: [last], units: 3, activation: "softmax" };
  return { name, layers: [input, ...layers, output], output: "dense" };
}

const MODELS: Model[] = [
  modelOf("conv", [12, 2], [
    {
      kind: "Conv1D",
      name: "conv1d",
      inputs: ["input"],
      filters: 3,
      kernelSize: 3,
      strides: 1,
      padding: "same",
      activation: "relu",
    },
    { kind: "MaxPooling1D", name: "pooling", inputs: ["conv1d"], poolSize: 2, strides: 2, padding: "valid" },
    { kind: "GlobalAveragePooling1D", name: "average", inputs: ["pooling"] },
  ]),
  modelOf("lstm", [5, 2], [
    { kind: "LSTM", name: "lstm", inputs: ["input"], units: 4, returnSequences: false },
  ]),
  modelOf("bilstm", [4, 1], [{
    kind: "Bidirectional",
    name: "bilstm",
    inputs: ["input"],
    layer: { kind: "LSTM", units: 2, returnSequences: false },
    mergeMode: "concat",
  }]),
  modelOf(DYNAMIC, [8, 4], [
    { kind: "Flatten", name: "flatten", inputs: ["input"] },
    { kind: "Dense", name: "dense_1", inputs: ["flatten"], units: 40, activation: "relu" },
  ]),
];

for (const model of MODELS) {
  const graph = convertToTflite(model, initializeWeights(model, createRng(1)));
  const { shape } = model.layers[0] as Extract<Layer, { kind: "InputLayer" }>;
  const ranges = calibrate(graph, noiseWindows(WINDOWS * valueCount(shape)), WINDOWS);
  const forms = model.name === DYNAMIC
    ? { dynamic: quantizeGraph(graph, ranges, { mode: "int8-dynamic" }) }
    : {
      float32: graph,
      int8: quantizeGraph(graph, ranges, { mode: "int8", io: model.name === "conv" ? "float" : "int8" }),
    };
  for (const [form, made] of Object.entries(forms)) {
    Deno.writeFileSync(new URL(`${model.name}_${form}.tflite`, FOLDER), encodeTflite(made));
  }
}
