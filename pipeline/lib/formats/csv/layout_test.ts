import assert from "node:assert/strict";
import { grid, read, refuses, samplesOf, timed } from "./test_reading.ts";

for (const [name, separator] of [["commas", ","], ["semicolons", ";"], ["tabs", "\t"], ["blanks", "  "]]) {
  Deno.test(`readSignalCsv() finds ${name} as the separator, with a header and without one`, async () => {
    const rows = [["1", "2.5"], ["3", "-4"], ["2", "7"]].map((row) => row.join(separator)).join("\n");
    assert.deepEqual(await samplesOf(rows, { samplingRate: 250, columns: [2] }), [2.5, -4, 7]);
    const named = await read(`one${separator}two\n${rows}`);
    assert.deepEqual([named.names, named.all], [["one", "two"], [[1, 3, 2], [2.5, -4, 7]]]);
  });
}

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
  assert.deepEqual((await read("0.00,5,2\n0.02,5,3\n0.04,5,1\n", {})).names, ["column 3", "column 2"]);
  assert.deepEqual((await read("7,8\n7,9\n6,1\n")).names, ["column 1", "column 2"]);
  assert.deepEqual((await read("I,II,i\n7,8,1\n7,9,1\n6,1,1\n")).names, ["I", "II", "i"]);
  assert.equal((await read("2,1\n1,2\n5,1\n", { samplingRate: 250, columns: ["1"] })).lead.name, "column 1");
  // What stands still comes last, because the first lead is the one that counts where no name is known.
  const still = await read(grid(50, (i) => `0,${i % 7},1`).join("\n"));
  assert.deepEqual(still.names, ["column 2", "column 1", "column 3"]);
  await refuses(grid(200, (i) => grid(70, (k) => (i * k) % 9).join(",")).join("\n"), [
    "64 leads",
    "70 columns",
    "one beat a row",
  ]);
  // Words and columns without a value are no leads.
  assert.deepEqual((await read("a,beat,b\n5,N,\n2,V,\n3,,NA\n")).names, ["a"]);
});

Deno.test("readSignalCsv() puts what monitors record beside an ECG behind it, and refuses times as a lead", async () => {
  const rows = grid(60, (i) => `${(i / 250).toFixed(3)},${i % 3},${i % 5},${(5 * i) % 7}`).join("\n");
  assert.deepEqual((await read(`time,HR (bpm),acc_x,voltage\n${rows}`, {})).names, [
    "voltage",
    "HR (bpm)",
    "acc_x",
  ]);
  assert.deepEqual((await read(`time,label,class,II\n${rows}`, {})).names, ["II", "label", "class"]);
  for (const column of ["time", 1]) {
    const options = { columns: [column], samplingRate: 250 };
    await refuses(
      `time,a,b,c\n${rows}`,
      ["--column must name samples", "holds times", "counted from 1"],
      undefined,
      options,
    );
  }
  // A name alone may be wrong.
  const { samples } = await read("time,a\n5,1\n3,1\n9,1\n2,1\n", { columns: ["time"], samplingRate: 250 });
  assert.deepEqual(samples, [5, 3, 9, 2]);
});

Deno.test("readSignalCsv() takes no other signal for an ECG that begins late", async () => {
  const table = (fs: number) =>
    `time,ecg,resp\n${grid(7000, (i) => `${i / fs},${i < 6000 ? "" : i % 7},${i % 5}`).join("\n")}`;
  const options = { limits: { maxMissingPercent: 90 } };
  const { names, lead } = await read(table(1000), options);
  assert.deepEqual([names, lead.missing], [["ecg"], { count: 1, samples: 6000, lines: [2] }]);
  await refuses(table(250), ["10 s of samples in a row", '"ecg" (column 2)'], 2, options);
});

Deno.test("readSignalCsv() takes V for the chest lead where it is no unit", async () => {
  // As in the BIDMC data set of PhysioNet, whose rows end in a separator.
  const bidmc = "Time [s], RESP, PLETH, V, AVR, II,\n" +
    grid(60, (i) => `${(i / 125).toFixed(3)},0.1,0.2,${(i % 5) / 1000},0.3,${i % 7},\n`).join("");
  const { names, leads, all } = await read(bidmc, {});
  const v = names.indexOf("V");
  assert.deepEqual(names, ["V", "II", "RESP", "PLETH", "AVR"]);
  assert.deepEqual([leads[v].unit, all[v][1]], [undefined, Math.fround(0.001)]);
  const alone = async (scale: number) =>
    (await read(`time (s),V\n${grid(60, (i) => `${i / 250},${(i % 5) * scale}`).join("\n")}`, {})).lead.unit
      ?.symbol;
  assert.deepEqual([await alone(0.5), await alone(0.0005)], [undefined, "V"]);
});

Deno.test("readSignalCsv() says what it does not use of rates and units", async () => {
  const rows = grid(900, (i) => `${(i / 256).toFixed(4)},${(5 * i) % 7}`).join("\n");
  const { fs, passedOver } = await read(`# fs: 250\ntime (s),ECG (uV)\n${rows}`, { unit: "mV" });
  assert.equal(fs, 250);
  assert.deepEqual(passedOver, [
    '--unit mV for "ECG (uV)", because the file states uV',
    'the times in "time (s)", which tell 256 Hz, because the header states 250 Hz',
  ]);
  assert.deepEqual((await read(`time (s),ECG (uV)\n${rows}`, { gainAduPerMv: 200 })).passedOver, [
    '--adcGain 200 for "ECG (uV)", because the file states uV',
  ]);
  assert.deepEqual((await read(`time (s),ECG\n${rows}`, { unit: "mV" })).passedOver, []);
});

Deno.test("readSignalCsv() says what is the matter with times that it cannot read", async () => {
  const rows = grid(60, (i) => `Jan 1 0:0${i / 250},${i % 7}`).join("\n");
  await refuses(
    `time,ECG\n${rows}`,
    ['"time" (column 1)', "ISO 8601", '"Jan 1 0:00"', "--samplingRate"],
    undefined,
    {},
  );
  await refuses(timed("time (days)", grid(60, (i) => i * 1e-8)), ['as in "time (s)"'], undefined, {});
  await refuses("time|ECG\n0|1\n1|2\n", ["commas, semicolons, tabs or blanks", '"1|2"']);
});

Deno.test("readSignalCsv() takes no entry of a header for the name of the only column", async () => {
  const { lead, fs } = await read("Name: Doe\nSampling rate: 500 Hz\nStart: 2020-01-01\n\n1\n2\n3\n", {});
  assert.deepEqual([lead.name, fs], ["column 1", 500]);
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
    const [name, unit] of [
      ["ECG", undefined],
      ["lead V", undefined],
      ["ecg_raw", undefined],
      ["ECG (raw)", "adc"],
      ["ECG (adc)", "adc"],
      ["adc_counts", "adc"],
    ]
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
    ["--samplingRate 250, because the header states 500 Hz"],
  ]);
});

Deno.test("readSignalCsv() reads the tables of some programs", async () => {
  const rows = (row: (i: number) => string) => grid(200, row).join("\n");
  const comma = (x: number) => String(x).replace(".", ",");
  const cases: [string, string, string[], number, string | undefined][] = [
    [
      "LabChart",
      "Interval=\t0,001 s\nExcelDateTime=\t4,4E+04\t31.01.2024 12:00:00\nTimeFormat=\tStartOfBlock\nChannelTitle=\tECG\tResp\n" +
      `Range=\t10,000 mV\t1,0 V\n${rows((i) => `${comma(i / 1000)}\t${comma(i % 9 / 4)}\t0,5`)}`,
      ["ECG"],
      1000,
      undefined,
    ],
    [
      "Shimmer",
      `sep=\t\nShimmer_Timestamp_Unix_CAL\tShimmer_ECG_LL-RA_CAL\t\nms\tmV\t\n${
        rows((i) => `${1.7e12 + i * 1000 / 512}\t${i % 9}\t`)
      }`,
      ["Shimmer_ECG_LL-RA_CAL"],
      512,
      "mV",
    ],
    [
      "rdsamp",
      `Elapsed time,MLII,V1\n(seconds),(mV),(mV)\n${
        rows((i) => `${(i / 360).toFixed(3)},${i % 9},${i % 5}`)
      }`,
      ["MLII", "V1"],
      360,
      "mV",
    ],
    ["Excel", `Zeit;EKG\ns;mV\n${rows((i) => `${comma(i / 250)};${comma(i % 9 / 4)}`)}`, ["EKG"], 250, "mV"],
    [
      "Excel with empty cells",
      `Name,Jo,,\nDate,2024,,\n,,,\ntime (ms),ecg,,\n${rows((i) => `${4 * i},${i % 9},,`)}`,
      ["ecg"],
      250,
      undefined,
    ],
    [
      "R",
      `"time" "ecg"\n${rows((i) => `"${i + 1}" ${(i / 250).toFixed(3)} ${i % 9}`)}`,
      ["ecg"],
      250,
      undefined,
    ],
    [
      "sensor app",
      `Phone timestamp;timestamp [ns];ecg [uV]\n${
        rows((i) => `2024-01-31T12:00:00;${6e17 + i * 4e6};${i % 9}`)
      }`,
      ["ecg [uV]"],
      250,
      "uV",
    ],
    [
      "BITalino",
      `# Sampling rate: 1000\n${rows((i) => `${i % 16}\t0\t${i * 7 % 11}`)}`,
      ["column 3", "column 2"],
      1000,
      undefined,
    ],
  ];
  for (const [program, text, names, fs, unit] of cases) {
    const read1 = await read(text, {});
    assert.deepEqual([read1.names, read1.fs, read1.lead.unit?.symbol, read1.samples.length], [
      names,
      fs,
      unit,
      200,
    ], program);
  }
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
