import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError } from "../../core/errors.ts";
import { createRng } from "../../core/rng.ts";
import { parseHeader } from "./header.ts";
import { encodeFrames } from "./encode_frames.ts";
import { decodeFrames } from "./decode_frames.ts";
import { fileInMemory, readSignalParts, readSignals, signalChecksum } from "./signal.ts";
import { bytesOf, sampleTraits, STORAGE_FORMATS } from "./storage_formats.ts";

/** A file of so many signals with one sample a frame. */
const layoutOf = (signals: number, samples: number, file?: string) => ({
  frames: samples,
  samplesPerFrame: new Array(signals).fill(1),
  file,
});
const decode212 = (bytes: Uint8Array, signals: number, samples: number, file?: string) =>
  decodeFrames(212, bytes, layoutOf(signals, samples, file));
const decode16 = (bytes: Uint8Array, signals: number, samples: number, file?: string) =>
  decodeFrames(16, bytes, layoutOf(signals, samples, file));

/** Slow reference: the 12 bits of sample k of the interleaved file, gathered nibble by nibble. */
function sample212(bytes: Uint8Array, k: number): number {
  const nibble = (n: number) => (bytes[n >> 1] >> (4 * (n & 1))) & 15;
  const base = 6 * (k >> 1);
  const [low, middle, high] = k % 2 === 0 ? [base, base + 1, base + 2] : [base + 4, base + 5, base + 3];
  const value = nibble(low) | (nibble(middle) << 4) | (nibble(high) << 8);
  return value >= 2048 ? value - 4096 : value;
}

/** Signals of one length with samples of the given width. */
function signalsOf(bits: number, signals: fc.Arbitrary<number>): fc.Arbitrary<Int16Array[]> {
  const half = 2 ** (bits - 1);
  const sample = fc.integer({ min: -half, max: half - 1 });
  return fc.tuple(signals, fc.nat(9)).chain(([count, samples]) =>
    fc.array(fc.array(sample, { minLength: samples, maxLength: samples }).map((x) => Int16Array.from(x)), {
      minLength: count,
      maxLength: count,
    })
  );
}

/** Header and file of two format 212 signals of three samples. */
function smallRecord() {
  const signals = [Int16Array.of(995, -1, 7), Int16Array.of(1011, 2047, -2048)];
  const text =
    "100 2 360 3\n100.dat 212 200 11 1024 995 1001 0 MLII\n100.dat 212 200 11 1024 1011 1010 0 V5\n";
  return { text, header: parseHeader(text), signals, bytes: encodeFrames(212, signals) };
}

const filesOf = (bytes: Uint8Array) => new Map([["100.dat", bytes]]);

Deno.test("decodeFrames() unpacks the bits of signal(5)", () => {
  // 0x3e3 = 995, 0x3f3 = 1011: the first frame of a record of the MIT-BIH database.
  assert.deepEqual(decode212(Uint8Array.of(0xe3, 0x33, 0xf3), 2, 1), [
    Int16Array.of(995),
    Int16Array.of(1011),
  ]);
  assert.deepEqual(decode212(Uint8Array.of(0xff, 0x0f, 0x00, 0x00, 0x08), 1, 3), [
    Int16Array.of(-1, 0, -2048),
  ]);
});

Deno.test("decodeFrames() agrees in format 212 with a slow reference for 1 to 7 signals", () => {
  const rng = createRng(3);
  for (let signals = 1; signals <= 7; signals++) {
    for (let samples = 0; samples <= 9; samples++) {
      const bytes = new Uint8Array(Math.ceil(signals * samples * 1.5)).map(() => rng.integer(256));
      const expected = Array.from(
        { length: signals },
        (_, s) => Int16Array.from({ length: samples }, (_, i) => sample212(bytes, i * signals + s)),
      );
      assert.deepEqual(decode212(bytes, signals, samples), expected, `${signals} x ${samples}`);
    }
  }
});

Deno.test("decodeFrames() reads format 16 with the low byte first, from any offset in a buffer", () => {
  const bytes = Uint8Array.of(9, 0x34, 0x12, 0xff, 0xff, 0x00, 0x80, 0xff, 0x7f).subarray(1);
  assert.deepEqual(decode16(bytes, 2, 2), [
    Int16Array.of(0x1234, -32768),
    Int16Array.of(-1, 32767),
  ]);
});

Deno.test("decodeFrames() keeps the marks of missing samples as they are", () => {
  const missing212 = Int16Array.of(sampleTraits(212).missing),
    missing16 = Int16Array.of(sampleTraits(16).missing);
  assert.deepEqual(decode212(Uint8Array.of(0x00, 0x08), 1, 1), [missing212]);
  assert.deepEqual(decode16(Uint8Array.of(0x00, 0x80), 1, 1), [missing16]);
});

Deno.test("decodeFrames() is the inverse of encodeFrames() in format 212", () => {
  fc.assert(
    fc.property(signalsOf(12, fc.integer({ min: 1, max: 5 })), (signals) => {
      assert.deepEqual(decode212(encodeFrames(212, signals), signals.length, signals[0].length), signals);
    }),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("decodeFrames() is the inverse of encodeFrames() in format 16", () => {
  fc.assert(
    fc.property(signalsOf(16, fc.integer({ min: 1, max: 5 })), (signals) => {
      assert.deepEqual(decode16(encodeFrames(16, signals), signals.length, signals[0].length), signals);
    }),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("encodeFrames() refuses samples of more than 12 bits and signals of two lengths", () => {
  assert.throws(
    () => encodeFrames(212, [Int16Array.of(0, 2048)]),
    /must lie in -2048..2047, got 2048 at sample 1 of signal 0/,
  );
  assert.throws(() => encodeFrames(212, [Int16Array.of(-2049)]), RangeError);
  assert.throws(
    () => encodeFrames(16, [new Int16Array(2), new Int16Array(3)]),
    /all must have 2 samples as the first has, got 3/,
  );
});

Deno.test("decodeFrames() says how many samples a truncated file holds and what to do", () => {
  assert.throws(() => decode212(new Uint8Array(3001), 2, 650000, "100.dat"), (error) => {
    assert.ok(error instanceof FormatError);
    assert.match(
      error.message,
      /header promises 650000 samples of 2 signals.*got 1000 samples in 3001 bytes.*fetch it again/,
    );
    assert.deepEqual([error.file, error.byteOffset], ["100.dat", 3001]);
    return true;
  });
  assert.throws(
    () => decode16(new Uint8Array(7), 2, 2),
    /promises 2 samples.*got 1 samples in 7 bytes/,
  );
  // One sample less than promised is missing here, in the last half-used pair.
  assert.throws(
    () => decode212(new Uint8Array(4), 1, 3),
    /got 2 samples in 4 bytes/,
  );
});

Deno.test("decodeFrames() refuses a file longer than promised but for the unused byte of the last pair", () => {
  assert.throws(
    () => decode212(new Uint8Array(6), 2, 1),
    /must take 3 bytes, got 6/,
  );
  assert.throws(() => decode212(new Uint8Array(4), 2, 1), FormatError);
  assert.equal(decode212(new Uint8Array(6), 1, 3)[0].length, 3);
  assert.throws(
    () => decode16(new Uint8Array(5), 2, 1),
    /must take 4 bytes, got 5/,
  );
});

Deno.test("decodeFrames() refuses absurd counts without allocating", () => {
  assert.throws(
    () => decode212(new Uint8Array(6), 4096, 2 ** 31 - 1),
    FormatError,
  );
  assert.throws(() => decode212(new Uint8Array(6), 0, 1), RangeError);
  assert.throws(() => decode16(new Uint8Array(6), 1, NaN), RangeError);
});

Deno.test("signalChecksum() is the sum modulo 2^16 as a signed number", () => {
  assert.equal(signalChecksum(new Int16Array(0)), 0);
  assert.equal(signalChecksum(Int16Array.of(32767, 1)), -32768);
  assert.equal(signalChecksum(Int16Array.of(-32768, -1)), 32767);
  // This sum leaves 32 bits as well.
  assert.equal(
    signalChecksum(new Int16Array(100_000).fill(32767)),
    Number(BigInt.asIntN(16, 100_000n * 32767n)),
  );
});

Deno.test("readSignals() gives the signals when length, first sample and checksum agree", () => {
  const { header, signals, bytes } = smallRecord();
  assert.deepEqual(readSignals(header, filesOf(bytes)), signals);
});

Deno.test("readSignals() names record, signal, what the header promises and what the file holds", () => {
  const { text, header, bytes } = smallRecord();
  const first = bytes.slice();
  first[0] ^= 1;
  assert.throws(
    () => readSignals(header, filesOf(first)),
    /record 100, signal 0 \(MLII\): first sample must be 995 as the header says, got 994; fetch the files again \(100\.dat\)/,
  );
  const later = bytes.slice();
  later[8] ^= 1;
  assert.throws(
    () => readSignals(header, filesOf(later)),
    /record 100, signal 1 \(V5\): checksum must be 1010 as the header says, got 1011; fetch the files again \(100\.dat\)/,
  );
  assert.throws(() => readSignals(header, new Map()), /signal file "100\.dat" must be present, got none/);
  assert.throws(
    () => readSignals(header, filesOf(bytes.subarray(0, 6))),
    /promises 3 samples.*got 2 samples in 6 bytes/,
  );
  assert.throws(() => readSignals(header, filesOf(Uint8Array.of(...bytes, 0))), /must take 9 bytes, got 10/);
  const far = parseHeader(text.replaceAll(" 212 ", " 212+10 "));
  assert.throws(
    () => readSignals(far, filesOf(bytes)),
    /samples must start within the file, got byte offset 10 in 9 bytes/,
  );
});

Deno.test("readSignals() takes the length from the file when the header does not know it", () => {
  const { text, signals, bytes } = smallRecord();
  const unknown = parseHeader(text.replace("360 3", "360").replace(" 1001 ", " 0 "));
  assert.deepEqual(readSignals(unknown, filesOf(bytes)), signals);
  assert.throws(
    () => readSignals(unknown, filesOf(bytes.subarray(0, 8))),
    /whole frames of 2 samples, got 8 bytes/,
  );
  assert.throws(
    () => readSignals(unknown, filesOf(bytes.subarray(0, 7))),
    /whole frames of 2 samples, got 7 bytes/,
  );

  const three = [Int16Array.of(1, 2, 3), Int16Array.of(4, 5, 6), Int16Array.of(7, 8, 9)];
  const header = parseHeader("100 3\n" + "100.dat 212\n".repeat(3));
  const odd = encodeFrames(212, three);
  assert.deepEqual(readSignals(header, filesOf(odd)), three);
  assert.deepEqual(readSignals(header, filesOf(Uint8Array.of(...odd, 0))), three);
});

Deno.test("readSignals() reads several files and a prolog, and wants the signals of a file together", () => {
  const a = Int16Array.of(1, 2), b = Int16Array.of(3, 4), c = Int16Array.of(-5, 6);
  const files = new Map([["a.dat", Uint8Array.of(0, 0, 0, ...encodeFrames(212, [a]))], [
    "b.dat",
    encodeFrames(16, [b, c]),
  ]]);
  const lines = ["a.dat 212+3", "b.dat 16", "b.dat 16"];
  assert.deepEqual(readSignals(parseHeader(["r 3 360 2", ...lines].join("\n")), files), [a, b, c]);
  const apart = parseHeader(["r 3 360 2", lines[1], lines[0], lines[2]].join("\n"));
  assert.throws(
    () => readSignals(apart, files),
    /signals of one file must stand together, got "b\.dat" twice/,
  );
  const unlike = parseHeader(["r 3 360 2", lines[0], lines[1], "b.dat 212"].join("\n"));
  assert.throws(() => readSignals(unlike, files), /must have one format and offset, got 16\+0 and 212\+0/);
});

Deno.test("readSignals() never takes a damaged file for a whole one of another length", () => {
  const { header, signals, bytes } = smallRecord();
  const rng = createRng(7);
  for (let run = 0; run < 3000; run++) {
    const damaged = bytes.slice(0, rng.integer(2) === 0 ? rng.integer(bytes.length + 1) : bytes.length);
    for (let flips = rng.integer(3); flips > 0 && damaged.length > 0; flips--) {
      damaged[rng.integer(damaged.length)] ^= 1 << rng.integer(8);
    }
    try {
      assert.deepEqual(
        readSignals(header, filesOf(damaged)).map(signalChecksum),
        signals.map(signalChecksum),
      );
    } catch (error) {
      assert.ok(error instanceof FormatError, `run ${run}: ${error}`);
    }
  }
});

Deno.test("readSignals() decodes only the wanted signals, in the wanted order, from the files that these need", () => {
  const a = Int16Array.of(1, 2), b = Int16Array.of(3, 4), c = Int16Array.of(-5, 6);
  const header = parseHeader("r 3 360 2\na.dat 212\nb.dat 16 1 0 0 0 7\nb.dat 16 1 0 0 0 9");
  const files = new Map([["b.dat", encodeFrames(16, [b, c])]]);
  assert.throws(
    () => readSignals(header, files, { only: [2] }),
    /signal 2: first sample must be 0 as the header says, got -5/,
  );
  assert.deepEqual(readSignals(header, files, { only: [1] }), [b]);
  delete header.signals[2].checksum;
  delete header.signals[2].initialValueAdu;
  assert.deepEqual(readSignals(header, files, { only: [2, 1, 2] }), [c, b, c]);
  assert.throws(() => readSignals(header, files, { only: [0] }), /"a\.dat" must be present, got b\.dat/);
  assert.throws(() => readSignals(header, files, { only: [3] }), RangeError);
  files.set("a.dat", encodeFrames(212, [a]));
  assert.deepEqual(readSignals(header, files, { only: [0] }), [a]);
});

Deno.test("readSignals() believes a checksum more than a first sample", () => {
  const header = parseHeader("r 1 360 2\nr.dat 16 1 0 0 0 7");
  const files = new Map([["r.dat", encodeFrames(16, [Int16Array.of(3, 4)])]]);
  assert.deepEqual(readSignals(header, files), [Int16Array.of(3, 4)]);
  delete header.signals[0].checksum;
  assert.throws(() => readSignals(header, files), /first sample must be 0 as the header says, got 3/);
});

Deno.test("readSignals() shifts a skewed signal back and marks what is not there as missing", () => {
  const a = Int16Array.of(1, 2, 3, 4, 5, 6), b = Int16Array.of(7, 8, 9);
  const files = new Map([["r.dat", encodeFrames(212, [a, b], [2, 1])]]);
  const read = (line: string) => readSignals(parseHeader(`r 2 360 3\nr.dat 212x2${line}\nr.dat 212`), files);
  assert.deepEqual(read(":1"), [Int16Array.of(3, 4, 5, 6, -2048, -2048), b]);
  assert.deepEqual(read(":3")[0], new Int16Array(6).fill(-2048));
  assert.throws(() => read(":4"), /skew must be shorter than its 3 frames, got 4/);
});

Deno.test("readSignals() gives signals without a file the record's length, within a limit", () => {
  const files = new Map([["r.dat", new Uint8Array(6)]]);
  const text = (samples: string) => `r 2 360 ${samples}\n~ 0x2\nr.dat 16`;
  const expected = [new Int16Array(6).fill(-32768), new Int16Array(3)];
  assert.deepEqual(readSignals(parseHeader(text("3")), files), expected);
  assert.deepEqual(readSignals(parseHeader(text("")), files), expected);
  assert.throws(
    () => readSignals(parseHeader(text("2147483647")), files, { only: [0] }),
    /a signal without a file must have at most 67108864 samples, got 4294967294/,
  );
});

Deno.test("readSignalParts() gives the parts of what readSignals() gives, and reads no more of the file than they take", () => {
  const rng = createRng(51), frames = 40;
  for (const format of STORAGE_FORMATS.keys()) {
    for (const offset of [0, 5]) {
      const header = parseHeader(
        `r 2 100 ${frames}\nr.dat ${format}x3:2+${offset}\nr.dat ${format}+${offset}`,
      );
      const length = bytesOf(STORAGE_FORMATS.get(format)!, 4 * frames).least + offset;
      const bytes = new Uint8Array(length).map(() => rng.integer(256));
      const whole = readSignals(header, new Map([["r.dat", bytes]]));
      for (const partSamples of [1, 24, 50, 100, Infinity]) {
        let most = 0;
        const file = {
          ...fileInMemory(bytes),
          read(from: number, to: number) {
            most = Math.max(most, to - from);
            return bytes.subarray(from, to);
          },
        };
        whole.forEach((expected, signal) => {
          const parts = [...readSignalParts(header, signal, file, { partSamples })];
          assert.deepEqual(
            parts.flatMap((part) => Array.from(part)),
            Array.from(expected),
            `format ${format}`,
          );
        });
        // Six frames at least, each of four samples.
        assert.ok(most <= Math.max(24, partSamples) * 4, `${most} bytes for ${partSamples} samples`);
      }
    }
  }
});
