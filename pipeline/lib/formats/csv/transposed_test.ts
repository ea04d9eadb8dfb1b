import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError } from "../../core/errors.ts";
import { createRng } from "../../core/rng.ts";
import { chunked, grid, read, refuses } from "./test_reading.ts";

Deno.test("readSignalCsv() reads files of one row a lead", async () => {
  const wave = (k: number) => grid(400, (i) => Math.round(500 * Math.sin(i / 9 + k)) / 1000);
  const leads = [wave(0), wave(1), wave(2)],
    cells = (lead: (string | number)[], separator = ",") => lead.join(separator);
  const expected = leads.map((lead) => lead.map((x) => Math.fround(Number(x))));
  const plain = await read(leads.map((lead) => cells(lead)).join("\n"));
  assert.deepEqual([plain.names, plain.all, plain.rows], [["row 1", "row 2", "row 3"], expected, 3]);
  const times = grid(400, (i) => (i / 250).toFixed(3));
  const named = [
    `time (s);${cells(times, ";")}`,
    `I (mV);${cells(leads[0], ";")}`,
    `V5;${cells(leads[1], ";")}`,
    "",
  ];
  const timed = await read(named.join("\r\n"), {});
  assert.deepEqual([timed.names, timed.fs, timed.fsSource], [["I (mV)", "V5"], 250, "time column"]);
  assert.deepEqual(timed.all, expected.slice(0, 2));
  assert.deepEqual((await read(named.join("\n"), { columns: ["v5"] })).names, ["V5"]);
  for (const lost of ["V6", "0", "1"]) {
    await refuses(named.join("\n"), ['1 "time (s)", 2 "I (mV)", 3 "V5"', `got "${lost}"`], undefined, {
      columns: ["v5", lost],
    });
  }
  const header = ["# fs = 500 Hz", "Made by someone", cells(leads[0], "\t"), cells(leads[1], "\t")].join(
    "\n",
  );
  assert.deepEqual([(await read(header, {})).fs, (await read(header, {})).all], [500, expected.slice(0, 2)]);
  const gappy = cells(leads[0].map((x, i) => i === 7 ? "" : i > 20 && i < 26 ? "NA" : x));
  assert.deepEqual((await read(gappy)).lead.interpolated, { count: 2, samples: 6, lines: [8, 22] });
  await refuses(cells(leads[0]), ["--samplingRate"], undefined, {});
  await refuses(`${cells(leads[0])}\n${cells(leads[1].slice(1))}\n`, ["400 cells", "got 399"], 2);
  await refuses(`${cells(leads[0])}\n${cells(leads[1].slice(1))},\n,${cells(leads[1])}\n`, [
    "400 cells",
    "got 401",
  ], 3);
  await refuses(`${cells(leads[0])}\n${cells(leads[1].map((x, i) => i === 5 ? "oops" : x))}\n`, [
    '"row 2" (row 2)',
    '"oops"',
    "at cell 6",
  ], 2);
  const gap = times.map((time, i) => i > 200 ? (Number(time) + 1).toFixed(3) : time);
  await refuses(
    [cells(gap), cells(leads[0])].join("\n"),
    ["no gap of more than 0 s", "cut the file at the gap, or give", "at cell 202"],
    1,
    {},
  );
  await refuses(grid(100, () => cells(grid(3000, (i) => i % 100))).join("\n"), ["one beat a row"], 65);
});

Deno.test("readSignalCsv() takes rows of blanks for empty ones where rows are leads, and quotes and blanks off their names", async () => {
  const leads = [grid(300, (i) => i % 11), grid(300, (i) => i % 7)];
  const rows = (separator: string, names = ["MLII", "V5"]) =>
    names.map((name, k) => [name, ...leads[k]].join(separator));
  const [mlii, v5] = rows(",");
  for (
    const lines of [
      ["   ", "Sampling rate: 250", mlii, v5],
      ["  # fs: 250", mlii, v5],
      ["# fs: 250", mlii, "  ", v5, " "],
      ["# fs: 250", ` ${mlii}`, `  ${v5}`, ""],
      ["# fs: 250", ...rows(" ").map((row) => ` \t${row}`), "\t"],
      ["# fs: 250", ...rows("\t"), "  "],
      ["# fs: 250", ...rows(";", ['"MLII"', '"V5"'])],
    ]
  ) {
    for (const end of ["\n", "\r\n"]) {
      for (const size of [1, 7, 100_000]) {
        const got = await read(chunked(lines.join(end), [size]).source, {});
        assert.deepEqual(
          [got.fs, got.names, got.all],
          [250, ["MLII", "V5"], leads],
          JSON.stringify(lines[0]),
        );
      }
    }
  }
});

Deno.test("readSignalCsv() converts rows that are leads by the unit of their name, else of the header; V is a lead", async () => {
  const row = (name: string) => `${name},${grid(300, (i) => 250 * (i % 7)).join(",")}`;
  const names = ["I (mV)", "II", "V"];
  const { all, leads } = await read(["# fs: 250", "# Unit: uV", ...names.map(row)].join("\n"), {});
  assert.deepEqual(all.map((samples) => samples.slice(0, 3)), [[0, 250, 500], [0, 0.25, 0.5], [
    0,
    0.25,
    0.5,
  ]]);
  assert.deepEqual(leads.map(({ unit }) => unit?.symbol), ["mV", "uV", "uV"]);
  const plain = await read(["# fs: 250", ...names.map(row)].join("\n"), { unit: "mV" });
  assert.deepEqual(plain.all.map((samples) => samples[1]), [250, 250, 250]);
});

Deno.test("readSignalCsv() refuses numbers in rows that are leads that would be read wrong without a sign of it", async () => {
  const decimals = grid(300, (i) => (((i * 37) % 100 - 50) / 1000).toFixed(3).replace(".", ","));
  await refuses(`# by hand\nI,${decimals.join(",")}\nII,${decimals.join(",")}\n`, [
    "the two halves of one number",
    'got "050" at cell 3',
  ], 2);
  const thousands = grid(300, (i) => i % 9 === 0 ? "1,024" : String(990 + i % 9));
  await refuses(`${thousands.join(";")}\n${grid(300, (i) => i % 7).join(";")}\n`, [
    "without separators of thousands",
    'got "1,024" at cell 1',
  ], 1);
});

Deno.test("readSignalCsv() refuses a quote that is not closed in rows that are leads", async () => {
  for (const name of ['"II', '"II,raw"']) {
    const text = `I,${grid(300, (i) => i % 7)}\n${name},${grid(300, (i) => i % 7)}\n`;
    await refuses(text, ["a quote must be closed in its own cell", "II"], 2);
  }
});

Deno.test("readSignalCsv() reads rows that are leads as it reads the same table in columns, missing cells at their ends too", async () => {
  const run = fc.tuple(fc.integer({ min: 0, max: 299 }), fc.integer({ min: 1, max: 4 }));
  const place = fc.oneof(run, fc.constantFrom<[number, number]>([0, 3], [298, 2]));
  await fc.assert(
    fc.asyncProperty(
      fc.array(place, { maxLength: 3 }),
      fc.boolean(),
      fc.boolean(),
      async (gaps, isFirst, hasEnds) => {
        const full = grid(300, (i) => String((i * 7) % 11)), gappy = full.slice();
        for (const [from, length] of gaps) gappy.fill("", from, from + length);
        const names = isFirst ? ["I", "II"] : ["II", "I"], leads = isFirst ? [full, gappy] : [gappy, full];
        const end = hasEnds ? ",\n" : "\n";
        const rows = names.map((name, k) => `${name},${leads[k].join(",")}${end}`).join("");
        const columns = full.map((_, i) => `${leads[0][i]},${leads[1][i]}\n`).join("");
        const [onSide, upright] = [await read(rows), await read(`${names}\n${columns}`)];
        assert.deepEqual([onSide.names, onSide.all], [upright.names, upright.all]);
        onSide.leads.forEach(({ interpolated, missing }, k) => {
          const { interpolated: filled, missing: left } = upright.leads[k];
          // A cell behind the name, a line under the header: both are counted from the second on.
          assert.deepEqual([interpolated, missing], [filled, left]);
        });
      },
    ),
    { seed: 15, numRuns: 60 },
  );
});

Deno.test("readSignalCsv() reads rows that are leads the same from any chunks", async () => {
  const row = (k: number) => `lead ${k},${grid(900, (i) => (i * 7 + k) % 11).join(",")}`;
  // The second lead has no sample in its last two cells.
  const text = ["# fs: 250", row(0), row(1).replace(/,\d+,\d+$/, ",,"), row(2), ""].join("\r\n");
  const whole = await read(text, {});
  assert.deepEqual([whole.names, whole.samples.length], [["lead 0", "lead 1", "lead 2"], 900]);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 6 }),
      async (sizes) => {
        assert.deepEqual(await read(chunked(text, sizes).source, {}), whole);
      },
    ),
    { seed: 10, numRuns: 30 },
  );
});

Deno.test("readSignalCsv() answers damaged rows that are leads with samples or a FormatError", async () => {
  const rng = createRng(31), row = (k: number) => `lead ${k};${grid(200, (i) => (i * 7 + k) % 11).join(";")}`;
  const bytes = [...new TextEncoder().encode(["# fs: 250", row(0), row(1), ""].join("\n"))];
  let good = 0;
  for (let round = 0; round < 400; round++) {
    const damaged = bytes.slice(0, rng.integer(4) === 0 ? rng.integer(bytes.length) + 1 : bytes.length);
    for (let k = rng.integer(3); k > 0; k--) {
      const at = rng.integer(damaged.length);
      if (round % 2 === 0) damaged[at] ^= 1 << rng.integer(8);
      else damaged.splice(at, rng.integer(3), ...(rng.integer(2) === 0 ? [59] : []));
    }
    try {
      const { all, fs } = await read(chunked(Uint8Array.from(damaged), [300]).source, {});
      assert.ok(
        fs > 0 && all.every((samples) => samples.length > 0 && samples.every(Number.isFinite)),
        `round ${round}`,
      );
      good++;
    } catch (error) {
      assert.ok(error instanceof FormatError, `round ${round}: ${(error as Error).stack}`);
    }
  }
  assert.ok(good > 50 && good < 390, `${good} of 400 were read`);
});
