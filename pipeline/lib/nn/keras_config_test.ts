import assert from "node:assert/strict";
import { FormatError } from "../core/errors.ts";
import { ARCHITECTURES } from "./architectures/architectures.ts";
import { fromKerasConfig, type KerasConfig, toKerasConfig } from "./keras_config.ts";
import type { Model } from "./model.ts";

const SIZES = { windowSamples: 216, channels: 2, classes: 4 };

// deno-lint-ignore no-explicit-any
type Json = any;

/** Defaults of Keras 2, by layer, on which Keras 3 fails, beside an LSTM's or GRU's `time_major`. */
const UNWRITTEN: Record<string, string[]> = {
  DepthwiseConv1D: ["groups"],
  SeparableConv1D: ["groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"],
  DepthwiseConv2D: ["groups"],
  SeparableConv2D: ["groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"],
};

async function goldenConfig(name: string): Promise<Json> {
  return JSON.parse(await Deno.readTextFile(new URL(`testdata/${name}.json`, import.meta.url))).config;
}

/** The CNN's configuration with one layer's options changed; undefined leaves an option out. */
function cnnWith(layer: number, change: Record<string, unknown>): KerasConfig {
  const config: Json = toKerasConfig(ARCHITECTURES.cnn.build(SIZES));
  Object.assign(config.config.layers[layer].config, change);
  return JSON.parse(JSON.stringify(config));
}

Deno.test("toKerasConfig() writes what Keras 2.15 writes, without what Keras 3 refuses", async () => {
  for (
    const name of ["lstm", "cnn", "pooling", "convolutions", "gru", "unbiased", "bidirectional", "images"]
  ) {
    const config = await goldenConfig(`keras2_${name}`);
    for (const { class_name: kind, config: options } of config.config.layers) {
      for (const key of UNWRITTEN[kind] ?? []) delete options[key];
    }
    const expected = JSON.stringify(config).replaceAll('"time_major":false,', "");
    assert.equal(JSON.stringify(toKerasConfig(fromKerasConfig(config))), expected);
  }
});

Deno.test("fromKerasConfig() reads what toKerasConfig() writes", () => {
  for (const { build } of Object.values(ARCHITECTURES)) {
    assert.deepEqual(fromKerasConfig(toKerasConfig(build(SIZES))), build(SIZES));
  }
});

Deno.test("fromKerasConfig() reads Keras 2 and 3, Sequential and Functional", async () => {
  for (
    const name of ["lstm", "cnn", "functional", "pooling", "convolutions", "gru", "bidirectional", "images"]
  ) {
    const [keras2, keras3] = await Promise.all([
      goldenConfig(`keras2_${name}`),
      goldenConfig(`keras3_${name}`),
    ]);
    const withoutInputName = (model: Model) =>
      JSON.parse(JSON.stringify(model).replaceAll(model.layers[0].name, "input"));
    assert.deepEqual(withoutInputName(fromKerasConfig(keras3)), withoutInputName(fromKerasConfig(keras2)));
  }
  const { layers, output } = fromKerasConfig(await goldenConfig("keras2_functional"));
  assert.deepEqual(
    layers.map(({ kind, name, inputs }) => [kind, name, ...inputs]),
    [
      ["InputLayer", "window"],
      ["LSTM", "lower", "window"],
      ["Dropout", "dropout", "lower"],
      ["LSTM", "upper", "dropout"],
      ["Dense", "dense", "upper"],
      ["Dense", "dense_1", "dense"],
    ],
  );
  assert.equal(output, "dense_1");
});

Deno.test("fromKerasConfig() reads a Sequential whose first layer states the input", async () => {
  const config = await goldenConfig("keras2_lstm");
  const [input, first] = config.config.layers;
  config.config.layers.shift();
  first.config.batch_input_shape = input.config.batch_input_shape;
  assert.deepEqual(fromKerasConfig(config).layers[0], {
    kind: "InputLayer",
    name: "lstm_input",
    inputs: [],
    shape: [12, 1],
  });
});

Deno.test("fromKerasConfig() reads a Sequential of Keras before 2.2.3, a list of layers without a name", async () => {
  const config = await goldenConfig("keras22_sequential"), { layers, output } = fromKerasConfig(config);
  config.config = config.config.layers;
  assert.deepEqual(fromKerasConfig(config), { name: "sequential", layers, output });
});

Deno.test("fromKerasConfig() names the layer and the option that it refuses", () => {
  const cases: [unknown, RegExp][] = [
    [null, /Cannot read Keras model: must be object, got null/],
    [{ class_name: "Sequential" }, /Keras model: config must be object, got nothing/],
    [{ class_name: "MyModel", config: {} }, /Keras model: class_name .*got "MyModel"/],
    [
      cnnWith(0, { batch_input_shape: [null, null, 1] }),
      /layer "input": every axis.* must have a size, got \[null,1\]/,
    ],
    [cnnWith(0, { dtype: "float16" }), /layer "input": dtype must be float32, got "float16"/],
    [cnnWith(1, { dilation_rate: [2] }), /layer "conv1d": dilation must be 1 with strides above 1, got 2/],
    [cnnWith(1, { data_format: "channels_first" }), /layer "conv1d": data_format must be "channels_last"/],
    [cnnWith(1, { padding: "full" }), /layer "conv1d": padding .*"same"\|"valid"\|"causal".* got "full"/],
    [cnnWith(1, { filters: 0 }), /layer "conv1d": filters .*got 0/],
    [cnnWith(2, { activation: "gelu" }), /layer "conv1d_1": activation .*got "gelu"/],
    [cnnWith(5, { use_bias: 2 }), /layer "dense": use_bias must be boolean, got 2/],
    [cnnWith(2, { lora_rank: 4 }), /layer "conv1d_1": lora_rank must be null, got 4/],
    [cnnWith(2, { name: "conv1d" }), /layer "conv1d": names must be unique/],
    [cnnWith(2, { name: "a/b" }), /layer "a\/b": its name must be/],
    [cnnWith(5, { units: 1e12 }), /"dense": a tensor must hold at most/],
  ];
  for (const [config, message] of cases) {
    assert.throws(
      () => fromKerasConfig(config),
      (error) => error instanceof FormatError && message.test(error.message),
    );
  }
});

Deno.test("fromKerasConfig() takes a use_bias of 1 or 0, as some models of Keras 2 have it, in every convolution", () => {
  const layer = (className: string) =>
    fromKerasConfig({
      class_name: "Sequential",
      config: {
        name: "model",
        layers: [
          { class_name: "InputLayer", config: { name: "input", batch_input_shape: [null, 9, 2] } },
          {
            class_name: className,
            config: {
              name: "conv",
              ...(className !== "DepthwiseConv1D" && { filters: 3 }),
              ...(className !== "Conv1D" && { depth_multiplier: 1 }),
              kernel_size: [3],
              strides: [1],
              padding: "same",
              data_format: "channels_last",
              dilation_rate: [1],
              activation: "relu",
              use_bias: 0,
            },
          },
        ],
      },
    }).layers[1];
  for (const className of ["Conv1D", "DepthwiseConv1D", "SeparableConv1D"]) {
    const { kind, ...options } = layer(className);
    assert.deepEqual([kind, "useBias" in options && options.useBias], [className, false]);
  }
});

Deno.test("fromKerasConfig() refuses layers that it does not know by name", () => {
  const config: Json = toKerasConfig(ARCHITECTURES.cnn.build(SIZES));
  config.config.layers[2] = { class_name: "LayerNormalization", config: { name: "norm", axis: [2] } };
  assert.throws(() => fromKerasConfig(config), /layer "norm": its class must be .*got "LayerNormalization"/);
});

Deno.test("fromKerasConfig() refuses programs and somebody's own classes, whatever their names", () => {
  const layerWith = (change: Record<string, unknown>) => {
    const config = cnnWith(0, {}) as Json;
    Object.assign(config.config.layers[2], change);
    return config;
  };
  const cases: [unknown, RegExp][] = [
    [
      layerWith({ class_name: "Lambda" }),
      /layer "conv1d_1": its class must be .*got "Lambda", which holds a program/,
    ],
    [layerWith({ class_name: "my>Conv1D" }), /layer "conv1d_1": its class must be .*got "my>Conv1D"/],
    [layerWith({ module: "builtins" }), /config.layers.2.module must be a module of Keras, got "builtins"/],
    [
      layerWith({ registered_name: "my>Conv1D" }),
      /layers.2.registered_name must be no custom class, got "my>Conv1D"/,
    ],
    [
      { ...layerWith({}), registered_name: "my>Sequential" },
      /Keras model: registered_name must be no custom class/,
    ],
    [cnnWith(2, { activation: { class_name: "function", config: "f" } }), /layer "conv1d_1": activation/],
    [layerWith({ class_name: "constructor" }), /its class must be .*got "constructor"/],
  ];
  for (const [config, message] of cases) {
    assert.throws(
      () => fromKerasConfig(config),
      (error) => error instanceof FormatError && message.test(error.message),
      String(message),
    );
  }
});

Deno.test("fromKerasConfig() refuses calls whose arguments change what a layer computes", async () => {
  const keras2 = await goldenConfig("keras2_functional"), keras3 = await goldenConfig("keras3_functional");
  const [node] = keras2.config.layers[2].inbound_nodes;
  node[0][3] = { training: false, mask: null };
  keras3.config.layers[2].inbound_nodes[0].kwargs = { training: false };
  fromKerasConfig(keras2);
  fromKerasConfig(keras3);
  for (const wrong of [{ training: true }, { initial_state: ["window", 0, 0] }]) {
    node[0][3] = wrong;
    keras3.config.layers[2].inbound_nodes[0].kwargs = wrong;
    assert.throws(() => fromKerasConfig(keras2), /layers.2.inbound_nodes must be one call on plain tensors/);
    assert.throws(() => fromKerasConfig(keras3), /layers.2.inbound_nodes must be one call on plain tensors/);
  }
});

Deno.test("fromKerasConfig() refuses a call on more than 1000 tensors before it reads them", async () => {
  const keras2 = await goldenConfig("keras2_graph"), keras3 = await goldenConfig("keras3_graph");
  const calls = [
    [keras2, (layer: Json) => layer.inbound_nodes[0]],
    [keras3, (layer: Json) => layer.inbound_nodes[0].args[0]],
  ] as const;
  for (const [config, tensorsOf] of calls) {
    const layers = config.config.layers as Json[];
    const at = layers.findIndex(({ class_name }) => class_name === "Concatenate");
    const tensors = tensorsOf(layers[at]);
    tensors.push(...Array(1001 - tensors.length).fill(tensors[0]));
    const message = new RegExp(`layers.${at}.inbound_nodes must be one call on plain tensors`);
    assert.throws(() => fromKerasConfig(config), message);
  }
});

Deno.test("fromKerasConfig() names the option that it refuses in the layers of a Bidirectional", async () => {
  const cases: [(layer: Json) => void, RegExp][] = [
    [
      ({ layer }) => layer.class_name = "SimpleRNN",
      /layer "bidirectional": layer\.class_name .*got "SimpleRNN"/,
    ],
    [
      ({ layer }) => layer.config.activation = "relu",
      /layer "bidirectional": layer\.config\.activation must be "tanh"/,
    ],
    [(layer) => layer.merge_mode = null, /layer "bidirectional": merge_mode .*got null/],
    [({ layer }) => layer.config.go_backwards = true, /layer "bidirectional": its backward_layer must/],
    [
      ({ backward_layer }) => backward_layer.config.units = 5,
      /layer "bidirectional": its backward_layer .*5/,
    ],
    [
      ({ backward_layer }) => backward_layer.config.return_sequences = false,
      /layer "bidirectional": its backward_layer must/,
    ],
    [({ backward_layer }) => backward_layer.config.go_backwards = false, /its backward_layer must/],
  ];
  for (const [change, message] of cases) {
    const config = await goldenConfig("keras3_bidirectional");
    change(config.config.layers[1].config);
    assert.throws(
      () => fromKerasConfig(config),
      (error) => error instanceof FormatError && message.test(error.message),
      String(message),
    );
  }
});

Deno.test("fromKerasConfig() refuses shared layers and several outputs", async () => {
  const shared = await goldenConfig("keras2_functional");
  const node = shared.config.layers[1].inbound_nodes;
  node.push(node[0]);
  assert.throws(() => fromKerasConfig(shared), /inbound_nodes must be one call on plain tensors/);
  const twoEnds = await goldenConfig("keras3_functional");
  twoEnds.config.output_layers = [["dense", 0, 0], ["dense_1", 0, 0]];
  assert.throws(() => fromKerasConfig(twoEnds), /config.output_layers must be one tensor/);
});
