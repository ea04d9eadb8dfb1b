import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError } from "../../core/errors.ts";
import { createRng } from "../../core/rng.ts";
import { MISSING_SAMPLE } from "./lead_writer.ts";
import { readSignalCsv, type SignalCsv, type SignalCsvOptions } from "./signal_csv.ts";

const FIXTURES = "../shared/fixtures/csv";
const hasShared = await Deno.stat(FIXTURES).then(() => true, () => false);

type Source = string | AsyncIterable<Uint8Array>;

/** Reads a file and collects the samples of its leads; those of the first one stand on the top. */
async function collect(source: Source, options: SignalCsvOptions) {
  const blocks: number[][] = [];
  const result: SignalCsv = await readSignalCsv(source, options, (_, i) => {
    blocks[i] = [];
    return (samples) => {
      for (const sample of samples) blocks[i].push(sample);
    };
  });
  for (const [i, lead] of result.leads.entries()) assert.equal(lead.samples, blocks[i].length);
  return {
    ...result,
    all: blocks,
    samples: blocks[0],
    lead: result.leads[0],
    names: result.leads.map(({ name }) => name),
  };
}

const read = (text: Source, options: Partial<SignalCsvOptions> = { samplingRate: 250 }) =>
  collect(text, { file: "signal.csv", ...options });
const samplesOf = async (text: string, options?: Partial<SignalCsvOptions>) =>
  (await read(text, options)).samples;

/** Checks that reading fails with a FormatError of the file that holds all the words, on the line if one is given. */
async function refuses(text: string, words: string[], line?: number, options?: Partial<SignalCsvOptions>) {
  await assert.rejects(read(text, options), (error: unknown) => {
    assert.ok(error instanceof FormatError, String(error));
    for (const word of words) {
      assert.ok(error.message.includes(word), `"${word}" is not in: ${error.message}`);
    }
    assert.equal(error.line, line, error.message);
    assert.equal(error.file, "signal.csv");
    return true;
  });
}

const NONE = { count: 0, samples: 0, lines: [] };

Deno.test("readSignalCsv() reads a single column without a header", async () => {
  const { samples, all: _all, lead, names: _names, ...rest } = await read("0.5\n-0.25\n1e-3\n+.5\n");
  assert.deepEqual(samples, [0.5, -0.25, Math.fround(1e-3), 0.5]);
  assert.deepEqual(lead, {
    name: "column 1",
    index: 0,
    unit: undefined,
    gainAduPerMv: 1,
    baselineAdu: 0,
    samples: 4,
    min: -0.25,
    max: 0.5,
    interpolated: NONE,
    missing: NONE,
    flat: NONE,
    saturatedSamples: 0,
  });
  assert.deepEqual(rest, {
    leads: [lead],
    rows: 4,
    fs: 250,
    fsSource: "option",
    passedOver: undefined,
    time: undefined,
    skippedLines: { beforeData: 0, comments: 0, empty: 0, repeatedHeaders: 0, cutOffRows: 0 },
  });
});

for (const [name, separator] of [["commas", ","], ["semicolons", ";"], ["tabs", "\t"], ["blanks", "  "]]) {
  Deno.test(`readSignalCsv() finds ${name} as the separator, with a header and without one`, async () => {
    const rows = [["1", "2.5"], ["3", "-4"], ["2", "7"]].map((row) => row.join(separator)).join("\n");
    assert.deepEqual(await samplesOf(rows, { samplingRate: 250, columns: [2] }), [2.5, -4, 7]);
    const named = await read(`one${separator}two\n${rows}`);
    assert.deepEqual([named.names, named.all], [["one", "two"], [[1, 3, 2], [2.5, -4, 7]]]);
  });
}

Deno.test("readSignalCsv() takes BOM, CRLF, CR, mixed line ends, quotes, comments and empty lines around", async () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const text = ["\ufeff# made by hand", "", '"ECG, lead II"', '"1"', "2", "# pause", "% more", "3", "", ""]
      .join(end);
    const { samples, names, skippedLines } = await read(text);
    assert.deepEqual([samples, names], [[1, 2, 3], ["ECG, lead II"]], JSON.stringify(end));
    assert.deepEqual(skippedLines, {
      beforeData: 3,
      comments: 2,
      empty: 1,
      repeatedHeaders: 0,
      cutOffRows: 0,
    });
  }
  assert.deepEqual(await samplesOf("1\r\n2\n3\r4"), [1, 2, 3, 4]);
  assert.deepEqual(await samplesOf("5"), [5]);
  assert.deepEqual(await samplesOf(" 1 ; 2 \n 3 ; 4 \n", { samplingRate: 1, columns: [2] }), [2, 4]);
  assert.deepEqual(await samplesOf('"1","a ""b"", c"\n"2","d"\n'), [1, 2]);
});

Deno.test("readSignalCsv() reads UTF-16 with a byte order mark", async () => {
  const text = "time;ecg (\u00b5V)\n0,004;1\n0,008;2\n0,012;3\n";
  for (const little of [true, false]) {
    const bytes = new Uint8Array(2 + 2 * text.length), view = new DataView(bytes.buffer);
    [...`\ufeff${text}`].forEach((character, i) => view.setUint16(2 * i, character.charCodeAt(0), little));
    for (const size of [1, 7, 1000]) {
      const { samples, fs, lead } = await read(chunked(bytes, [size]).source, {});
      assert.deepEqual([samples.map((x) => Math.round(x * 1e6)), fs, lead.unit?.symbol], [
        [1000, 2000, 3000],
        250,
        "uV",
      ]);
    }
  }
});

Deno.test("readSignalCsv() reads decimal commas where they separate nothing", async () => {
  assert.deepEqual((await read("a;b\n0,5;1,25\n-0,25;2\n")).all, [[0.5, -0.25], [1.25, 2]]);
  assert.deepEqual((await read("a\tb\n0,5\t1\n0,25\t2\n")).all, [[0.5, 0.25], [1, 2]]);
  assert.deepEqual((await read("0,5  1,5\n0,25  2,5\n")).all, [[0.5, 0.25], [1.5, 2.5]]);
  assert.deepEqual((await read('a,b\n"0,5","1"\n"0,25","2"\n')).all, [[0.5, 0.25], [1, 2]]);
  // One column: its name has no comma, or a zero behind the comma would begin a number.
  assert.deepEqual(await samplesOf("ECG\n0,5\n0,25\n-1,75\n"), [0.5, 0.25, -1.75]);
  assert.deepEqual(await samplesOf("0,5\n0,025\n"), [0.5, Math.fround(0.025)]);
  assert.deepEqual((await read("0,5\n3,25\n1,3\n")).all, [[0, 3, 1], [5, 25, 3]]);
  await refuses("a\tb\n0.5\t1\n0.25\t2\n0,25\t2\n0.5\t1\n0.5\t1\n0.5\t1\n", ['"0,25"', "column 1"], 4);
});

Deno.test("readSignalCsv() takes the leads asked for, else ECG by name, else all that are no times", async () => {
  const text = "time (s),resp,ECG_II\n0,1,10\n0.01,2,20\n0.02,3,30\n";
  const names = async (text: string, ...columns: (string | number)[]) =>
    (await read(text, { columns })).names;
  assert.deepEqual(await names(text), ["ECG_II"]);
  assert.deepEqual(await names(text, "resp"), ["resp"]);
  assert.deepEqual(await names(text, "ecg_ii"), ["ECG_II"]);
  assert.deepEqual(await names(text, 2, "ECG_II", "2"), ["resp", "ECG_II"]);
  assert.deepEqual((await read("sample #,V5,II\n0,1,2\n1,3,4\n2,5,6\n")).all, [[1, 3, 5], [2, 4, 6]]);
  assert.deepEqual((await read("0.00,5,2\n0.02,5,3\n0.04,5,1\n", {})).names, ["column 2", "column 3"]);
  assert.deepEqual((await read("7,8\n7,9\n6,1\n")).names, ["column 1", "column 2"]);
  assert.deepEqual((await read("I,II,i\n7,8,1\n7,9,1\n6,1,1\n")).names, ["I", "II", "i"]);
  assert.equal((await read("2,1\n1,2\n5,1\n", { samplingRate: 250, columns: ["1"] })).lead.name, "column 1");
  // Words and columns without a value are no leads.
  assert.deepEqual((await read("a,beat,b\n5,N,\n2,V,\n3,,NA\n")).names, ["a"]);
});

Deno.test("readSignalCsv() refuses a column that is not there and lists those that are", async () => {
  const text = "a,b\n1,2\n3,4\n";
  await refuses(text, ["--column", '"c"', '1 "a", 2 "b"'], undefined, { samplingRate: 250, columns: ["c"] });
  for (const column of [0, 3, -1, 1.5, NaN, "", "3"]) {
    await refuses(text, ["from 1 to 2"], undefined, { samplingRate: 250, columns: [column] });
  }
  await refuses("time,index\n0,0\n4,1\n8,2\n", ["neither times nor sample numbers"], undefined);
});

Deno.test("readSignalCsv() converts the units that a name, a row of units or the option states to millivolts", async () => {
  for (
    const [name, value] of [["ECG (mV)", 2], ["MLII_uV", 0.002], ["ECG [\u00b5V]", 0.002], ["II (V)", 2000], [
      "ECG/mV",
      2,
    ]]
  ) {
    const { samples, lead } = await read(`${name}\n2\n`, { samplingRate: 250, unit: "adc", gainAduPerMv: 7 });
    assert.deepEqual([samples, lead.unit?.quantity, lead.gainAduPerMv], [
      [Math.fround(Number(value))],
      "voltage",
      1,
    ], String(name));
  }
  const twoRows = await read("'Elapsed time','MLII'\n'seconds','uV'\n0.000,500\n0.004,250\n", {});
  assert.deepEqual([twoRows.samples, twoRows.lead.unit?.symbol, twoRows.fs], [[0.5, 0.25], "uV", 250]);
  for (
    const [name, unit] of [["ECG", undefined], ["lead V", undefined], ["ECG (adc)", "adc"], [
      "adc_counts",
      "adc",
    ]]
  ) {
    const { samples, lead } = await read(`${name}\n2\n`);
    assert.deepEqual([samples, lead.unit?.symbol], [[2], unit], String(name));
  }
  assert.deepEqual(await samplesOf("ECG\n2\n", { samplingRate: 1, unit: "V" }), [2000]);
  const counts = await read("ECG\n1224\n", {
    samplingRate: 1,
    unit: "adc",
    gainAduPerMv: 200,
    baselineAdu: 1024,
  });
  assert.deepEqual([counts.samples, counts.lead.gainAduPerMv, counts.lead.baselineAdu], [[1224], 200, 1024]);
  const stated = await read("Gain: 200 adu/mV\nBaseline: 1024\nfs = 360\nECG\n" + "1224\n".repeat(5), {
    gainAduPerMv: 7,
  });
  assert.deepEqual([stated.lead.gainAduPerMv, stated.lead.baselineAdu, stated.fs], [200, 1024, 360]);
});

Deno.test("readSignalCsv() reads the lines before the table: rates, units, names, and words that say nothing", async () => {
  const table = (...lines: string[]) =>
    [...lines, ...Array.from({ length: 20 }, (_, i) => String(i % 7 - 3)), ""].join("\n");
  for (
    const [line, fs] of [
      ["Sampling Rate: 250", 250],
      ["fs=250", 250],
      ["# fs = 128.5 Hz", 128.5],
      ["% Sampling frequency (kHz): 1", 1000],
      ["Sample Rate,512.4 hertz", 512.4],
      ["Sample Rate,512,4 Hz", 512.4],
      ["Interval=\t0.004 s", 250],
      ["sampling interval (ms): 2", 500],
    ] as const
  ) {
    const { samples, fs: got, fsSource } = await read(table("Exported by someone", "Name: Jo", line, ""), {});
    assert.deepEqual([samples.length, got, fsSource], [20, fs, "header"], line);
  }
  const watch = await read(
    table(
      "Name,Jo",
      'Date of Birth,"1 Jan, 1980"',
      "Symptoms,",
      "Sample Rate,512 hertz",
      "",
      "",
      "Lead,Lead I",
      "Unit,\u00b5V",
      "",
    ),
    {},
  );
  assert.deepEqual([watch.fs, watch.lead.name, watch.samples[0]], [512, "Lead I", Math.fround(-0.003)]);
  await refuses(table("fs: 250", "Sampling Rate: 500"), ["one sampling rate", "250 and 500"], undefined, {});
  // What the file states goes before the option, which is for files that state nothing.
  const stated = await read(table("fs: 500"));
  assert.deepEqual([stated.fs, stated.passedOver], [
    500,
    "--samplingRate 250, because the header states 500 Hz",
  ]);
});

Deno.test("readSignalCsv() reads OpenSignals and BioSPPy comment headers", async () => {
  const device = {
    sensor: ["EMG", "ECG"],
    label: ["A1", "A2"],
    column: ["nSeq", "A1", "A2"],
    "sampling rate": 1000,
  };
  const openSignals = `# OpenSignals Text File Format\n# ${
    JSON.stringify({ "00:11": device })
  }\n# EndOfHeader\n0\t5\t496\t\n1\t6\t497\t\n`;
  const first = await read(openSignals, {});
  assert.deepEqual([first.names, first.fs, first.fsSource, first.samples], [["A2"], 1000, "header", [
    496,
    497,
  ]]);
  const second = await read(
    "# Simple Text Format\n# Sampling Rate (Hz):= 500.00\n# Labels:= ECG\n2044.0\n2045.0\n",
    {},
  );
  assert.deepEqual([second.names, second.fs], [["ECG"], 500]);
  for (
    const broken of [
      "{",
      "{}",
      "[]",
      '{"a": 1}',
      '{"a": {"sampling rate": "x", "column": [1]}}',
      "Sampling Rate (Hz):= -1",
    ]
  ) {
    await refuses(`# ${broken}\n1\n`, ["--samplingRate"], undefined, {});
  }
});

/** A table of times and one lead whose sample i is i % 7. */
const timed = (name: string, times: (string | number)[]) =>
  `${name},ECG\n${times.map((time, i) => `${time},${i % 7}`).join("\n")}\n`;
const grid = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));

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

Deno.test("readSignalCsv() measures the jitter of the times", async () => {
  const { time, fs } = await read(timed("t (ms)", grid(1000, (i) => 4 * i + (i % 2))), {});
  assert.ok(Math.abs(fs - 250) < 0.1);
  assert.ok(Math.abs(time!.jitterMs - 1) < 0.01 && Math.abs(time!.maxJitterMs - 1) < 0.01);
  assert.equal((await read(timed("t (ms)", grid(1000, (i) => 4 * i)), {})).time!.jitterMs, 0);
  // A clock that jitters by half a step leaves no gap.
  const rng = createRng(3),
    noisy = await read(timed("t (ms)", grid(3000, (i) => 4 * i + rng.integer(3))), {});
  assert.deepEqual([noisy.time!.gaps.count, noisy.samples.length], [0, 3000]);
  // Rows that come in packets of eight with one time.
  const packets = await read(timed("t (ms)", grid(800, (i) => 32 * Math.floor(i / 8))), {});
  assert.deepEqual([packets.time!.gaps.count, packets.time!.repeatedTimes.count], [0, 0]);
  assert.ok(Math.abs(packets.fs - 250) < 3);
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
    assert.match(passedOver!, /"time \(ms\)", which tell .* because --samplingRate is given/);
  }
  const longer = await read(gap, { limits: { maxMissingSeconds: 20, maxMissingPercent: 50 } });
  assert.deepEqual([longer.lead.missing, longer.fs], [{ count: 1, samples: 2750, lines: [1503] }, 250]);
  const contradiction = `# fs: 500\n${timed("time (ms)", grid(300, (i) => 4 * i))}`;
  await refuses(contradiction, ["header and times", "500 and 250 Hz"], undefined, {});
});

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

Deno.test("readSignalCsv() names row, column and text of a cell that is neither number nor missing", async () => {
  await refuses("ECG\n1\nabc\n2\n", ['"ECG"', "column 1", '"abc"', "--column"], 3);
  await refuses("# c\n\na,b\n1,2\n3,x y\n", ['"b"', "column 2", '"x y"'], 5);
  for (const text of ["0x10", "1 2", "1e999", "--5", "1.2.3", "1_000", "1e", "+", "1e39", "\u0661"]) {
    await refuses(`a,b\n1,2\n${text},3\n`, [text === "1e39" ? "float32" : JSON.stringify(text)], 3);
  }
  // Text in a column that nobody asked for does not matter.
  assert.deepEqual(await samplesOf("ECG,beat\n1,N\n2,V\n"), [1, 2]);
});

Deno.test("readSignalCsv() refuses rows that do not fit and files without samples", async () => {
  await refuses("1,2\n3,4\n5\n", ["2 cells", "got 1"], 3);
  await refuses("1,2\n3,4\n5,6,7\n", ["2 cells", "got 3"], 3);
  await refuses("a,b,c\n3,4\n5,6\n", ["3 names"], 1);
  await refuses("x,5\n3,4\n5,6\n", ["column 1", '"x"'], 1);
  for (const text of ["", "\n\n", "ECG", "ECG\n", "# only\n# comments", "\ufeff", "a,b\n,\n"]) {
    await refuses(text, ["got none"]);
  }
  await refuses("1\n\0\0\n", ["binary"], undefined);
  await refuses('1\n"2\n3\n', ["quote"], 2);
  await refuses(grid(3, (i) => grid(40, (k) => i + k).join(",")).join("\n"), ["one beat a row"], undefined);
  assert.deepEqual((await read("1\t2\t\n3\t4\t\n")).all, [[1, 3], [2, 4]]);
});

Deno.test("readSignalCsv() leaves out a last row that is cut off, headers that come again and doubled line ends", async () => {
  const cut = await read("a,b\n1,2\n3,4\n5");
  assert.deepEqual([cut.all, cut.skippedLines.cutOffRows], [[[1, 3], [2, 4]], 1]);
  const joined = await read("a,b\n1,2\n3,4\na,b\n2,6\n");
  assert.deepEqual([joined.all, joined.skippedLines.repeatedHeaders], [[[1, 3, 2], [2, 4, 6]], 1]);
  const doubled = await read(["a", ..."12345678"].join("\r\r\n") + "\r\r\n");
  assert.deepEqual([doubled.samples, doubled.lead.interpolated], [[1, 2, 3, 4, 5, 6, 7, 8], NONE]);
  const between = await read("t (ms),a\n0,1\n4,2\n\n8,3\n", {});
  assert.deepEqual([between.samples, between.skippedLines.empty], [[1, 2, 3], 1]);
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

/** The text's bytes in chunks of the given sizes, over and over; notes whether it was closed. */
function chunked(text: string | Uint8Array, sizes: number[]) {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const state = { closed: false };
  async function* chunks() {
    try {
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length];
        yield await Promise.resolve(bytes.subarray(at, at + size));
        at += size;
      }
    } finally {
      state.closed = true;
    }
  }
  return { source: chunks(), state };
}

Deno.test("readSignalCsv() gives back what was written, in chunks of any size", async () => {
  const value = fc.float({ noNaN: true, noDefaultInfinity: true });
  const rows = fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 30 });
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(rows, sizes, fc.constantFrom(",", ";", "\t", " "), async (table, parts, separator) => {
      const text = ["\u00e4 x", ...table].map((row) =>
        typeof row === "string" ? `a${separator}b\u00e4` : row.join(separator)
      ).join("\r\n");
      const { source, state } = chunked(text, parts);
      const { all } = await collect(source, { file: "t", samplingRate: 1, columns: [1, 2] });
      for (const i of [0, 1]) assert.deepEqual(all[i].map((x) => x + 0), table.map((row) => row[i] + 0));
      assert.ok(state.closed);
    }),
    { seed: 8, numRuns: 100 },
  );
});

Deno.test("readSignalCsv() closes its source when it refuses a file", async () => {
  for (const text of ["x\n".repeat(1000), "1\n".repeat(400_000) + "x\n" + "1\n".repeat(400_000)]) {
    const { source, state } = chunked(text, [65_536]);
    await assert.rejects(read(source, { samplingRate: 1 }), FormatError);
    assert.ok(state.closed);
  }
});

Deno.test("readSignalCsv() reads a long file in chunks, header and layout from its start", async () => {
  const n = 200_000;
  const lines = Array.from({ length: n }, (_, i) => `${(i / 360).toFixed(4)},${(i % 1000) / 100}`);
  const { source } = chunked(`time (s),ECG (mV)\n${lines.join("\n")}\n`, [50_000]);
  const { samples, fs } = await read(source, {});
  assert.equal(fs, 360);
  assert.equal(samples.length, n);
  assert.ok(samples.every((value, i) => value === Math.fround((i % 1000) / 100)));
});

Deno.test("readSignalCsv() answers long rows, names and digits at once", async () => {
  const long = 300_000;
  for (
    const text of [
      "_".repeat(long),
      "1".repeat(long),
      `${"1".repeat(long)}x`,
      ",".repeat(long),
      `1\n"${"2\n".repeat(long)}`,
      " ".repeat(long),
      "#".repeat(long),
      `# {${"[".repeat(long)}`,
    ]
  ) {
    await assert.rejects(read(`${text}\n1\n`, {}), FormatError);
  }
  await refuses(`ECG\n1\n${"1".repeat(1000)}x\n2\n`, ['"1111'], 3);
  assert.deepEqual(await samplesOf(`${"a ".repeat(5000)}(mV)\n1\n`), [1]);
});

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
  const header = ["# fs = 500 Hz", "Made by someone", cells(leads[0], "\t"), cells(leads[1], "\t")].join(
    "\n",
  );
  assert.deepEqual([(await read(header, {})).fs, (await read(header, {})).all], [500, expected.slice(0, 2)]);
  const gappy = cells(leads[0].map((x, i) => i === 7 ? "" : i > 20 && i < 26 ? "NA" : x));
  assert.deepEqual((await read(gappy)).lead.interpolated, { count: 2, samples: 6, lines: [8, 22] });
  await refuses(cells(leads[0]), ["--samplingRate"], undefined, {});
  await refuses(`${cells(leads[0])}\n${cells(leads[1].slice(1))}\n`, ["400 cells", "got 399"], 2);
  await refuses(`${cells(leads[0])}\n${cells(leads[1].map((x, i) => i === 5 ? "oops" : x))}\n`, [
    '"oops"',
    "at cell 6",
  ], 2);
  const gap = times.map((time, i) => i > 200 ? (Number(time) + 1).toFixed(3) : time);
  await refuses([cells(gap), cells(leads[0])].join("\n"), ["no gap of more than 0 s", "at cell 202"], 1, {});
  await refuses(grid(100, () => cells(grid(3000, (i) => i % 100))).join("\n"), ["one beat a row"], 65);
});

Deno.test("readSignalCsv() reads rows that are leads the same from any chunks", async () => {
  const row = (k: number) => `lead ${k},${grid(900, (i) => (i * 7 + k) % 11).join(",")}`;
  const text = ["# fs: 250", row(0), row(1), row(2), ""].join("\r\n");
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

/** A file with some of everything. */
const MIXED = '\ufeff# Sampling Rate (Hz):= 250\nmade by hand\ntime (s);"ECG (mV)";beat;II\n' +
  grid(
    60,
    (i) =>
      `${i === 20 ? "" : (i / 250).toFixed(3)};${i % 7 - 3},${i * 7919 % 1000};${i === 9 ? '"N;1"' : "N"};${
        i % 13 === 4 ? "NA" : i
      }\r\n${i === 30 ? "# pause\n\n" : ""}`,
  ).join("");

Deno.test("readSignalCsv() reads the same from any chunks", async () => {
  const whole = await read(MIXED, { columns: [2, 4] });
  assert.deepEqual([
    whole.samples.length,
    whole.leads[1].interpolated.samples,
    whole.time?.missingTimes.count,
  ], [60, 5, 1]);
  const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(), async (parts, cutAt) => {
      const text = new TextEncoder().encode(MIXED),
        part = text.subarray(0, text.length - cutAt % text.length);
      const outcome = (source: AsyncIterable<Uint8Array>) =>
        read(source, { columns: [2, 4] }).catch((error: Error) => error.message);
      assert.deepEqual(
        await outcome(chunked(part, parts).source),
        await outcome(chunked(part, [1e6]).source),
      );
    }),
    { seed: 9, numRuns: 100 },
  );
});

Deno.test("readSignalCsv() answers damaged files with samples or a FormatError", async () => {
  const rng = createRng(21), bytes = [...new TextEncoder().encode(MIXED)];
  const letters = [...new TextEncoder().encode('0123456789.,;:-+eE"\n\r \t#NA')];
  let good = 0;
  for (let round = 0; round < 1500; round++) {
    const damaged = bytes.slice(0, rng.integer(4) === 0 ? rng.integer(bytes.length) + 1 : bytes.length);
    for (let k = rng.integer(4); k > 0 && damaged.length > 0; k--) {
      const at = rng.integer(damaged.length);
      if (round % 3 === 0) damaged[at] ^= 1 << rng.integer(8);
      else if (round % 3 === 1) damaged.splice(at, rng.integer(3));
      else damaged.splice(at, 0, letters[rng.integer(letters.length)]);
    }
    try {
      const { all, fs } = await read(chunked(Uint8Array.from(damaged), [4096]).source, {});
      assert.ok(
        fs > 0 && all.every((samples) => samples.length > 0 && samples.every(Number.isFinite)),
        `round ${round}`,
      );
      good++;
    } catch (error) {
      assert.ok(error instanceof FormatError, `round ${round}: ${(error as Error).stack}`);
    }
  }
  assert.ok(good > 100 && good < 1400, `${good} of 1500 were read`);
});

/** File, samples, sampling rate where the file tells one, column, first sample. */
const REAL_FILES: [string, number, number | undefined, string, number][] = [
  ["e0103.csv", 30_000, undefined, "column 1", 0.455],
  ["e0110.csv", 30_000, undefined, "column 1", 3.34],
  ["e0124.csv", 30_000, undefined, "column 1", -1.54],
  ["ecg.txt", 15_000, 1000, "ECG", 2044],
  ["ecg_data_1.csv", 2719, 256.3, "ecg_measurement", 1.59335289],
  ["ecg_data_2.csv", 934, 255, "ecg_measurement", 2.233626604],
  ["pyhrv_SampleECG.txt", 22_350, 1000, "A2", 496],
];
for (const [name, length, fs, column, first] of REAL_FILES) {
  Deno.test({
    name: `[shared] readSignalCsv() reads ${name}`,
    ignore: !hasShared,
    fn: async () => {
      const open = async (samplingRate?: number) =>
        await collect((await Deno.open(`${FIXTURES}/${name}`)).readable, { file: name, samplingRate });
      if (fs === undefined) await assert.rejects(open(), /--samplingRate/);
      const signal = await open(fs === undefined ? 250 : undefined);
      assert.deepEqual([signal.samples.length, signal.names], [length, [column]]);
      assert.equal(signal.samples[0], Math.fround(first));
      assert.ok(Math.abs(signal.fs - (fs ?? 250)) < 0.5, `${signal.fs} Hz`);
    },
  });
}
