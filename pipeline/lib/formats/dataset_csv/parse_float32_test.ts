import assert from "node:assert/strict";
import fc from "fast-check";
import { parseFloat32s } from "./parse_float32.ts";

const COMMA = 44, LINE_FEED = 10;

/** Reads one field; undefined where it is refused. */
function parse(text: string): number | undefined {
  const values = new Float32Array(1);
  const bytes = new TextEncoder().encode(`${text},7`);
  const end = parseFloat32s(bytes, 0, 1, values, 0, COMMA);
  if (end < 0) return undefined;
  assert.equal(end, bytes.length - 1, text);
  return values[0];
}

const digits = (maxLength: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { maxLength }).map((list) => list.join(""));
const decimals = fc.tuple(
  fc.constantFrom("", "-", "+"),
  digits(12),
  fc.constantFrom("", "."),
  digits(30),
  fc.constantFrom("", "", "", "e-7", "E+3", "e-44", "e-50", "e12"),
).map((parts) => parts.join(""));

Deno.test("parseFloat32s() equals Math.fround(Number(text)) for any decimal text", () => {
  fc.assert(
    fc.property(decimals, (text) => {
      const expected = /\d/.test(text.replace(/e.*/i, "")) ? Math.fround(Number(text)) : NaN;
      const actual = parse(text);
      if (Number.isFinite(expected)) {
        assert.ok(Object.is(actual, expected), `${text}: ${actual}, ${expected}`);
      } else assert.equal(actual, undefined, text);
    }),
    { numRuns: 5000 },
  );
});

Deno.test("parseFloat32s() equals Math.fround(Number(text)) for texts of doubles", () => {
  fc.assert(
    fc.property(fc.double({ min: -3e38, max: 3e38, noNaN: true }), (value) => {
      const text = String(value);
      assert.ok(Object.is(parse(text), Math.fround(Number(text))), text);
    }),
    { numRuns: 3000 },
  );
  for (let i = 0; i < 3000; i++) {
    const text = (i / 3001 * 1.7 ** (i % 40 - 20)).toFixed(i % 21);
    assert.equal(parse(text), Math.fround(Number(text)), text);
  }
});

Deno.test("parseFloat32s() refuses what is no finite float32", () => {
  const texts = [
    "",
    "-",
    ".",
    "-.",
    "e5",
    "1e",
    "1e+",
    "abc",
    "1.2.3",
    "1-2",
    "0x10",
    "1_0",
    " 1",
    "1 ",
    '"1"',
  ];
  for (
    const text of [...texts, "NaN", "Infinity", "1e39", "-3.5e38", "1e999", "\u0661", "1\r", "--1", "+-1"]
  ) {
    assert.equal(parse(text), undefined, text);
  }
});

Deno.test("parseFloat32s() tells which field is wrong and stops at the line's end", () => {
  const read = (text: string, count: number) =>
    parseFloat32s(new TextEncoder().encode(text), 0, count, new Float32Array(count), 0, LINE_FEED);
  assert.equal(read("1,2,3\n", 3), 6);
  assert.equal(read("1,2,3\r\n", 3), 7);
  assert.equal(read("1,x,3\n", 3), -2);
  assert.equal(read("1,2\n3\n", 3), -2);
  assert.equal(read("1,2,3,4\n", 3), -3);
  assert.equal(read("1,2,3", 3), -3);
  assert.equal(read("1,2\r,3\n", 3), -2);
});

Deno.test("parseFloat32s() takes linear time on a long field", () => {
  assert.equal(parse("1".repeat(2_000_000) + "e"), undefined);
  assert.equal(parse("0." + "0".repeat(2_000_000)), 0);
});
