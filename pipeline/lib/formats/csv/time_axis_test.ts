import assert from "node:assert/strict";
import { createRng } from "../../core/rng.ts";
import { MISSING_SAMPLE } from "./lead_writer.ts";
import { grid, read, refuses, timed } from "./test_reading.ts";

Deno.test("readSignalCsv() derives the sampling rate from a time column", async () => {
  const table = (name: string, unitsPerSecond: number, fs: number, decimals: number) =>
    timed(name, grid(1000, (i) => (i * unitsPerSecond / fs).toFixed(decimals)));
  for (
    const [name, unitsPerSecond] of [["time (s)", 1], ["t_ms", 1e3], ["Time [us]", 1e6], ["seconds", 1], [
      "ms",
      1e3,
    ], [
      "t (ns)",
      1e9,
    ]] as const
  ) {
    const { fs, fsSource } = await read(table(name, unitsPerSecond, 360, 9), {});
    assert.deepEqual([fs, fsSource], [360, "time column"], name);
  }
  // Without a unit, only one of s, ms, us and ns gives a rate of ECG recorders.
  for (const unitsPerSecond of [1, 1e3, 1e6, 1e9]) {
    assert.equal((await read(table("timestamp", unitsPerSecond, 257, 6), {})).fs, 257);
  }
  // Times rounded to milliseconds, and a rate that is no integer.
  for (const fs of [360, 128, 1000]) assert.equal((await read(table("time (s)", 1, fs, 3), {})).fs, fs);
  assert.ok(Math.abs((await read(table("time (s)", 1, 128.5, 9), {})).fs - 128.5) < 1e-6);
  const fine = (await read(table("time (s)", 1, 2500, 3), {})).fs;
  assert.ok(Math.abs(fine - 2500) < 5, `${fine} Hz from times that are rounded to 2.5 steps`);
  assert.equal((await read("0.000,5\n0.002,6\n0.004,4\n", {})).fs, 500);
});

Deno.test("readSignalCsv() reads epochs, ISO 8601 dates and clocks as times, over midnight and counter ends too", async () => {
  const start = Date.UTC(2024, 11, 31, 23, 59, 59),
    iso = (i: number) => new Date(start + 4 * i).toISOString();
  const cases: [string, (i: number) => string | number][] = [
    ["epoch s", (i) => (start / 1000 + i * 0.004).toFixed(3)],
    ["epoch ms", (i) => start + 4 * i],
    ["epoch us", (i) => (start + 4 * i) * 1000],
    ["ISO", iso],
    ["ISO with blank", (i) => iso(i).replace("T", " ").replace("Z", "")],
    ["ISO with zone", (i) => iso(i).replace("Z", i < 300 ? "+01:00" : "+0100")],
    ["day first", (i) => iso(i).replace(/^(\d+)-(\d+)-(\d+)T(.*)Z$/, "$3/$2/$1 $4")],
    ["clock", (i) => iso(i).slice(11, -1)],
    ["WFDB clock", (i) => `'${iso(i).slice(11, -1)}'`],
    ["WFDB date", (i) => iso(i).replace(/^(\d+)-(\d+)-(\d+)T(.*)Z$/, "[$4 $3/$2/$1]")],
    ["32 bits of us", (i) => (2 ** 32 - 1e6 + 4000 * i) % 2 ** 32],
  ];
  for (const [what, time] of cases.filter(([what]) => what !== "WFDB date")) {
    const { fs, time: report } = await read(timed("timestamp", grid(600, time)), {});
    assert.deepEqual([fs, report?.gaps.count, report?.backwardSteps.count], [250, 0, 0], what);
    const restarts = /clock|32/.test(what) ? 1 : 0;
    assert.equal(report?.restarts.count, restarts, what);
  }
  const split = grid(600, iso).map((time, i) =>
    `${time.toString().replace("T", " ").replace("Z", "")} ${i % 7}`
  ).join("\n");
  const { fs, names, samples } = await read(split, {});
  assert.deepEqual([fs, names, samples.length], [250, ["column 3"], 600]);
});

Deno.test("readSignalCsv() reads minutes and hours, and guesses no unit that would give 15 kHz", async () => {
  const minutes = (i: number) => (i / 250 / 60).toFixed(7);
  for (const name of ["time (min)", "Time [mins]", "minutes"]) {
    assert.equal((await read(timed(name, grid(3000, minutes)), {})).fs, 250, name);
  }
  assert.equal((await read(timed("t (h)", grid(3000, (i) => (i / 250 / 3600).toFixed(9))), {})).fs, 250);
  const rows = grid(3000, (i) => `${minutes(i)},${i % 7}`).join("\n");
  assert.equal((await read(`Time,ECG\nmin,mV\n${rows}`, {})).fs, 250);
  await refuses(timed("time", grid(3000, minutes)), ["unknown unit", "--samplingRate"], undefined, {});
});

Deno.test("readSignalCsv() says how it reads dates where midnight leaves a gap of a month", async () => {
  const time = (i: number) =>
    i < 300 ? `03/01/2024 23:59:${(58.8 + i / 250).toFixed(3)}` : `03/02/2024 00:00:0${(i - 300) / 250}`;
  await refuses(timed("time", grid(600, time)), ["no gap", "the day first"], 302, {});
});

Deno.test("readSignalCsv() takes numbers of every tenth sample for no times", async () => {
  await refuses(timed("sample", grid(300, (i) => 10 * i)), ["--samplingRate"], undefined, {});
  assert.deepEqual((await read(timed("sample", grid(300, (i) => 10 * i)))).names, ["ECG"]);
});

Deno.test("readSignalCsv() finds times without a name in any column", async () => {
  const { fs, names } = await read(grid(300, (i) => `${(5 * i) % 7},${(i / 250).toFixed(3)}`).join("\n"), {});
  assert.deepEqual([fs, names], [250, ["column 1"]]);
});

Deno.test("readSignalCsv() measures the jitter of the times", async () => {
  const { time, fs } = await read(timed("t (ms)", grid(1000, (i) => 4 * i + (i % 2))), {});
  assert.ok(Math.abs(fs - 250) < 0.1);
  assert.ok(Math.abs(time!.jitterMs - 1) < 0.01 && Math.abs(time!.maxJitterMs - 1) < 0.01);
  assert.equal((await read(timed("t (ms)", grid(1000, (i) => 4 * i)), {})).time!.jitterMs, 0);
  // A clock that jitters by half a step leaves no gap.
  const rng = createRng(3),
    noisy = await read(timed("t (ms)", grid(3000, (i) => 4 * i + rng.integer(3))), {});
  assert.deepEqual([noisy.time!.gaps.count, noisy.samples.length], [0, 3000]);
  // Rows that come in packets of one time, or with clocks that only know seconds; the first and the last packet are not whole.
  for (const [size, msPerPacket] of [[8, 32], [250, 1000]]) {
    const times = grid(3100, (i) => msPerPacket * Math.floor((i + 3) / size));
    const { fs, time, samples } = await read(timed("t (ms)", times), {});
    assert.deepEqual([fs, time!.gaps.count, time!.repeatedTimes.count, samples.length], [250, 0, 0, 3100]);
  }
});

Deno.test("readSignalCsv() asks for --samplingRate where the file tells none", async () => {
  await refuses("ECG\n1\n2\n", ["--samplingRate"], undefined, {});
  await refuses("index,ECG\n0,1\n1,2\n2,3\n", ["--samplingRate"], undefined, {});
  await refuses("time,ECG\n0,1\n1,2\n2,3\n", ["--samplingRate"], undefined, {});
  await refuses("time (s),ECG\n0,1\n", ["--samplingRate"], undefined, {});
  await refuses("time,ECG\n0,1\n30,2\n60,3\n", ["unknown unit"], undefined, {});
  await assert.rejects(read("1\n", { samplingRate: 0 }), RangeError);
  await assert.rejects(read("1\n", { samplingRate: NaN }), RangeError);
});

Deno.test("readSignalCsv() fills dropped rows: short gaps by lines, longer ones as missing, and counts them", async () => {
  // At 250 Hz: 2 rows dropped behind sample 10, 20 rows behind sample 500.
  const kept = grid(1000, (i) => i).filter((i) => !(i > 10 && i < 13) && !(i > 500 && i <= 520));
  const { samples, time, lead, fs, rows } = await read(
    `time (s),ECG\n${kept.map((i) => `${(i / 250).toFixed(3)},${i}`).join("\n")}\n`,
    {},
  );
  assert.deepEqual([fs, rows, samples.length], [250, 978, 1000]);
  assert.deepEqual(time!.gaps, { count: 2, samples: 22, lines: [13, 501] });
  assert.deepEqual(lead.interpolated, { count: 1, samples: 2, lines: [13] });
  assert.deepEqual(lead.missing, { count: 1, samples: 20, lines: [501] });
  assert.deepEqual(samples.slice(9, 15), [9, 10, 11, 12, 13, 14]);
  for (const [i, sample] of samples.entries()) {
    assert.equal(sample, i > 500 && i <= 520 ? MISSING_SAMPLE : i, `sample ${i}`);
  }
  // Sample numbers tell of dropped rows too; those of some recorders begin anew after 16.
  const numbers = kept.filter((i) => i < 300);
  for (const number of [(i: number) => i, (i: number) => i % 16]) {
    const counted = await read(`nSeq,ECG\n${numbers.map((i) => `${number(i)},${i}`).join("\n")}\n`);
    assert.deepEqual([counted.samples, counted.time?.gaps.lines], [grid(300, (i) => i), [13]]);
  }
});

Deno.test("readSignalCsv() passes over single times that are missing or go back, and counts them", async () => {
  const table = (changed: string) => timed("time (ms)", grid(400, (i) => i === 4 ? changed : 4 * i));
  const back = await read(table("3"), {});
  assert.deepEqual([back.fs, back.rows, back.time?.backwardSteps], [250, 400, {
    count: 1,
    samples: 1,
    lines: [6],
  }]);
  for (const far of ["40", "99999999"]) {
    const ahead = await read(table(far), {});
    assert.deepEqual([ahead.fs, ahead.samples.length, ahead.time?.strayTimes], [250, 400, {
      count: 1,
      samples: 1,
      lines: [6],
    }]);
    assert.equal(ahead.time?.gaps.count, 0);
  }
  const none = await read(table(""), {});
  assert.deepEqual([none.fs, none.samples.length, none.time?.missingTimes.lines], [250, 400, [6]]);
  const twice = await read(table("12"), {});
  assert.deepEqual([twice.fs, twice.time?.repeatedTimes.lines], [250, [6]]);
  await refuses(table("x"), ["must be a time", '"x"', '"time (ms)" (column 1)'], 6, {});
});

Deno.test("readSignalCsv() refuses times that stay back, leave a long gap or change their rate, unless the rate is given", async () => {
  const restarted = timed("time (ms)", grid(400, (i) => 4 * (i % 200)));
  await refuses(restarted, ["must not go back", "got 80 after 796", "--samplingRate"], 222, {});
  const gap = timed("time (ms)", grid(3000, (i) => 4 * i + (i > 1500 ? 11_000 : 0)));
  await refuses(gap, ["no gap of more than 10 s", "11.004", "--maxMissingSeconds"], 1503, {});
  const faster = timed("time (ms)", grid(3000, (i) => i < 1500 ? 4 * i : 6000 + 2 * (i - 1500)));
  await refuses(faster, ["keep one sampling rate"], 1669, {});
  for (const text of [restarted, gap, faster]) {
    const { fs, passedOver } = await read(text);
    assert.equal(fs, 250);
    assert.match(passedOver[0], /"time \(ms\)", which tell .* because --samplingRate is given/);
  }
  const longer = await read(gap, { limits: { maxMissingSeconds: 20, maxMissingPercent: 50 } });
  assert.deepEqual([longer.lead.missing, longer.fs], [{ count: 1, samples: 2750, lines: [1503] }, 250]);
  const contradiction = `# fs: 500\n${timed("time (ms)", grid(300, (i) => 4 * i))}`;
  await refuses(contradiction, ["header and times", "500 and 250 Hz"], undefined, {});
});
