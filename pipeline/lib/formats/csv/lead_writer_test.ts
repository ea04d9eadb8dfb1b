import assert from "node:assert/strict";
import { MISSING_SAMPLE } from "./lead_writer.ts";
import { readSignalCsv } from "./signal_csv.ts";
import { grid, NONE, read, refuses, samplesOf } from "./test_reading.ts";

Deno.test("readSignalCsv() takes empty cells, NA, nan, inf and the like as missing and never as numbers", async () => {
  const words = [
    "",
    "nan",
    "NaN",
    "inf",
    "-Infinity",
    "NA",
    "n/a",
    "null",
    "None",
    "-",
    "--",
    "?",
    "-nan(ind)",
  ];
  for (const word of words) {
    for (const [text, line] of [[`a,b\n1,2\n${word},3\n3,4\n`, 3], [`a\n1\n${word}\n3\n`, 3]] as const) {
      const { samples, lead } = await read(text, { samplingRate: 250, columns: [1] });
      assert.deepEqual(
        [samples, lead.interpolated],
        [[1, 2, 3], { count: 1, samples: 1, lines: [line] }],
        JSON.stringify(text),
      );
    }
  }
  // At the ends there is nothing to draw a line to.
  assert.deepEqual(await samplesOf("nan\n\n1\n2\nnan\n"), [1, 1, 1, 2, 2]);
  const rows = grid(2000, (i) => i % 5).map(String);
  const lost = (from: number, to: number) => rows.map((row, i) => i >= from && i < to ? "" : row).join("\n");
  const { lead, samples } = await read(lost(500, 506));
  assert.deepEqual([lead.missing, lead.interpolated], [{ count: 1, samples: 6, lines: [501] }, NONE]);
  assert.deepEqual(samples.slice(498, 508), [3, 4, ...Array(6).fill(MISSING_SAMPLE), 1, 2]);
  await refuses(lost(500, 800), ["10 %", "15.0 %", "--maxMissingPercent"], 501);
  await refuses(lost(500, 800), ["more than 1 s", '"column 1"', "--maxMissingSeconds"], 501, {
    samplingRate: 250,
    limits: { maxMissingSeconds: 1 },
  });
  const every = { samplingRate: 250, limits: { interpolateMs: 0, maxMissingPercent: 100 } };
  assert.deepEqual(await samplesOf("1\n\n3\n", every), [1, MISSING_SAMPLE, 3]);
});

Deno.test("readSignalCsv() finds flat stretches and saturation", async () => {
  const wave = grid(5000, (i) => i >= 1000 && i < 1600 ? "0.125" : Math.sin(i / 11).toFixed(3));
  assert.deepEqual((await read(wave.join("\n"))).lead.flat, { count: 1, samples: 600, lines: [1001] });
  const clipped = grid(5000, (i) => Math.min(0.5, Math.sin(i / 11)).toFixed(3));
  const { saturatedSamples, flat } = (await read(clipped.join("\n"))).lead;
  assert.deepEqual([saturatedSamples, flat.count], [clipped.filter((x) => x === "0.500").length, 0]);
  const dead = await read(grid(1000, () => "7").join("\n"));
  assert.deepEqual([dead.lead.flat.samples, dead.lead.saturatedSamples], [1000, 0]);
});

Deno.test("readSignalCsv() gives up on a small file of long gaps before they fill a disk", async () => {
  // Two rows, then a gap of 9 s at 20 kHz, over and over: 180,000 samples for some 30 bytes.
  const times = grid(4000, (i) => 9 * (i >> 1) + (i & 1) * 5e-5).map((time) => time.toFixed(5));
  const head = grid(3000, (i) => (i * 5e-5).toFixed(5)), at = Number(head[2999]);
  const rows = [...head, ...times.slice(2).map((time) => (at + Number(time)).toFixed(5))];
  let samples = 0;
  const reading = readSignalCsv(
    `time (s),ECG\n${rows.map((time, i) => `${time},${i % 7}`).join("\n")}\n`,
    { file: "x" },
    () => (block) => samples += block.length,
  );
  await assert.rejects(reading, /% of the samples may be missing/);
  assert.ok(samples < 25e6, `${samples} samples were written`);
});
