import assert from "node:assert/strict";
import { unzipSync, zipSync } from "fflate";
import { FormatError } from "../../core/errors.ts";
import { createRng } from "../../core/rng.ts";
import { writeDatasets, writeHdf5 } from "../keras_h5/hdf5/write.ts";
import { decodeKerasV3 } from "./decode.ts";
import { encodeKerasV3 } from "./encode.ts";
import type { KerasV3 } from "./keras_v3.ts";

/** Made by tasks/parity/keras_golden.py. */
const GOLDENS = ["keras2_lstm", "keras2_graph", "keras3_lstm", "keras3_graph"];
const FUZZED_FILES = 1000;

const readGolden = (name: string) => Deno.readFile(new URL(`testdata/${name}.keras`, import.meta.url));

const example = (): KerasV3 => ({
  config: { class_name: "Sequential", config: { name: "example \u00b5", layers: [] } },
  variables: new Map([
    ["layers/dense/vars/0", { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, -6) }],
    ["layers/dense/vars/1", { shape: [3], data: new Float32Array(3) }],
    ["layers/lstm/cell/vars/0", { shape: [1], data: Float32Array.of(0.1) }],
  ]),
  kerasVersion: "3.0.0",
});

Deno.test("decodeKerasV3() reads what Keras 2.15 and 3 write", async () => {
  for (const name of GOLDENS) {
    const golden = JSON.parse(
      await Deno.readTextFile(new URL(`../../nn/testdata/${name}.json`, import.meta.url)),
    );
    const { config, variables, kerasVersion } = decodeKerasV3(await readGolden(name), name);
    assert.match(golden.madeBy, new RegExp(`Keras ${kerasVersion},`));
    assert.equal((config as { class_name: string }).class_name, golden.config.class_name);
    const expected = new Map<string, number[]>();
    for (const { weights } of golden.layers) for (const { name, data } of weights) expected.set(name, data);
    // Keras orders them otherwise here and names them otherwise: the same arrays it must be.
    const sorted = (arrays: Iterable<ArrayLike<number>>) =>
      [...arrays].map((array) => JSON.stringify(Array.from(array))).sort();
    assert.deepEqual(sorted([...variables.values()].map(({ data }) => data)), sorted(expected.values()));
    if (name.endsWith("lstm")) {
      assert.deepEqual([...variables].map(([path, { shape }]) => [path, shape]).sort(), [
        ["layers/dense/vars/0", [4, 3]],
        ["layers/dense/vars/1", [3]],
        ["layers/lstm/cell/vars/0", [1, 16]],
        ["layers/lstm/cell/vars/1", [4, 16]],
        ["layers/lstm/cell/vars/2", [16]],
      ]);
    }
  }
});

Deno.test("decodeKerasV3() reads what encodeKerasV3() writes, also when it was packed anew", async () => {
  const bytes = await encodeKerasV3(example());
  assert.deepEqual(decodeKerasV3(bytes), example());
  assert.deepEqual(decodeKerasV3(zipSync(unzipSync(bytes), { level: 9 })), example());
  const nothing = { config: {}, variables: new Map(), kerasVersion: "3.0.0" };
  assert.deepEqual(decodeKerasV3(await encodeKerasV3(nothing)), nothing);
});

Deno.test("encodeKerasV3() gives the same bytes at another time", async () => {
  const bytes = await encodeKerasV3(example());
  const { now } = Date;
  Date.now = () => 2e12;
  try {
    assert.deepEqual(await encodeKerasV3(example()), bytes);
  } finally {
    Date.now = now;
  }
});

Deno.test("decodeKerasV3() says what is missing, and passes over seeds and assets", async () => {
  const parts = unzipSync(await encodeKerasV3(example()));
  const without = (name: string) => {
    const { [name]: _, ...others } = parts;
    return zipSync(others);
  };
  const text = (value: string) => new TextEncoder().encode(value);
  const chunked = await writeHdf5((file) => {
    file.create_group("layers").create_dataset({ name: "x", data: new Float64Array(3) });
  });
  const deep = await writeHdf5((file) =>
    writeDatasets(file, [{ name: `layers/${"x/".repeat(20)}0`, shape: [1], data: new Float32Array(1) }])
  );
  const cases: [Uint8Array, RegExp][] = [
    [without("config.json"), /must hold config.json \(saved with model.save\(\)\), got none/],
    [without("model.weights.h5"), /must hold model.weights.h5/],
    [zipSync({ ...parts, "config.json": text("{") }), /config.json must be JSON/],
    [zipSync({ ...parts, "model.weights.h5": text("x") }), /HDF5 signature.*m.keras\/model.weights.h5/],
    [zipSync({ ...parts, "model.weights.h5": chunked }), /must hold little-endian float32/],
    [zipSync({ ...parts, "model.weights.h5": deep }), /groups must be at most 16 deep/],
  ];
  for (const [bytes, message] of cases) {
    assert.throws(
      () => decodeKerasV3(bytes, "m.keras"),
      (error) => error instanceof FormatError && message.test(error.message),
      String(message),
    );
  }
  const weights = await writeHdf5((file) => {
    const layer = file.create_group("layers").create_group("dropout");
    layer.create_group("seed_generator").create_dataset({ name: "0", data: new Uint32Array(2) });
  });
  const further = { ...parts, "model.weights.h5": weights, "assets/vocabulary.txt": text("x") };
  assert.equal(decodeKerasV3(zipSync(further)).variables.size, 0);
});

Deno.test("decodeKerasV3() answers damaged files with a model or a FormatError", async () => {
  const files = (await Promise.all(GOLDENS.map(readGolden))).flatMap((bytes) => {
    const parts = unzipSync(bytes);
    return [parts, parts];
  });
  const rng = createRng(12);
  let refused = 0;
  for (let i = 0; i < FUZZED_FILES; i++) {
    // Damage within the parts, whose checksums are then right, or to the zip itself.
    const parts = { ...files[i % files.length] }, names = Object.keys(parts);
    const damage = (bytes: Uint8Array) => {
      const copy = i % 5 === 0 ? bytes.slice(0, rng.integer(bytes.length)) : bytes.slice();
      for (let flips = 1 + rng.integer(12); flips > 0 && copy.length > 0; flips--) {
        copy[rng.integer(copy.length)] = rng.uniform() < 0.5
          ? rng.integer(256)
          : copy[rng.integer(copy.length)];
      }
      return copy;
    };
    let bytes: Uint8Array;
    if (i % 2 === 0) {
      const name = names[rng.integer(names.length)];
      bytes = zipSync({ ...parts, [name]: damage(parts[name]) }, { level: 0 });
    } else bytes = damage(zipSync(parts, { level: 0 }));
    try {
      const { variables } = decodeKerasV3(bytes);
      assert.ok([...variables.values()].reduce((sum, { data }) => sum + 4 * data.length, 0) <= bytes.length);
    } catch (error) {
      assert.ok(error instanceof FormatError, `file ${i}: ${(error as Error).stack}`);
      refused++;
    }
  }
  assert.ok(refused > FUZZED_FILES / 4, `${refused} of ${FUZZED_FILES} files were refused`);
});
