import assert from "node:assert/strict";
import fc from "fast-check";
import { createRng } from "../../core/rng.ts";
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

Deno.test("parseDecimal() equals Number() for long numbers, also those in the very middle between two doubles", () => {
  const bits = new DataView(new ArrayBuffer(8)), rng = createRng(11);
  let middles = 0;
  for (let i = 0; i < 20_000; i++) {
    const digits = Array.from({ length: 17 + i % 4 }, () => rng.integer(10)).join("");
    const text = `${digits.slice(0, i % 17)}.${digits.slice(i % 17)}e${rng.integer(13) - 6}`;
    assert.equal(parse(text), Number(text), text);
    // 2^53 to 2^64: integers whose last bit lies halfway.
    bits.setBigUint64(0, (BigInt(2 ** 53) + BigInt(rng.integer(2 ** 31)) * 4194304n) * 2n + 1n);
    const middle = bits.getBigUint64(0);
    for (const near of [middle, middle - 1n, middle + 1n]) {
      const text = `${near}`.length > 19 ? `${near}`.slice(0, 19) : `${near}`;
      for (const form of [text, `${text}.0`, `${text.slice(0, 1)}.${text.slice(1)}e${text.length - 1}`]) {
        assert.equal(parse(form), Number(form), form);
        middles++;
      }
    }
  }
  assert.equal(middles, 180_000);
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
