import assert from "node:assert/strict";
import fc from "fast-check";
import { zipSync } from "fflate";
import { FormatError } from "../../core/errors.ts";
import { readZip } from "./zip.ts";

const LARGEST = { "a.json": 1000, "b.bin": 2 ** 20 };
const A = new TextEncoder().encode('{"a": 1}');
const mtime = new Date(1990, 0, 1);

/** Two files, one stored and one deflated. */
const example = () =>
  zipSync(
    { "a.json": [A, { level: 0 }], "b.bin": [new Uint8Array(999).map((_, i) => i % 40), { level: 9 }] },
    { mtime },
  );

/** Offsets of the directory's entries. */
function entriesOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length - 4 }, (_, at) => at).filter((at) =>
    view.getUint32(at, true) === 0x02014b50
  );
}

Deno.test("readZip() unpacks stored and deflated files, those that are wanted", () => {
  const contents = readZip(example(), LARGEST);
  assert.deepEqual([...contents.keys()], ["a.json", "b.bin"]);
  assert.deepEqual(contents.get("a.json"), A);
  assert.deepEqual([...contents.get("b.bin")!], Array.from({ length: 999 }, (_, i) => i % 40));
  assert.deepEqual([...readZip(example(), { "a.json": 8, absent: 1 }).keys()], ["a.json"]);
});

Deno.test("readZip() reads a zip with a comment behind it, and one with nothing in it", () => {
  const bytes = new Uint8Array([...example(), 1, 2, 3]);
  new DataView(bytes.buffer).setUint16(bytes.length - 5, 3, true);
  assert.equal(readZip(bytes, LARGEST).size, 2);
  assert.equal(readZip(zipSync({}), LARGEST).size, 0);
});

Deno.test("readZip() unpacks what was packed", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), fc.constantFrom(0, 6), (data, level) => {
      const bytes = zipSync({ "b.bin": data }, { level: level as 0 | 6, mtime });
      assert.deepEqual(readZip(bytes, LARGEST).get("b.bin"), data);
    }),
    { seed: 5, numRuns: 50 },
  );
});

Deno.test("readZip() refuses zip bombs, names twice, names that lead away and damage", () => {
  const damaged = (change: (view: DataView, entries: number[], bytes: Uint8Array) => void) => {
    const bytes = example();
    change(new DataView(bytes.buffer), entriesOf(bytes), bytes);
    return bytes;
  };
  const named = (name: string) => zipSync({ [name]: A }, { mtime });
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /must end in a directory, got none \(m.keras, byte 0\)/],
    [example().subarray(0, example().length - 10), /must end in a directory/],
    [
      zipSync({ "b.bin": new Uint8Array(2 ** 20) }, { mtime }),
      /"b.bin" must have at most 1048576 bytes and 200 times/,
    ],
    [zipSync({ "a.json": new Uint8Array(1001) }, { level: 0 }), /at most 1000 bytes .* got 1001 from 1001/],
    // Says that it is small and is not.
    [
      damaged((view, [, b]) => view.setUint32(b + 24, 500, true)),
      /"b.bin" must have 500 bytes with the checksum of the directory/,
    ],
    [damaged((view, [a]) => view.setUint32(a + 16, 1, true)), /"a.json" must have 8 bytes with the checksum/],
    [damaged((_, __, bytes) => bytes[40] ^= 1), /"a.json" must have 8 bytes with the checksum/],
    [damaged((view, [a]) => view.setUint16(a + 8, 1, true)), /"a.json" must not be encrypted/],
    [damaged((view, [a]) => view.setUint16(a + 10, 14, true)), /must be stored or deflated, got method 14/],
    [damaged((view, [a]) => view.setUint32(a + 42, 7, true)), /must have a header in front of its data/],
    [damaged((view, [a]) => view.setUint32(a + 20, 0x7fffffff, true)), /must end within the \d+ bytes/],
    [damaged((view, [, b]) => view.setUint32(b, 7, true)), /directory must have 2 entries, got 1/],

    [named("../a.json"), /names must be paths within the zip, got "..\/a.json"/],
    [named("/etc/passwd"), /names must be paths within the zip/],
    [named("x\\..\\a.json"), /names must be paths within the zip/],
    [named("C:a.json"), /names must be paths within the zip/],
  ];
  const twice = zipSync({ "a.json": A, "b.json": A }, { level: 0, mtime });
  for (let at = 0; at < twice.length - 6; at++) {
    if (new TextDecoder().decode(twice.subarray(at, at + 6)) === "b.json") twice[at] = 0x61;
  }
  cases.push([twice, /names must be unique, got "a.json" twice/]);
  for (const [bytes, message] of cases) {
    assert.throws(
      () => readZip(bytes, LARGEST, "m.keras"),
      (error) => error instanceof FormatError && message.test(error.message),
      String(message),
    );
  }
});
