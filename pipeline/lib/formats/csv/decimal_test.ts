import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDecimal } from "./decimal.ts";

const COMMA = 44, POINT = 46;

/** Reads the number at the start of a text; what is left behind it must be `rest`. */
function parse(text: string, rest = "", decimalMark = POINT): number {
  const bytes = new TextEncoder().encode(`${text}${rest}\n`), cursor = { position: 0 };
  const value = parseDecimal(bytes, cursor, decimalMark);
  assert.equal(cursor.position, Number.isNaN(value) ? 0 : new TextEncoder().encode(text).length, text);
  return value;
}

const digits = (maxLength: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { maxLength }).map((list) => list.join(""));
const decimals = fc.tuple(
  fc.constantFrom("", "-", "+"),
  digits(20),
  fc.constantFrom("", "."),
  digits(30),
  fc.constantFrom("", "", "", "e-7", "E+3", "e-310", "e300", "e12", "e999"),
).map((parts) => parts.join(""));

Deno.test("parseDecimal() equals Number() for any decimal text", () => {
  fc.assert(
    fc.property(decimals, (text) => {
      const expected = /\d/.test(text.replace(/e.*/i, "")) ? Number(text) : NaN;
      if (Number.isNaN(expected)) return;
      assert.ok(Object.is(parse(text), expected), text);
      assert.ok(Object.is(parse(text.replace(".", ","), "", COMMA), expected), text);
    }),
    { seed: 1, numRuns: 10_000 },
  );
});

Deno.test("parseDecimal() equals Number() for the texts of doubles, short and long", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      for (const text of [String(value), value.toExponential(18), value.toPrecision(9), value.toFixed(6)]) {
        assert.ok(Object.is(parse(text), Number(text)), text);
      }
    }),
    { seed: 2, numRuns: 3000 },
  );
  for (let i = 0; i < 20_000; i++) {
    const text = (i / 3001 * 1.7 ** (i % 60 - 30)).toFixed(i % 21);
    assert.equal(parse(text), Number(text), text);
  }
});

Deno.test("parseDecimal() stops where a number ends", () => {
  for (const rest of [",1", ";1", "\t", " 2", "\r", "x", "-1", "e", "e+", "E-x", '"']) {
    assert.equal(parse("-1.5", rest), -1.5, rest);
  }
  assert.equal(parse("12.5", "", COMMA), 12.5);
  assert.equal(parse("1", ",5"), 1);
  assert.equal(parse("1.2", ".3"), 1.2);
  assert.equal(parse("1234567890.2", ".3"), 1234567890.2);
  assert.equal(parse("1e5", ".3"), 1e5);
});

Deno.test("parseDecimal() finds no number where there is none", () => {
  for (
    const text of [
      "",
      "-",
      "+",
      ".",
      "-.",
      "e5",
      "x",
      "nan",
      "inf",
      "--1",
      "+-1",
      " 1",
      '"1"',
      ",5",
      "\u0661",
    ]
  ) {
    assert.ok(Number.isNaN(parse(text)), text);
  }
});

Deno.test("parseDecimal() takes linear time on a long number", () => {
  assert.equal(parse("1".repeat(2_000_000)), Infinity);
  assert.equal(parse("0." + "0".repeat(2_000_000)), 0);
});
