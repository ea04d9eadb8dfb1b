import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError } from "../../core/errors.ts";
import { createRng } from "../../core/rng.ts";
import { encodeFrames } from "./encode_frames.ts";
import { parseHeader } from "./header.ts";
import { decodeFrames } from "./decode_frames.ts";
import { readSignals } from "./signal.ts";
import { bytesOf, capacityOf, sampleTraits, SIGNAL_FORMATS, STORAGE_FORMATS } from "./storage_formats.ts";

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** The slow reference: which bits of a group, the lowest first, are each of its samples, and what is taken from them. */
const BITS: Record<number, { bytes: number; samples: number[][]; offset?: number }> = {
  8: { bytes: 1, samples: [range(0, 8)] },
  16: { bytes: 2, samples: [range(0, 16)] },
  24: { bytes: 3, samples: [range(0, 24)] },
  32: { bytes: 4, samples: [range(0, 32)] },
  61: { bytes: 2, samples: [[...range(8, 16), ...range(0, 8)]] },
  80: { bytes: 1, samples: [range(0, 8)], offset: 128 },
  160: { bytes: 2, samples: [range(0, 16)], offset: 32768 },
  212: { bytes: 3, samples: [range(0, 12), [...range(16, 24), ...range(12, 16)]] },
  310: { bytes: 4, samples: [range(1, 11), range(17, 27), [...range(11, 16), ...range(27, 32)]] },
  311: { bytes: 4, samples: [range(0, 10), range(10, 20), range(20, 30)] },
};

function referenceSample(format: number, bytes: Uint8Array, k: number): number {
  const { bytes: size, samples, offset } = BITS[format];
  const first = Math.floor(k / samples.length) * size, bits = samples[k % samples.length];
  const value = bits.reduce(
    (sum, bit, i) => sum + ((bytes[first + (bit >> 3)] >> (bit & 7)) & 1) * 2 ** i,
    0,
  );
  if (offset !== undefined) return value - offset;
  return value >= 2 ** (bits.length - 1) ? value - 2 ** bits.length : value;
}

/** How many bytes so many samples reach into. */
function referenceBytes(format: number, samples: number): number {
  const { bytes: size, samples: places } = BITS[format], rest = samples % places.length;
  const last = Math.max(-1, ...places.slice(0, rest).flat());
  return Math.floor(samples / places.length) * size + Math.ceil((last + 1) / 8);
}

Deno.test("decodeFrames() agrees in every format with a slow reference, for any frames and any choice of signals", () => {
  const rng = createRng(21);
  assert.deepEqual(Object.keys(BITS).map(Number), [...STORAGE_FORMATS.keys()]);
  for (const format of STORAGE_FORMATS.keys()) {
    for (const samplesPerFrame of [[1], [1, 1], [1, 1, 1], [2, 1], [1, 3, 2], [4], [5, 1, 1, 1, 1]]) {
      const perFrame = samplesPerFrame.reduce((a, b) => a + b);
      for (let frames = 0; frames < 8; frames++) {
        const bytes = new Uint8Array(referenceBytes(format, frames * perFrame)).map(() => rng.integer(256));
        const expected = samplesPerFrame.map((count, signal) => {
          const place = samplesPerFrame.slice(0, signal).reduce((a, b) => a + b, 0);
          return Array.from(
            { length: frames * count },
            (_, i) => referenceSample(format, bytes, Math.floor(i / count) * perFrame + place + i % count),
          );
        });
        const name = `format ${format}, ${frames} frames of ${samplesPerFrame}`;
        const decoded = decodeFrames(format, bytes, { frames, samplesPerFrame });
        assert.deepEqual(decoded.map((signal) => Array.from(signal)), expected, name);
        const last = samplesPerFrame.length - 1;
        assert.deepEqual(
          decodeFrames(format, bytes, { frames, samplesPerFrame }, [last, 0]),
          [decoded[last], decoded[0]],
        );
      }
    }
  }
});

Deno.test("decodeFrames() gives 32 bits for the formats that need them and 16 for the others", () => {
  for (const format of STORAGE_FORMATS.keys()) {
    const [signal] = decodeFrames(format, new Uint8Array(4), {
      frames: 1,
      samplesPerFrame: [1],
      isPart: true,
    });
    assert.equal(signal instanceof Int32Array, [8, 24, 32].includes(format), `${format}`);
  }
});

Deno.test("bytesOf() and capacityOf() count what the samples reach into", () => {
  for (const [format, storage] of STORAGE_FORMATS) {
    for (let samples = 0; samples < 20; samples++) {
      const { least, padded } = bytesOf(storage, samples);
      assert.equal(least, referenceBytes(format, samples), `${samples} of format ${format}`);
      // Two samples of format 310 reach as far as three.
      assert.equal(capacityOf(storage, least), format === 310 && samples % 3 === 2 ? samples + 1 : samples);
      assert.equal(padded % BITS[format].bytes, 0);
      assert.ok(padded >= least && padded < least + BITS[format].bytes);
    }
  }
});

Deno.test("sampleTraits() knows the mark of a missing sample of every format", () => {
  const marks = SIGNAL_FORMATS.map((format) => [format, sampleTraits(format).missing]);
  assert.deepEqual(Object.fromEntries(marks), {
    0: -32768,
    8: -2147483648,
    16: -32768,
    24: -8388608,
    32: -2147483648,
    61: -32768,
    80: -128,
    160: -32768,
    212: -2048,
    310: -512,
    311: -512,
    508: -128,
    516: -32768,
    524: -8388608,
  });
  assert.throws(() => sampleTraits(1), RangeError);
});

Deno.test("decodeFrames() is the inverse of encodeFrames() for signals of any number of samples a frame", () => {
  const layout = fc.record({
    format: fc.constantFrom(16, 212),
    frames: fc.nat(6),
    samplesPerFrame: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(layout, ({ format, frames, samplesPerFrame, seed }) => {
      const rng = createRng(seed), size = format === 16 ? 65536 : 4096;
      const signals = samplesPerFrame.map((count) =>
        Int16Array.from({ length: frames * count }, () => rng.integer(size) - size / 2)
      );
      const bytes = encodeFrames(format, signals, samplesPerFrame);
      assert.deepEqual(decodeFrames(format, bytes, { frames, samplesPerFrame }), signals);
    }),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("readSignals() answers damaged files of every format with the promised length or a FormatError", () => {
  const rng = createRng(23);
  for (const format of STORAGE_FORMATS.keys()) {
    for (let run = 0; run < 400; run++) {
      const frames = rng.integer(6), spf = 1 + rng.integer(4), skew = rng.integer(4);
      const known = rng.integer(2) === 0 ? frames : 0;
      const line = `r.dat ${format}x${spf}:${skew}+${rng.integer(3)}`;
      const header = parseHeader(`r 2 100 ${known}\n${line}\n${line.replace(/x\d+:\d+/, "")}`);
      const bytes = new Uint8Array(rng.integer(60)).map(() => rng.integer(256));
      try {
        const [first, second] = readSignals(header, new Map([["r.dat", bytes]]));
        if (known > 0) assert.equal(second.length, known);
        assert.equal(first.length, second.length * spf);
      } catch (error) {
        assert.ok(error instanceof FormatError, `format ${format}, run ${run}: ${error}`);
      }
    }
  }
});
