/** Measures TensorFlow.js' wasm backend in a process of its own: `train.ts <model> <seconds>`. */
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import { createRng } from "../../../pipeline/lib/core/rng.ts";
import { initializeWeights } from "../../../pipeline/lib/nn/initialize.ts";
import type { Layer } from "../../../pipeline/lib/nn/model.ts";
import { measureTraining, WORKLOAD, workloadBatch, workloadModel } from "../train_workload.ts";
import { registerConv2DBackpropFilter } from "./conv2d_backprop_filter.ts";

function tfjsLayer(layer: Exclude<Layer, { kind: "InputLayer" }>, inputShape?: number[]): tf.layers.Layer {
  switch (layer.kind) {
    case "Conv1D":
      return tf.layers.conv1d({ ...layer, inputShape });
    case "LSTM":
      // Its weights are set below; the default, orthogonal, would spend seconds on a QR decomposition.
      return tf.layers.lstm({
        units: layer.units,
        returnSequences: layer.returnSequences,
        recurrentInitializer: "zeros",
        inputShape,
      });
    case "GlobalAveragePooling1D":
      return tf.layers.globalAveragePooling1d({ name: layer.name });
    case "Dense":
      return tf.layers.dense({ units: layer.units, activation: layer.activation, inputShape });
  }
}

if (import.meta.main) {
  const [name, seconds] = Deno.args;
  if (!await tf.setBackend("wasm")) throw new Error("Cannot start TensorFlow.js: the wasm backend must load");
  registerConv2DBackpropFilter();

  const model = tf.sequential();
  let inputShape: number[] | undefined;
  const architecture = workloadModel(name);
  for (const layer of architecture.layers) {
    if (layer.kind === "InputLayer") inputShape = layer.shape;
    else model.add(tfjsLayer(layer, model.layers.length === 0 ? inputShape : undefined));
  }
  const weights = initializeWeights(architecture, createRng(1));
  model.setWeights([...weights.values()].map(({ data, shape }) => tf.tensor(data, shape)));
  model.compile({
    optimizer: tf.train.adam(WORKLOAD.learningRate),
    loss: "sparseCategoricalCrossentropy",
  });
  const { windows, labels } = workloadBatch();
  const x = tf.tensor(windows, [labels.length, ...inputShape!]);
  const y = tf.tensor(Float32Array.from(labels), [labels.length, 1]);
  await measureTraining(() => model.trainOnBatch(x, y), Number(seconds));
}
