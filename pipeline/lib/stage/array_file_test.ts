import assert from "node:assert/strict";
import { join } from "node:path";
import { FormatError } from "../core/errors.ts";
import { decodeNpyAs, encodeNpy } from "../formats/npy/npy.ts";
import { createArrayFile, openArrayFile } from "./array_file.ts";
import { sha256Hex } from "./files.ts";

function inFolder(run: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    run(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("createArrayFile() writes the file that encodeNpy() would, and its hash", () =>
  inFolder((folder) => {
    for (const lengths of [[], [3], [1000, 0, 7, 70_000]]) {
      const parts = lengths.map((n) => Int16Array.from({ length: n }, (_, i) => i * n));
      const path = join(folder, "a.npy"), writer = createArrayFile(path, "a.npy", "<i2");
      for (const part of parts) writer.append(part);
      const data = Int16Array.from(parts.flatMap((part) => [...part]));
      const expected = encodeNpy({ shape: [data.length], data });
      assert.deepEqual(writer.close(), {
        path: "a.npy",
        bytes: expected.length,
        sha256: sha256Hex(expected),
      });
      assert.deepEqual(Deno.readFileSync(path), expected);
    }
  }));

Deno.test("createArrayFile() gives parts back and takes others in their place before it is closed", () =>
  inFolder((folder) => {
    const path = join(folder, "a.npy"), writer = createArrayFile(path, "a.npy", "<f4");
    writer.append(Float32Array.of(1, 2, 3));
    writer.overwrite(1, Float32Array.of(7));
    writer.append(Float32Array.of(4));
    assert.deepEqual(writer.read(1, 4), Float32Array.of(7, 3, 4));
    writer.overwrite(2, Float32Array.of(8, 9));
    for (const [from, to] of [[-1, 2], [0, 5], [3, 2]]) {
      assert.throws(() => writer.read(from, to), RangeError);
    }
    assert.throws(() => writer.overwrite(3, new Float32Array(2)), RangeError);
    const expected = encodeNpy({ shape: [4], data: Float32Array.of(1, 7, 8, 9) });
    assert.equal(writer.close().sha256, sha256Hex(expected));
    assert.deepEqual(Deno.readFileSync(path), expected);
  }));

Deno.test("openArrayFile() reads any part of an array", () =>
  inFolder((folder) => {
    const path = join(folder, "a.npy"), data = Float64Array.from({ length: 50 }, (_, i) => i / 3);
    Deno.writeFileSync(path, encodeNpy({ shape: [5, 10], data }));
    using reader = openArrayFile(path, "a.npy");
    assert.deepEqual([reader.dtype, reader.shape], ["<f8", [5, 10]]);
    for (const [from, to] of [[0, 50], [0, 0], [50, 50], [7, 31]]) {
      assert.deepEqual(reader.read(from, to), data.slice(from, to));
    }
    for (const [from, to] of [[-1, 2], [0, 51], [3, 2], [0.5, 1]]) {
      assert.throws(() => reader.read(from, to), RangeError);
    }
    assert.deepEqual(decodeNpyAs(Deno.readFileSync(path), { dtype: "<f8" }).data, data);
  }));

Deno.test("openArrayFile() refuses a file that is cut off or none", () =>
  inFolder((folder) => {
    const path = join(folder, "a.npy"), whole = encodeNpy({ shape: [9], data: new Float32Array(9) });
    for (const bytes of [whole.slice(0, -1), whole.slice(0, 40), new Uint8Array(0), new Uint8Array(5000)]) {
      Deno.writeFileSync(path, bytes);
      assert.throws(() => openArrayFile(path, "a.npy"), FormatError);
    }
  }));

Deno.test("openArrayFile() reads parts into an array that is there, of its own type only", () =>
  inFolder((folder) => {
    const path = join(folder, "a.npy"), data = Float32Array.from({ length: 12 }, (_, i) => i / 3);
    Deno.writeFileSync(path, encodeNpy({ shape: [4, 3], data }));
    using reader = openArrayFile(path, "a.npy");
    const target = new Float32Array(8).fill(-1);
    reader.readInto(6, target.subarray(1, 7));
    assert.deepEqual([...target], [-1, ...data.subarray(6), -1]);
    assert.throws(() => reader.readInto(7, target.subarray(0, 6)), /must lie in 0 to 12, got 7 to 13/);
    assert.throws(() => reader.readInto(0, new Int32Array(2)), /must be Float32Array, got Int32Array/);
    Deno.truncateSync(path, 150);
    assert.throws(() => reader.readInto(9, target.subarray(0, 3)), FormatError);
  }));
