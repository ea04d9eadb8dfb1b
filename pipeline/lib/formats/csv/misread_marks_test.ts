import assert from "node:assert/strict";
import { findMisreadCell } from "./misread_marks.ts";
import { grid, read, refuses } from "./test_reading.ts";

const wave = (i: number): number => Math.sin(i / 9);
const comma = (value: number, digits: number): string => value.toFixed(digits).replace(".", ",");

Deno.test("findMisreadCell() finds decimals behind commas that separate cells", async () => {
  const leads = grid(100, (i) => `${comma(wave(i), 4)},${comma(2 * wave(i), 4)}`);
  await refuses(leads.join("\n"), ["semicolons", "column 2", '"0000"'], 1);
  await refuses(
    grid(100, (i) => `${i * 4},${comma(wave(i), 3)}`).join("\n"),
    ["semicolons", "column 3"],
    1,
    {},
  );
  await refuses(grid(100, (i) => `${comma(wave(i), 1)},${comma(wave(i), 1)}`).join("\n"), ["column 2"], 30);
  for (const [cells, ...more] of [["1024,995", "998,1001"], ["2024,01,05", "2024,01,06"], ["0,5", "1,25"]]) {
    const rows = [cells, ...more].map((row) => row.split(","));
    assert.equal(findMisreadCell(rows, { separator: ",", decimalComma: false }), undefined, cells);
  }
});

Deno.test("findMisreadCell() finds thousands that are set apart", async () => {
  const adu = grid(60, (i) => 980 + i), grouped = adu.map((value) => value.toLocaleString("en"));
  await refuses(
    ["t;ADC", ...grouped.map((cell, i) => `${i / 250};${cell}`)].join("\n"),
    ['"1,000"', "column 2"],
    22,
    {},
  );
  await refuses(
    ["ADC", ...grouped.map((cell) => cell.replace(",", "."))].join("\n"),
    ['"1.000"', "column 1"],
    22,
  );
  // Without a whole number of three digits, and with decimals of other lengths, these are decimals.
  assert.deepEqual((await read("1.024\n1.5\n998\n")).samples, [Math.fround(1.024), 1.5, 998]);
  assert.deepEqual((await read("a;b\n1,024;1\n2;3\n")).all[0], [Math.fround(1.024), 2]);
});

Deno.test("readSignalCsv() refuses a decimal comma between semicolons where decimals have points", async () => {
  const rows = ["a;b", "0.5;1", "0.25;2", ...grid(6000, () => "0.5;1"), "0,25;2"];
  await refuses(rows.join("\n"), ['"0,25"', "column 1"], rows.length);
});
