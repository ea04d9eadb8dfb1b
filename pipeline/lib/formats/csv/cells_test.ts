import assert from "node:assert/strict";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { isMissingCell, parseNumberCell, splitCells } from "./cells.ts";

Deno.test("splitCells() splits quoted and plain cells as csv-parse does", () => {
  const word = fc.array(fc.constantFrom("a", "1", " ", ",", ";", "\t", '"', "."), { maxLength: 6 }).map((
    letters,
  ) => letters.join(""));
  const cell = fc.oneof(
    word.map((text) => text.replace(/[,;\t" ]/g, "")),
    word.map((text) => `"${text.replaceAll('"', '""')}"`),
  );
  fc.assert(
    fc.property(
      fc.array(cell, { minLength: 1, maxLength: 6 }),
      fc.constantFrom(",", ";", "\t"),
      (cells, separator) => {
        const line = cells.join(separator as string);
        if (line === "") return;
        const [expected] = parse(line, { delimiter: separator, relax_quotes: true }) as unknown as string[][];
        assert.deepEqual(splitCells(line, separator as ","), expected, line);
      },
    ),
    { seed: 4, numRuns: 2000 },
  );
});

Deno.test("splitCells() splits at runs of blanks, and tells where a quote is not closed", () => {
  assert.deepEqual(splitCells("  1 \t 2  3 ", "blank"), ["1", "2", "3"]);
  assert.deepEqual(splitCells('1 "a b"  3 ', "blank"), ["1", "a b", "3"]);
  assert.deepEqual(splitCells("   ", "blank"), []);
  assert.deepEqual(splitCells("", ","), [""]);
  assert.deepEqual(splitCells(',"",', ","), ["", "", ""]);
  assert.deepEqual(splitCells('5" pipe,2', ","), ['5" pipe', "2"]);
  assert.equal(splitCells('1,"2', ","), undefined);
  assert.equal(splitCells('1,"2""', ","), undefined);
});

Deno.test("parseNumberCell() and isMissingCell() tell numbers, missing values and words apart", () => {
  for (
    const [text, number] of [["1", 1], [" -.5 ", -0.5], ["1e3", 1000], ["+2.", 2], [
      "1e999",
      Infinity,
    ]] as const
  ) {
    assert.equal(parseNumberCell(text, false), number, text);
    assert.ok(!isMissingCell(text), text);
  }
  assert.equal(parseNumberCell("0,25", true), 0.25);
  assert.ok(Number.isNaN(parseNumberCell("0,25", false)));
  assert.ok(Number.isNaN(parseNumberCell("1.234,5", true)));
  for (
    const text of [
      "",
      "  ",
      "NA",
      "n/a",
      "NaN",
      "-inf",
      "Infinity",
      "null",
      "None",
      "-",
      "---",
      "?",
      "#N/A",
      "nan(ind)",
      ".",
    ]
  ) {
    assert.ok(isMissingCell(text) && Number.isNaN(parseNumberCell(text, true)), text);
  }
  for (const text of ["x", "0x10", "1 2", "--5", "1_000", "nano"]) {
    assert.ok(!isMissingCell(text) && Number.isNaN(parseNumberCell(text, true)), text);
  }
});
