import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError } from "../../core/errors.ts";
import { createRng } from "../../core/rng.ts";
import { ANNOTATION_CODES, ANNOTATION_SYMBOLS } from "./annotation_codes.ts";
import {
  annotationTimeResolution,
  decodeAnnotations,
  encodeAnnotations,
  iterateAnnotations,
} from "./annotations.ts";
import type { Annotation } from "./record.ts";

const annotation = (sample: number, symbol = "N", rest: Partial<Annotation> = {}): Annotation => ({
  sample,
  symbol,
  subtype: 0,
  channel: 0,
  num: 0,
  aux: "",
  ...rest,
});

/** A file of 16-bit words, each code << 10 | data, low byte first. */
function fileOf(...words: [code: number, data: number][]): Uint8Array {
  return Uint8Array.from(words.flatMap(([code, data]) => [data & 0xff, (code << 2) | (data >> 8)]));
}

const END: [number, number] = [0, 0];
/** The two words behind a SKIP, high half first. */
const longWords = (value: number): [number, number][] =>
  [value >>> 16, value & 0xffff].map((half) => [half >> 10, half & 0x3ff]);

/** As many SKIPs as an interval needs. */
function skips(interval: number): [number, number][] {
  const words: [number, number][] = [];
  while (interval !== 0) {
    const step = Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, interval));
    words.push([59, 0], ...longWords(step));
    interval -= step;
  }
  return words;
}

Deno.test("ANNOTATION_SYMBOLS names the 50 codes of ecgcodes.h, each once", () => {
  assert.equal(ANNOTATION_SYMBOLS.length, 50);
  assert.equal(ANNOTATION_CODES.size, 50);
  const named = {
    N: 1,
    V: 5,
    A: 8,
    j: 11,
    "/": 12,
    Q: 13,
    "~": 14,
    "|": 16,
    '"': 22,
    "+": 28,
    "!": 31,
    "]": 33,
    x: 37,
    f: 38,
    r: 41,
  };
  for (const [symbol, code] of Object.entries(named)) {
    assert.equal(ANNOTATION_CODES.get(symbol), code, symbol);
  }
});

Deno.test("decodeAnnotations() adds intervals up and ends at the word of 0", () => {
  const file = fileOf([1, 18], [5, 1023], [1, 0], END, [1, 5]);
  assert.deepEqual(decodeAnnotations(file), [annotation(18), annotation(1041, "V"), annotation(1041)]);
  assert.deepEqual(decodeAnnotations(fileOf(END)), []);
});

Deno.test("decodeAnnotations() reads SKIP in PDP-11 order, several in a row, and backwards", () => {
  const file = fileOf(
    [59, 0],
    ...longWords(0x12345),
    [1, 1],
    [59, 0],
    ...longWords(-100),
    [59, 0],
    ...longWords(-5),
    [1, 0],
    END,
  );
  assert.deepEqual(decodeAnnotations(file).map((a) => a.sample), [0x12346, 0x12346 - 105]);
});

Deno.test("decodeAnnotations() keeps NUM and CHN for the annotations behind and resets SUB and AUX", () => {
  const file = Uint8Array.from([
    ...fileOf([1, 1], [60, 3], [61, 0x3ff], [62, 2], [63, 3]),
    ...[0x28, 0x4e, 0x41, 0],
    ...fileOf([1, 1], [1, 1], [60, 0xff], END),
  ]);
  assert.deepEqual(decodeAnnotations(file), [
    annotation(1, "N", { num: 3, subtype: -1, channel: 2, aux: "(NA" }),
    annotation(2, "N", { num: 3, channel: 2 }),
    annotation(3, "N", { num: -1, channel: 2 }),
  ]);
});

Deno.test("decodeAnnotations() goes on behind a code 0 that has an interval", () => {
  const file = fileOf([1, 5], [0, 7], [1, 1], END);
  assert.deepEqual(decodeAnnotations(file), [annotation(5), annotation(12, " "), annotation(13)]);
});

Deno.test("decodeAnnotations() drops null bytes at the end of an auxiliary text and keeps its bytes above 127", () => {
  const file = Uint8Array.from([...fileOf([28, 1], [63, 5]), 0x28, 0xe9, 0x4e, 0, 0, 0, ...fileOf(END)]);
  assert.deepEqual(decodeAnnotations(file), [annotation(1, "+", { aux: "(\u00e9N" })]);
});

Deno.test("decodeAnnotations() refuses a file without its end, truncated fields, undefined codes and times beyond 2^40", () => {
  const refusals: [Uint8Array, RegExp, number][] = [
    [new Uint8Array(0), /must end with a word of 0, got the end of the file after 0 annotations/, 0],
    [fileOf([1, 5], [1, 5]), /after 2 annotations; the file is truncated, fetch it again/, 4],
    [Uint8Array.of(...fileOf([1, 5]), 7), /after 1 annotations/, 2],
    [fileOf([1, 5], [59, 0], [0, 1]), /must end with a word of 0/, 6],
    [fileOf([1, 5], [63, 4], [16, 0]), /auxiliary text of 4 bytes must lie within the file, got 2 bytes/, 4],
    [fileOf([50, 5], END), /code must lie in 0..49 or 59..63, got 50/, 0],
    [fileOf([61, 5], END), /must begin with an annotation, got field code 61/, 0],
    [
      fileOf(...skips(2 ** 40), [1, 1], END),
      /times must lie within 2\^40 of 0, got sample 1099511627777/,
      3078,
    ],
    [fileOf(...skips(-(2 ** 40)), [59, 0], ...longWords(-1), [1, 0], END), /got sample -1099511627777/, 3078],
    [fileOf([19, 512], END), /must be in MIT format, got AHA format/, 0],
  ];
  for (const [bytes, message, byteOffset] of refusals) {
    assert.throws(() => decodeAnnotations(bytes, "100.atr"), (error) => {
      assert.ok(error instanceof FormatError, `${error}`);
      assert.match(error.message, message);
      assert.deepEqual([error.file, error.byteOffset], ["100.atr", byteOffset]);
      return true;
    });
  }
});

Deno.test("encodeAnnotations() writes the words of putann()", () => {
  const list = [
    annotation(18, "+", { aux: "(N" }),
    annotation(1041, "~", { subtype: -1, channel: 1, num: 2 }),
    annotation(2065, "V", { channel: 1, num: 2 }),
    annotation(2064, " ", { channel: 1, num: 2 }),
  ];
  const expected = Uint8Array.from([
    ...fileOf([28, 18], [63, 2]),
    ...[0x28, 0x4e],
    ...fileOf([14, 1023], [61, 0x3ff], [62, 1], [60, 2]),
    ...fileOf([59, 0], ...longWords(1024), [5, 0]),
    ...fileOf([59, 0], ...longWords(-2), [0, 1], END),
  ]);
  assert.deepEqual(encodeAnnotations(list), expected);
});

Deno.test("encodeAnnotations() keeps a file from looking like one in AHA format", () => {
  for (const list of [[annotation(512, "T")], [annotation(0, "*")], [annotation(256, "D")]]) {
    assert.deepEqual(decodeAnnotations(encodeAnnotations(list)), list);
  }
});

Deno.test("encodeAnnotations() refuses fields that the format cannot hold", () => {
  const bad: Partial<Annotation>[] = [
    { sample: NaN },
    { sample: 1.5 },
    { sample: 2 ** 40 + 1 },
    { symbol: "Z" },
    { symbol: "" },
    { subtype: 128 },
    { subtype: NaN },
    { channel: -1 },
    { channel: 256 },
    { num: -129 },
    { aux: "x".repeat(256) },
    { aux: "\u0100" },
    { aux: "(N\0" },
  ];
  for (const part of bad) {
    assert.throws(() => encodeAnnotations([annotation(1, "N", part)]), RangeError, JSON.stringify(part));
  }
});

Deno.test("annotationTimeResolution() reads the definition at the beginning of a file and nothing else", () => {
  const note = (aux: string, sample = 0) => annotation(sample, '"', { aux });
  assert.equal(annotationTimeResolution([note("## time resolution: 250"), annotation(0, " ")]), 250);
  assert.equal(annotationTimeResolution([note("1 X label"), note("## time resolution: 62.4725")]), 62.4725);
  assert.equal(annotationTimeResolution([note("## time resolution: 250", 1)]), undefined);
  assert.equal(annotationTimeResolution([annotation(0), note("## time resolution: 250")]), undefined);
  assert.equal(annotationTimeResolution([note("## time resolution: 0")]), undefined);
  assert.equal(annotationTimeResolution([note("## time resolution: 1e999")]), undefined);
  assert.equal(annotationTimeResolution([]), undefined);
});

Deno.test("decodeAnnotations() is the inverse of encodeAnnotations()", () => {
  const aux = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 255 })
    .map((codes) => String.fromCharCode(...codes).replace(/\0+$/, ""));
  const one = fc.record({
    sample: fc.oneof(
      fc.integer({ min: 0, max: 5000 }),
      fc.integer(),
      fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    ),
    symbol: fc.constantFrom(...ANNOTATION_SYMBOLS),
    subtype: fc.integer({ min: -128, max: 127 }),
    channel: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 })),
    num: fc.oneof(fc.constant(0), fc.integer({ min: -128, max: 127 })),
    aux: fc.oneof(fc.constant(""), aux),
  }, { noNullPrototype: true });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 12 }), (list) => {
      assert.deepEqual(decodeAnnotations(encodeAnnotations(list)), list);
    }),
    { seed: 1, numRuns: 500 },
  );
});

Deno.test("decodeAnnotations() answers damaged files with annotations or a FormatError", () => {
  const rng = createRng(9);
  const whole = encodeAnnotations(
    Array.from({ length: 40 }, (_, i) =>
      annotation(i * 700, ANNOTATION_SYMBOLS[rng.integer(50)], {
        subtype: i % 3,
        channel: i % 2,
        aux: i % 5 === 0 ? "(AFIB" : "",
      })),
  );
  for (let run = 0; run < 5000; run++) {
    const damaged = whole.slice(0, rng.integer(2) === 0 ? rng.integer(whole.length + 1) : whole.length);
    for (let flips = rng.integer(5); flips > 0 && damaged.length > 0; flips--) {
      damaged[rng.integer(damaged.length)] ^= 1 << rng.integer(8);
    }
    try {
      for (const { sample, symbol } of decodeAnnotations(damaged)) {
        assert.equal(sample, sample | 0);
        assert.ok(ANNOTATION_CODES.has(symbol));
      }
    } catch (error) {
      assert.ok(error instanceof FormatError, `run ${run}: ${error}`);
    }
  }
});

Deno.test("iterateAnnotations() reads as far as it is asked, decodeAnnotations() no more than it may hold", () => {
  const bytes = fileOf([1, 1], [1, 2], [1, 3], [50, 1]);
  const [first] = iterateAnnotations(bytes);
  assert.deepEqual(first, annotation(1));
  assert.throws(() => [...iterateAnnotations(bytes)], /code must lie in 0..49 or 59..63, got 50/);
  const whole = encodeAnnotations([annotation(1), annotation(2), annotation(3)]);
  assert.equal(decodeAnnotations(whole, "r.atr", 3).length, 3);
  assert.throws(
    () => decodeAnnotations(whole, "r.atr", 2),
    /must have at most 2 of them, got more; cut it into parts \(r\.atr\)/,
  );
});
