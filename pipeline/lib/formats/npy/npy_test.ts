import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError } from "../../core/errors.ts";
import { createRng } from "../../core/rng.ts";
import { decodeNpy, decodeNpyAs, encodeNpy, npyHeader, parseNpyHeader } from "./npy.ts";
import type { NpyDtype } from "./npy.ts";

interface Golden {
  files: { dtype: NpyDtype; shape: number[]; version: number; values: string[]; base64: string }[];
  refused: Record<string, string>;
}

const golden: Golden = JSON.parse(Deno.readTextFileSync(new URL("./testdata/numpy.json", import.meta.url)));
const fromBase64 = (text: string) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const nameOf = (dtype: NpyDtype, shape: number[]) => `${dtype} [${shape}]`;

/** A file whose header is the given text, padded as the format asks. */
function fileWithHeader(text: string, data = new Uint8Array(0)): Uint8Array<ArrayBuffer> {
  const header = text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11) + "\n";
  const bytes = [0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, header.length & 0xff, header.length >> 8];
  return Uint8Array.from([...bytes, ...new TextEncoder().encode(header), ...data]);
}

const REFUSALS: Record<string, RegExp> = {
  "big endian": /big endian is not supported, got >f4/,
  "Fortran": /Fortran order is not supported/,
  "<f2": /dtype must be one of .*, got <f2/,
  "<i8": /dtype must be one of .*, got <i8/,
  "|b1": /dtype must be one of .*, got \|b1/,
  "<U3": /dtype must be one of .*, got <U3/,
  "|O": /dtype must be one of .*, got \|O/,
  "structured": /structured dtypes are not supported/,
  "version 3": /version must be 1.0 or 2.0, got 3.0/,
};

Deno.test("decodeNpy() reads what numpy wrote: every dtype, scalars, empty and many axes, versions 1.0 and 2.0", () => {
  assert.equal(golden.files.length, 63);
  for (const { dtype, shape, values, base64 } of golden.files) {
    const array = decodeNpy(fromBase64(base64), "golden.npy");
    assert.equal(array.dtype, dtype);
    assert.deepEqual(array.shape, shape);
    assert.deepEqual(Array.from(array.data), values.map(Number), nameOf(dtype, shape));
  }
});

Deno.test("encodeNpy() gives numpy's bytes", () => {
  for (const { dtype, shape, version, base64 } of golden.files) {
    if (version !== 1) continue;
    const bytes = fromBase64(base64);
    assert.deepEqual(encodeNpy(decodeNpy(bytes)), bytes, nameOf(dtype, shape));
  }
});

Deno.test("decodeNpy() refuses by name what it does not support", () => {
  assert.deepEqual(Object.keys(golden.refused).sort(), Object.keys(REFUSALS).sort());
  for (const [what, base64] of Object.entries(golden.refused)) {
    assert.throws(() => decodeNpy(fromBase64(base64), "x.npy"), (error) => {
      assert.ok(error instanceof FormatError, what);
      assert.match(error.message, REFUSALS[what]);
      assert.match(error.message, /\(x\.npy, byte \d+\)$/);
      return true;
    });
  }
});

Deno.test("decodeNpy() views the file where alignment allows and copies where it does not", () => {
  const file = encodeNpy({ shape: [3], data: Float32Array.of(1, 2, 3) });
  assert.equal(decodeNpy(file).data.buffer, file.buffer);
  const shifted = new Uint8Array(file.length + 1);
  shifted.set(file, 1);
  const copied = decodeNpy(shifted.subarray(1));
  assert.notEqual(copied.data.buffer, shifted.buffer);
  assert.deepEqual(copied.data, Float32Array.of(1, 2, 3));
});

Deno.test("decodeNpy() refuses a file that is shorter or longer than its shape", () => {
  const file = encodeNpy({ shape: [2, 2], data: Int16Array.of(1, 2, 3, 4) });
  assert.throws(
    () => decodeNpy(file.subarray(0, -1), "a.npy"),
    /must take 8 bytes behind the header, got 7 \(a\.npy/,
  );
  assert.throws(
    () => decodeNpy(Uint8Array.of(...file, 0), "a.npy"),
    /must take 8 bytes behind the header, got 9/,
  );
});

Deno.test("decodeNpy() does not allocate what a hostile shape asks for", () => {
  const header = (shape: string) =>
    fileWithHeader(`{'descr': '<f8', 'fortran_order': False, 'shape': ${shape}, }`);
  assert.throws(() => decodeNpy(header("(1000000000000,)")), /must take 8000000000000 bytes/);
  for (
    const shape of [
      "(9007199254740992,)",
      "(4294967296, 4294967296, 0)",
      "(-1,)",
      "(1.5,)",
      "(1)",
      "(,)",
      "(1,,)",
      "3",
    ]
  ) {
    assert.throws(() => decodeNpy(header(shape)), /Cannot decode \.npy: shape must be/, shape);
  }
});

Deno.test("parseNpyHeader() reads any order of keys, double quotes and Python 2's long integers", () => {
  const file = fileWithHeader(
    `{"shape": (2L, 3L),'fortran_order':False, 'descr': "<i2"}`,
    new Uint8Array(12),
  );
  assert.deepEqual(decodeNpy(file).shape, [2, 3]);
  assert.deepEqual(parseNpyHeader(file), { dtype: "<i2", shape: [2, 3], elements: 6, dataOffset: 128 });
});

Deno.test("parseNpyHeader() refuses headers that are no dict of the three keys", () => {
  const headers = [
    "",
    "{}",
    "{'descr': '<f4', 'fortran_order': False}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (), 'x': 1}",
    "{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': ()}",
    "{'descr': '<f4', 'fortran_order': None, 'shape': ()}",
    "{'descr': False, 'fortran_order': False, 'shape': ()}",
    "{'descr': 'constructor', 'fortran_order': False, 'shape': ()}",
  ];
  for (const header of headers) {
    assert.throws(() => parseNpyHeader(fileWithHeader(header)), FormatError, header);
  }
});

Deno.test("npyHeader() is padded to 64 bytes and heads a file written piece by piece", () => {
  for (const shape of [[], [1], [650000, 2], Array(64).fill(1)]) {
    assert.equal(npyHeader("<f4", shape).length % 64, 0);
  }
  const pieces = [npyHeader("|i1", [4]), Uint8Array.of(1, 255), Uint8Array.of(3, 128)];
  assert.deepEqual(
    decodeNpyAs(Uint8Array.from(pieces.flatMap((p) => [...p])), { dtype: "|i1" }).data,
    Int8Array.of(1, -1, 3, -128),
  );
});

Deno.test("encodeNpy() refuses a shape or dtype that does not fit the data", () => {
  const data = new Float32Array(6);
  assert.throws(() => encodeNpy({ shape: [5], data }), /must have 6 elements as the data has, got 5/);
  assert.throws(
    () => encodeNpy({ dtype: "<f8", shape: [6], data }),
    /data must be of dtype <f8, got Float32Array/,
  );
  assert.throws(() => encodeNpy({ shape: [-6], data }), RangeError);
  assert.throws(() => npyHeader("<f4", Array(65).fill(1)), RangeError);
  assert.throws(() => npyHeader("toString" as NpyDtype, []), RangeError);
});

Deno.test("decodeNpyAs() gives the typed array and refuses another dtype or shape", () => {
  const file = encodeNpy({ dtype: "<f4", shape: [2, 3], data: new Float32Array(6) });
  const { data }: { data: Float32Array } = decodeNpyAs(file, { dtype: "<f4", shape: [-1, 3] });
  assert.equal(data.length, 6);
  assert.throws(
    () => decodeNpyAs(file, { dtype: "<f8", file: "w.npy" }),
    /dtype must be <f8, got <f4 \(w\.npy\)/,
  );
  assert.throws(
    () => decodeNpyAs(file, { dtype: "<f4", shape: [-1, 4] }),
    /shape must be \[-1,4\], got \[2,3\]/,
  );
  assert.throws(() => decodeNpyAs(file, { dtype: "<f4", shape: [6] }), FormatError);
});

Deno.test("encodeNpy() and decodeNpy() are inverse for any shape, NaN payloads and -0 included", () => {
  const axis = fc.integer({ min: 0, max: 5 });
  fc.assert(
    fc.property(fc.array(axis, { maxLength: 4 }), fc.integer(), (shape, seed) => {
      const elements = shape.reduce((a, b) => a * b, 1);
      const rng = createRng(seed);
      const raw = new Uint32Array(elements * 2).map(() => rng.integer(2 ** 32)).buffer;
      for (
        const Type of [Float32Array, Float64Array, Int16Array, Int32Array, Uint32Array, Uint8Array, Int8Array]
      ) {
        const data = new Type(raw, 0, elements);
        const decoded = decodeNpy(encodeNpy({ shape, data }));
        assert.deepEqual(decoded.shape, shape);
        assert.equal(decoded.data.constructor, Type);
        assert.deepEqual(
          new Uint8Array(decoded.data.buffer, decoded.data.byteOffset, decoded.data.byteLength),
          new Uint8Array(raw, 0, data.byteLength),
        );
      }
    }),
    { seed: 1, numRuns: 60 },
  );
});

Deno.test("decodeNpy() answers damaged files with an array or a FormatError", () => {
  const rng = createRng(11);
  const files = [...golden.files.map((f) => f.base64), ...Object.values(golden.refused)].map(fromBase64);
  for (let run = 0; run < 6000; run++) {
    const whole = files[rng.integer(files.length)];
    const damaged = whole.slice(0, rng.integer(3) === 0 ? rng.integer(whole.length + 1) : whole.length);
    for (let flips = rng.integer(4); flips > 0 && damaged.length > 0; flips--) {
      damaged[rng.integer(Math.min(damaged.length, 128))] ^= 1 << rng.integer(8);
    }
    try {
      const { data, shape } = decodeNpy(damaged);
      assert.equal(data.length, shape.reduce((a, b) => a * b, 1));
    } catch (error) {
      assert.ok(error instanceof FormatError, `run ${run}: ${error}`);
    }
  }
});
