import assert from "node:assert/strict";
import fc from "fast-check";
import { FLOAT32_TEXT_BYTES, writeFloat32 } from "./float32_text.ts";
import { parseFloat32s } from "./parse_float32.ts";

const values = new Float32Array(1), bits = new Int32Array(values.buffer), back = new Float32Array(1);
const bytes = new Uint8Array(FLOAT32_TEXT_BYTES + 1);
const LINE_FEED = 10;

function textOf(value: number): string {
  values[0] = value;
  const end = writeFloat32(values, bits, 0, bytes, 0);
  return end < 0 ? "not finite" : new TextDecoder().decode(bytes.subarray(0, end));
}

/**
 * Writes the float32 with this bit pattern, reads it back by `Number` and by the parser, compares the bits.
 */
function assertRoundTrip(pattern: number): void {
  bits[0] = pattern;
  const value = values[0], text = textOf(value);
  if (!Number.isFinite(value)) return assert.equal(text, "not finite");
  assert.ok(text.length <= FLOAT32_TEXT_BYTES, text);
  assert.ok(Object.is(Math.fround(Number(text)), value), `${value} -> ${text} -> ${Number(text)}`);
  bytes[text.length] = LINE_FEED;
  assert.equal(parseFloat32s(bytes, 0, 1, back, 0, LINE_FEED), text.length + 1, text);
  assert.ok(Object.is(back[0], value), `${value} -> ${text} -> ${back[0]}`);
}

Deno.test("writeFloat32() and parseFloat32s() keep the bits of values over all float32 patterns", () => {
  for (let pattern = 0; pattern < 2 ** 32; pattern += 39_979) assertRoundTrip(pattern | 0);
});

Deno.test("writeFloat32() keeps the bits around every power of two and of ten", () => {
  const around = (value: number) => {
    values[0] = value;
    const pattern = bits[0];
    for (let step = -2; step <= 2; step++) assertRoundTrip(pattern + step);
  };
  for (let exponent = -149; exponent <= 127; exponent++) around(2 ** exponent);
  for (let exponent = -44; exponent <= 38; exponent++) around(Number(`1e${exponent}`));
});

Deno.test("writeFloat32() keeps the bits of values in [0, 1]", () => {
  fc.assert(
    fc.property(fc.float({ min: 0, max: 1, noNaN: true }), (value) => {
      values[0] = value;
      assertRoundTrip(bits[0]);
    }),
    { numRuns: 5000 },
  );
});

Deno.test("writeFloat32() writes the shortest text in the plain range", () => {
  fc.assert(
    fc.property(fc.double({ min: -13.8, max: 16, noNaN: true }), (exponent) => {
      const value = Math.fround(Math.exp(exponent));
      const digits = (text: string) => text.replace(".", "").replace(/^0+/, "").replace(/0+$/, "").length;
      let precision = 1;
      while (Math.fround(Number(value.toPrecision(precision))) !== value) precision++;
      assert.equal(digits(textOf(value)), precision, `${textOf(value)}, ${value.toPrecision(precision)}`);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("writeFloat32() writes plain decimals without superfluous zeros", () => {
  const texts: [number, string][] = [
    [0, "0"],
    [-0, "-0"],
    [1, "1"],
    [0.5, "0.5"],
    [-0.1, "-0.1"],
    [0.001, "0.001"],
    [1e-6, "0.000001"],
    [100, "100"],
    [650000.5, "650000.5"],
    [16777215, "16777215"],
    [16777216, "16777216"],
    [3.4028234663852886e38, "3.40282347e+38"],
    [1.401298464324817e-45, "1.40129846e-45"],
    [NaN, "not finite"],
    [-Infinity, "not finite"],
  ];
  for (const [value, text] of texts) assert.equal(textOf(value), text);
});
