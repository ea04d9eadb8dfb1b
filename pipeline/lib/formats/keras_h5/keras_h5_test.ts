import assert from "node:assert/strict";
import * as h5wasm from "h5wasm";
import { FormatError } from "../../core/errors.ts";
import { createRng } from "../../core/rng.ts";
import { decodeKerasH5 } from "./decode.ts";
import { encodeKerasH5 } from "./encode.ts";
import type { KerasH5 } from "./keras_h5.ts";

/** Made by tasks/parity/keras22_golden.py and keras_golden.py; what each holds stands as JSON in lib/nn/testdata. */
const GOLDENS = [
  "keras22_sequential",
  "keras22_graph",
  "keras22_defaults",
  "keras2_lstm",
  "keras2_cnn",
  "keras2_functional",
  "keras3_lstm",
  "keras3_cnn",
  "keras3_functional",
  "keras2_images",
  "keras3_images",
];
const FUZZED_FILES = 1500;
const SHARED = new URL("../../../../../shared/fixtures/tflite/", import.meta.url);
const hasShared = await Deno.stat(SHARED).then(() => true, () => false);

const readGolden = (name: string) => Deno.readFile(new URL(`testdata/${name}.h5`, import.meta.url));

function example(): KerasH5 {
  const rng = createRng(2);
  const weight = (name: string, ...shape: number[]) => ({
    name,
    shape,
    data: Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, rng.normal),
  });
  return {
    config: { class_name: "Sequential", config: { name: "example \u00b5", layers: [] } },
    layers: [
      {
        name: "lstm",
        weights: [weight("lstm/lstm_cell/kernel:0", 1, 16), weight("lstm/lstm_cell/bias:0", 16)],
      },
      { name: "pooling", weights: [] },
      { name: "dense", weights: [weight("dense/kernel:0", 4, 5), weight("dense/bias:0", 5)] },
    ],
    kerasVersion: "2.15.0",
    backend: "tensorflow",
  };
}

for (const name of GOLDENS) {
  Deno.test(`decodeKerasH5() reads ${name} as h5py does`, async () => {
    const golden = JSON.parse(
      await Deno.readTextFile(new URL(`../../nn/testdata/${name}.json`, import.meta.url)),
    );
    const { config, layers } = decodeKerasH5(await readGolden(name), name);
    assert.deepEqual(config, golden.config);
    const plain = layers.map(({ name, weights }) => ({
      name,
      weights: weights.map((weight) => ({ ...weight, data: [...weight.data] })),
    }));
    assert.deepEqual(plain, golden.layers);
  });
}

Deno.test("decodeKerasH5() reads what encodeKerasH5() writes", async () => {
  assert.deepEqual(decodeKerasH5(await encodeKerasH5(example())), example());
});

Deno.test("decodeKerasH5() reads more layers than one node of a group's tree holds", async () => {
  const layers = Array.from({ length: 300 }, (_, i) => ({
    name: `layer_${i}`,
    weights: [{ name: "kernel:0", shape: [1], data: Float32Array.of(i) }],
  }));
  const model = { ...example(), layers };
  assert.deepEqual(decodeKerasH5(await encodeKerasH5(model)), model);
});

Deno.test("encodeKerasH5() writes what the HDF5 library reads", async () => {
  await h5wasm.ready;
  h5wasm.FS!.writeFile("/read.h5", await encodeKerasH5(example()));
  const file = new h5wasm.File("/read.h5", "r");
  try {
    const group = file.get("model_weights") as h5wasm.Group;
    assert.deepEqual(group.attrs.layer_names.value, ["lstm", "pooling", "dense"]);
    for (const { name, weights } of example().layers) {
      const layer = group.get(name) as h5wasm.Group;
      assert.deepEqual([...layer.attrs.weight_names.value as string[]], weights.map((weight) => weight.name));
      for (const { name, shape, data } of weights) {
        const dataset = layer.get(name) as h5wasm.Dataset;
        assert.deepEqual([dataset.shape, dataset.value], [shape, data]);
      }
    }
  } finally {
    file.close();
    h5wasm.FS!.unlink("/read.h5");
  }
});

Deno.test("encodeKerasH5() gives the same bytes at another time and after other models", async () => {
  const bytes = await encodeKerasH5(example());
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const other = example();
  other.config = { other: "x".repeat(20_000) };
  other.layers.forEach(({ weights }) => weights.forEach(({ data }) => data.fill(NaN)));
  await encodeKerasH5(other);
  assert.deepEqual(await encodeKerasH5(example()), bytes);
  assert.ok(Date.now() > 0, "the clock must run again");
});

Deno.test("encodeKerasH5() leaves no file in the library's memory", async () => {
  await h5wasm.ready;
  const before = h5wasm.FS!.readdir("/");
  await encodeKerasH5(example());
  assert.deepEqual(h5wasm.FS!.readdir("/"), before);
});

Deno.test("encodeKerasH5() refuses names that are no paths and data that do not fill their shape", async () => {
  const broken = (change: (model: KerasH5) => void) => {
    const model = example();
    change(model);
    return encodeKerasH5(model);
  };
  await assert.rejects(
    () => broken(({ layers }) => layers[0].name = "../lstm"),
    /layer name must be one path segment/,
  );
  await assert.rejects(
    () => broken(({ layers }) => layers[0].name = "dense"),
    /unique names, got "dense" twice/,
  );
  await assert.rejects(
    () => broken(({ layers }) => layers[0].weights[0].name = "/kernel"),
    /must be a relative path/,
  );
  await assert.rejects(
    () => broken(({ layers }) => layers[0].weights[0].shape = [4]),
    /must hold 4 values, got 16/,
  );
});

Deno.test("decodeKerasH5() says where a file stops being a model", async () => {
  const bytes = await encodeKerasH5(example());
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /first 8 bytes must be the HDF5 signature.*\(m.h5, byte 0\)/],
    [new TextEncoder().encode("PK a zip file"), /HDF5 signature/],
    [bytes.subarray(0, 50), /superblock must end within the 50 bytes/],
    [
      bytes.subarray(0, bytes.length - 8),
      /must have the \d+ bytes that it says itself, got \d+: it was cut short, copy or download it again/,
    ],
    [Uint8Array.from(bytes, (byte, i) => i === 8 ? 2 : byte), /superblock must be of version 0 or 1.*got 2/],
  ];
  for (const [damaged, message] of cases) {
    assert.throws(
      () => decodeKerasH5(damaged, "m.h5"),
      (error) => error instanceof FormatError && message.test(error.message),
    );
  }
});

Deno.test("decodeKerasH5() refuses files of weights alone and other datasets than float32", async () => {
  const write = async (fill: (file: h5wasm.File) => void) => {
    await h5wasm.ready;
    const file = new h5wasm.File("/made.h5", "w", { libver: ["earliest", "v108"] });
    fill(file);
    file.close();
    const bytes = h5wasm.FS!.readFile("/made.h5");
    h5wasm.FS!.unlink("/made.h5");
    return bytes;
  };
  const kernel = (data: Float32Array | Float64Array, chunks?: number[]) =>
    write((file) => {
      file.create_attribute("model_config", "{}");
      const group = file.create_group("model_weights");
      group.create_attribute("layer_names", ["dense"], null, "A");
      const layer = group.create_group("dense");
      layer.create_attribute("weight_names", ["kernel"], null, "A");
      layer.create_dataset({ name: "kernel", data, chunks, compression: chunks && 9 });
    });
  const weightsOnly = await write((file) => file.create_attribute("layer_names", ["dense"], null, "A"));
  assert.throws(
    () => decodeKerasH5(weightsOnly),
    /save the whole model with model.save\(\) instead of model.save_weights\(\)/,
  );
  const kerasThree = await write((file) => file.create_group("layers"));
  assert.throws(() => decodeKerasH5(kerasThree), /must have the attribute model_config, got weights alone/);
  // As OpenSignals writes recordings.
  const recording = await write((file) => {
    const device = file.create_group("00:07:80:3B:46:61");
    device.create_attribute("sampling rate", 1000);
    device.create_group("raw").create_dataset({ name: "channel_1", data: new Int32Array(100) });
  });
  assert.throws(
    () => decodeKerasH5(recording, "ecg.h5"),
    /got an HDF5 file of another kind, which holds "00:07:80:3B:46:61" \(ecg.h5\)/,
  );
  const float64 = await kernel(new Float64Array(3));
  assert.throws(() => decodeKerasH5(float64), /must hold little-endian float32, got float of 8 bytes/);
  const compressed = await kernel(new Float32Array(3), [3]);
  assert.throws(() => decodeKerasH5(compressed), /must be stored plainly/);
  assert.equal(decodeKerasH5(await kernel(new Float32Array(3))).layers[0].weights[0].data.length, 3);
});

Deno.test("decodeKerasH5() answers damaged files with a model or a FormatError", async () => {
  const files = await Promise.all(GOLDENS.map(readGolden));
  const rng = createRng(11);
  let refused = 0;
  for (let i = 0; i < FUZZED_FILES; i++) {
    let bytes = files[i % files.length].slice();
    if (i % 5 === 0) bytes = bytes.slice(0, rng.integer(bytes.length));
    for (let flips = rng.integer(12); flips > 0 && bytes.length > 0; flips--) {
      // Most of a file is weights and free space; addresses and sizes are small numbers among zeros.
      const at = rng.integer(bytes.length);
      bytes[at] = rng.uniform() < 0.5 ? rng.integer(256) : bytes[rng.integer(bytes.length)];
    }
    try {
      const { layers } = decodeKerasH5(bytes);
      const values = layers.flatMap(({ weights }) => weights).reduce((sum, { data }) => sum + data.length, 0);
      assert.ok(values * 4 <= bytes.length);
    } catch (error) {
      assert.ok(error instanceof FormatError, `file ${i}: ${(error as Error).stack}`);
      refused++;
    }
  }
  assert.ok(refused > FUZZED_FILES / 4, `${refused} of ${FUZZED_FILES} files were refused`);
});

Deno.test("decodeKerasH5() ends on structures that point at themselves", async () => {
  const text = new TextDecoder("latin1").decode(await readGolden("keras2_lstm"));
  const tree = text.indexOf("TREE"), rootHeader = 96;

  const treeOfItself = await readGolden("keras2_lstm");
  let view = new DataView(treeOfItself.buffer);
  view.setUint8(tree + 5, 1);
  view.setUint16(tree + 6, 20, true);
  for (let i = 0; i < 20; i++) view.setBigUint64(tree + 32 + 16 * i, BigInt(tree), true);
  assert.throws(() => decodeKerasH5(treeOfItself), /B-tree node must be of level 0, got 1/);

  const headerOfItself = await readGolden("keras2_lstm");
  view = new DataView(headerOfItself.buffer);
  assert.deepEqual([view.getUint8(rootHeader), view.getUint32(rootHeader + 8, true) >= 24], [1, true]);
  view.setUint16(rootHeader + 2, 0xffff, true);
  view.setUint32(rootHeader + 8, 24, true);
  view.setUint16(rootHeader + 16, 0x0010, true);
  view.setUint16(rootHeader + 18, 16, true);
  view.setBigUint64(rootHeader + 24, BigInt(rootHeader + 16), true);
  view.setBigUint64(rootHeader + 32, 24n, true);
  assert.throws(() => decodeKerasH5(headerOfItself), /a group must have a symbolTable message, got none/);
});

for (const [name, layers] of [["resnet8", 30], ["str_ww", 23]] as const) {
  Deno.test({
    name: `[shared] decodeKerasH5() reads ${name}.h5`,
    ignore: !hasShared,
    fn: async () => {
      const model = decodeKerasH5(await Deno.readFile(new URL(`${name}.h5`, SHARED)), name);
      assert.equal((model.config as { class_name: string }).class_name, "Functional");
      assert.equal(model.layers.length, layers);
      assert.ok(
        model.layers.flatMap(({ weights }) => weights).every(({ data }) => data.every(Number.isFinite)),
      );
    },
  });
}
