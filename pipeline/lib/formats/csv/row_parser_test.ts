import assert from "node:assert/strict";
import fc from "fast-check";
import { isMissingCell, parseNumberCell, type Separator, splitCells } from "./cells.ts";
import type { Layout } from "./layout.ts";
import { refuseIn } from "./refusal.ts";
import { createRowParser, createRowTable } from "./row_parser.ts";

/** A table of numbers of which the second of three columns is passed over. */
const layoutOf = (separator: Separator, decimalComma: boolean): Layout => ({
  separator,
  decimalComma,
  columns: ["a", "b", "c"].map((name) => ({ name, kind: "signal", isDateTime: false })),
  linesBeforeData: 0,
  headerRows: [],
  trailingSeparator: false,
  doubledLineEnds: false,
  statements: {},
  headRows: [],
});

/** Rows as the parser reads them, in tables of two rows. */
function parse(text: string, layout: Layout): number[][] {
  const parser = createRowParser({
    layout,
    columns: [0, 2],
    refuse: refuseIn("x"),
    emptyLines: "nothing",
  });
  const table = createRowTable(2, 2), bytes = new TextEncoder().encode(text), rows: number[][] = [];
  for (let position = 0; position < bytes.length;) {
    table.rows = 0;
    position = parser.parse(bytes, position, table, false);
    for (let row = 0; row < table.rows; row++) rows.push([...table.values.subarray(2 * row, 2 * row + 2)]);
  }
  return rows;
}

/** The same by splitting lines as text: slow, and plain to see. */
function parsePlainly(text: string, { separator, decimalComma }: Layout): number[][] {
  return text.split("\n").slice(0, -1).map((line) => {
    const cells = splitCells(line, separator)!;
    return [cells[0], cells[2]].map((cell) =>
      isMissingCell(cell) ? NaN : parseNumberCell(cell, decimalComma)
    );
  });
}

Deno.test("createRowParser() reads from bytes what splitting the lines gives: quotes, blanks, missing cells, words", () => {
  const number = fc.tuple(
    fc.constantFrom("", "-"),
    fc.integer({ min: 0, max: 99_999 }),
    fc.constantFrom("", ".", ".5", ".0625", "e-2"),
  )
    .map((parts) => parts.join(""));
  const value = fc.oneof({ weight: 5, arbitrary: number }, fc.constantFrom("NA", "nan", "-", "inf"));
  const word = fc.constantFrom("N", "a b", '"x, y;"', "7", '"say ""so"""', "-");
  const dressed = (cell: fc.Arbitrary<string>) =>
    fc.tuple(cell, fc.constantFrom("", "", "", "quotes", "blanks")).map(([text, dress]) =>
      dress === "quotes" ? `"${text}"` : dress === "blanks" ? ` ${text} ` : text
    );
  const dialects = fc.constantFrom<[Separator, boolean]>([",", false], [";", true], ["\t", false], [
    "\t",
    true,
  ], [",", true]);
  const row = fc.tuple(dressed(value), word, dressed(value));
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 8 }),
      dialects,
      (rows, [separator, decimalComma]) => {
        const layout = layoutOf(separator, decimalComma);
        const text = rows.map((cells) => `${cells.join(separator)}\n`).join("");
        const written = decimalComma && separator !== "," ? text.replace(/(\d)\.(\d)/g, "$1,$2") : text;
        assert.deepEqual(parse(written, layout), parsePlainly(written, layout), written);
      },
    ),
    { seed: 14, numRuns: 2000 },
  );
});

Deno.test("createRowParser() reads decimal commas in quotes between commas", () => {
  const layout = layoutOf(",", true);
  assert.deepEqual(parse('"0,5",x,"1,25"\n"2",x,3\n', layout), [[0.5, 1.25], [2, 3]]);
});

Deno.test("createRowParser() takes a comment for no row, whatever its cells hold", () => {
  const layout = layoutOf(",", false);
  const columns = [{ name: "note", kind: "text", isDateTime: false } as const, ...layout.columns.slice(1)];
  const parser = createRowParser({
    layout: { ...layout, columns },
    columns: [1, 2],
    refuse: refuseIn("x"),
    emptyLines: "nothing",
  });
  const table = createRowTable(2),
    bytes = new TextEncoder().encode("a,1,2\n# b,3,4\n%,5,6\n//,7,8\n/,9,10\n");
  assert.equal(parser.parse(bytes, 0, table, false), bytes.length);
  assert.deepEqual([table.rows, ...table.values.subarray(0, 4)], [2, 1, 2, 9, 10]);
  assert.equal(parser.skipped.comments, 3);
});

Deno.test("createRowParser() reads no decimals of seconds over a comma that separates cells", () => {
  const layout = (separator: Separator): Layout => ({
    ...layoutOf(separator, false),
    columns: [
      { name: "time", kind: "time", isDateTime: true },
      { name: "a", kind: "signal", isDateTime: false },
      { name: "b", kind: "signal", isDateTime: false },
    ],
  });
  assert.deepEqual(parse("12:00:00,5,7\n", layout(",")), [[43_200, 7]]);
  assert.deepEqual(parse("12:00:00,5;6;7\n", layout(";")), [[43_200.5, 7]]);
  assert.throws(() => parse("12:00:00,5,6,7\n", layout(",")), /every row must have 3 cells .*, got 4/);
});

Deno.test("createRowParser() counts the cells between blanks as splitting the line does", () => {
  const parseBetweenBlanks = (text: string, isDateTime: boolean, columns: number[]) => {
    const { columns: all, ...layout } = layoutOf("blank", false), [first, ...others] = all;
    const parser = createRowParser({
      layout: { ...layout, columns: [{ ...first, isDateTime }, ...others] },
      columns,
      refuse: refuseIn("x"),
      emptyLines: "nothing",
    });
    const table = createRowTable(columns.length), bytes = new TextEncoder().encode(text);
    parser.parse(bytes, 0, table, false);
    return [...table.values.subarray(0, table.rows * columns.length)];
  };
  assert.deepEqual(parseBetweenBlanks("12:00:00  1\t2 \n", true, [0, 2]), [43_200, 2]);
  // Of a date and a clock the clock is a cell of its own.
  const twoTimes = "2024-01-31 12:00:00 1 2\n";
  assert.throws(() => parseBetweenBlanks(twoTimes, true, [0, 2]), /must have 3 cells .*, got 4/);
  // A column that is passed over must be there too.
  assert.throws(() => parseBetweenBlanks("1 2 \n", false, [0, 1]), /must have 3 cells .*, got 2/);
});
