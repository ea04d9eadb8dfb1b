import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { FormatError } from "../../core/errors.ts";
import { createRng } from "../../core/rng.ts";
import { decodeFlac, type FlacLayout } from "./flac.ts";
import { parseHeader } from "./header.ts";
import { readSignals } from "./signal.ts";

const TESTDATA = new URL("./testdata/", import.meta.url);
const golden: Record<string, { bits: number; samples: number; sha256: string[] }> = JSON.parse(
  Deno.readTextFileSync(new URL("formats.json", TESTDATA)),
).flac;
const fileOf = (name: string) => Deno.readFileSync(new URL(`${name}.flac`, TESTDATA));
const layoutOf = (channels: number, bits: number, rest: Partial<FlacLayout> = {}): FlacLayout => ({
  channels,
  bits,
  wide: bits > 16,
  skip: 0,
  only: [...Array(channels).keys()],
  ...rest,
});

Deno.test("decodeFlac() gives what libFLAC encoded: 8, 16 and 24 bits, 1 block and several, channels that resemble each other", () => {
  assert.deepEqual(Object.keys(golden), ["flac8", "flac16", "flac24"]);
  for (const [name, { bits, samples, sha256 }] of Object.entries(golden)) {
    const { signals, samples: decoded } = decodeFlac(fileOf(name), layoutOf(sha256.length, bits));
    assert.equal(decoded, samples);
    const hashes = signals.map((signal) =>
      createHash("sha256").update(new Uint8Array(Int32Array.from(signal).buffer)).digest("hex")
    );
    assert.deepEqual(hashes, sha256, name);
    assert.equal(signals[0] instanceof Int32Array, bits === 24);
  }
});

Deno.test("decodeFlac() leaves out samples at the beginning, stops where told to and keeps only some channels", () => {
  const bytes = fileOf("flac16"), whole = decodeFlac(bytes, layoutOf(2, 16)).signals;
  for (const [skip, samples] of [[0, 1], [4095, 2], [4096, 4096], [5000, 7000], [12387, 1], [12388, 0]]) {
    const options = { skip, samples, only: [1], isPart: true };
    const { signals } = decodeFlac(bytes, layoutOf(2, 16, options));
    assert.deepEqual(signals, [whole[1].slice(skip, skip + samples)]);
  }
  assert.equal(decodeFlac(bytes, layoutOf(2, 16, { skip: 12000 })).samples, 388);
});

Deno.test("decodeFlac() refuses what the header does not promise", () => {
  const bytes = fileOf("flac16");
  const refusals: [Uint8Array, FlacLayout, RegExp][] = [
    [bytes, layoutOf(3, 16), /must have the 3 channels of its record's header, got 2/],
    [bytes, layoutOf(2, 8), /samples must have 4..8 bits, got 16/],
    [
      bytes,
      layoutOf(2, 16, { samples: 12387 }),
      /must hold the 12387 samples that the header promises, got more/,
    ],
    [
      bytes,
      layoutOf(2, 16, { samples: 12389 }),
      /must hold the 12389 samples that the header promises, got 12388/,
    ],
    [bytes, layoutOf(2, 16, { skip: 20000 }), /a signal must have 0\.\.268435456 samples, got -7612/],
    [bytes, layoutOf(2, 16, { samples: 2 ** 31 - 1 }), /a signal must have 0\.\.268435456 samples/],
    [bytes.subarray(0, 9000), layoutOf(2, 16), /samples must lie within the file/],
    [bytes.subarray(0, 30), layoutOf(2, 16), /must begin with fLaC and its stream information/],
    [new Uint8Array(100), layoutOf(2, 16), /must begin with fLaC/],
  ];
  for (const [file, layout, message] of refusals) {
    assert.throws(() => decodeFlac(file, { ...layout, file: "r.dat" }), (error) => {
      assert.ok(error instanceof FormatError, `${error}`);
      assert.match(error.message, message);
      assert.equal(error.file, "r.dat");
      return true;
    });
  }
});

Deno.test("decodeFlac() notices every flipped bit of a frame by its checksum", () => {
  const bytes = fileOf("flac8"), rng = createRng(31);
  const audio = bytes.length - 3000; // within the last frame, far behind the metadata
  for (let run = 0; run < 200; run++) {
    const damaged = bytes.slice();
    damaged[audio + rng.integer(3000)] ^= 1 << rng.integer(8);
    assert.throws(() => decodeFlac(damaged, layoutOf(3, 8)), FormatError);
  }
});

Deno.test("readSignals() answers damaged FLAC files with the promised length or a FormatError", () => {
  const rng = createRng(33), bytes = fileOf("flac8");
  const header = parseHeader("r 3 100 1250\n" + "r.dat 508x4 200\n".repeat(3));
  assert.deepEqual(readSignals(header, new Map([["r.dat", bytes]])).map((s) => s.length), [5000, 5000, 5000]);
  for (let run = 0; run < 500; run++) {
    const damaged = bytes.slice(0, rng.integer(2) === 0 ? rng.integer(bytes.length + 1) : bytes.length);
    for (let flips = rng.integer(5); flips > 0 && damaged.length > 0; flips--) {
      const near = rng.integer(2) === 0 ? Math.min(200, damaged.length) : damaged.length;
      damaged[rng.integer(near)] ^= 1 << rng.integer(8);
    }
    try {
      for (const signal of readSignals(header, new Map([["r.dat", damaged]]))) {
        assert.equal(signal.length, 5000);
      }
    } catch (error) {
      assert.ok(error instanceof FormatError, `run ${run}: ${error}`);
    }
  }
});

Deno.test("readSignals() wants one number of samples a frame in a FLAC file, and whole frames", () => {
  const files = new Map([["r.dat", fileOf("flac8")]]);
  const unlike = parseHeader("r 3 100 1250\nr.dat 508x4\nr.dat 508x4\nr.dat 508");
  assert.throws(() => readSignals(unlike, files), /one number of samples per frame, got 4 and 1/);
  const broken = parseHeader("r 3 100\n" + "r.dat 508x7\n".repeat(3));
  assert.throws(() => readSignals(broken, files), /whole frames of 7 samples a signal, got 5000/);
  const prolog = parseHeader("r 3 100\n" + "r.dat 508x7+2\n".repeat(3));
  assert.equal(readSignals(prolog, files, { only: [2] })[0].length, 4998);
});
