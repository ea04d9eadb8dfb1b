import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError } from "../../core/errors.ts";
import { createRng } from "../../core/rng.ts";
import { formatHeader } from "./format_header.ts";
import { decodeHeaderText, parseHeader } from "./header.ts";
import type { RecordHeader } from "./record.ts";
import { SIGNAL_FORMATS } from "./storage_formats.ts";

const MINIMAL = {
  samplesPerFrame: 1,
  skewFrames: 0,
  adcResolutionBits: 12,
  adcZeroAdu: 0,
  baselineAdu: 0,
  gainAduPerUnit: 200,
  units: "mV",
};

Deno.test("parseHeader() reads every field of header(5)", () => {
  const text = "# before\r\n\r\nr_1-x 2 125.5/24000(7.5) 75000 17:27:45.25 15/08/1994\r\n" +
    "  a.dat\t16x1:0+24  12.84(-1605)/mmHg 10 -5 -943 -23651 512  ABP  mean \r\n" +
    "# between\r\nb.dat 212\r\n#\r\n## after # it \r\n";
  assert.deepEqual(parseHeader(text), {
    record: "r_1-x",
    fs: 125.5,
    counterFrequencyHz: 24000,
    baseCounter: 7.5,
    samples: 75000,
    baseTime: "17:27:45.25",
    baseDate: "15/08/1994",
    signals: [
      {
        fileName: "a.dat",
        format: 16,
        samplesPerFrame: 1,
        skewFrames: 0,
        byteOffset: 24,
        gainAduPerUnit: 12.84,
        baselineAdu: -1605,
        units: "mmHg",
        adcResolutionBits: 10,
        adcZeroAdu: -5,
        initialValueAdu: -943,
        checksum: -23651,
        blockSizeBytes: 512,
        description: "ABP  mean",
      },
      { ...MINIMAL, fileName: "b.dat", format: 212, byteOffset: 0, description: "" },
    ],
    comments: ["before", "between", "", "# after # it"],
  });
});

Deno.test("parseHeader() fills in the defaults: 250 Hz, gain 200 for none or 0, mV, 12 bits, baseline at ADC zero", () => {
  assert.deepEqual(parseHeader("r 0"), { record: "r", fs: 250, signals: [], comments: [] });
  const [plain, zero, scientific] =
    parseHeader("r 3 1e2 0\nr.dat 212\nr.dat 212 0 0 1024\nr.dat 212 1.052e+04/NU 16 3").signals;
  assert.deepEqual(plain, { ...MINIMAL, fileName: "r.dat", format: 212, byteOffset: 0, description: "" });
  assert.deepEqual(zero, { ...plain, adcZeroAdu: 1024, baselineAdu: 1024 });
  assert.deepEqual(scientific, {
    ...plain,
    gainAduPerUnit: 10520,
    units: "NU",
    adcResolutionBits: 16,
    adcZeroAdu: 3,
    baselineAdu: 3,
  });
});

Deno.test("parseHeader() takes 0 samples as not known and an unsigned checksum as its signed twin", () => {
  const header = parseHeader("r 1 360 0\nr.dat 212 200 11 1024 995 43172");
  assert.equal(header.samples, undefined);
  assert.equal(header.signals[0].checksum, 43172 - 65536);
});

Deno.test("parseHeader() refuses by name and line what is malformed or not supported", () => {
  const signal = (line: string) => `r 1 360 10\n${line}`;
  const refusals: [string, RegExp][] = [
    ["", /a record line must be present/],
    ["# only a comment", /a record line must be present/],
    ["r", /must give a number of signals.*line 1/],
    ["r/x 2 360 10", /number of segments must be an integer in 1\.\.65536, got "x" \(line 1\)/],
    ["r/0 2 360 10", /number of segments must be an integer/],
    ["a/b/3 2 360 10", /record name must be letters/],
    ["r/2 2 360 10\ns1 10", /2 segment lines must follow the record line, got 1/],
    ["r/1 2 360 10\ns1 10\ns2 10", /promises 1 segments, nothing but comments.*line 3/],
    ["r/1 2 360 10\n../s1 10", /segment must be the plain name of a record.*got "\.\.\/s1" \(line 2\)/],
    ["r/1 2 360 10\ns1", /segment line must give a name and a number of samples/],
    ["r/1 2 360 10\ns1 10 3", /segment line must give a name and a number of samples/],
    ["r/1 2 360 10\ns1 9", /segments must have 10 samples together, got 9/],
    ["r/2 2 360\ns1 2147483647\ns2 1", /at most 2147483647 samples together, got 2147483648/],
    ["r/2 2 360 10\ns1 10\ns2 0", /only a layout, the first segment, may have no samples.*line 3/],
    ["r/1 2 360\n~ 0", /only a layout/],
    ["r/2 2 360 10\nl 0\nr 10", /segment must be another record than the one it is of, got "r"/],
    ["../r 1", /record name must be letters/],
    ["r 1 360 10 0:0:0 1\/1\/1990 more", /at most 6 fields/],
    ["r x", /number of signals must be an integer/],
    ["r -1", /number of signals must be an integer/],
    ["r 99999", /number of signals must be an integer in 0..4096/],
    ["r 1 0", /sampling rate must lie in/],
    ["r 1 1e400", /sampling rate must lie in/],
    ["r 1 abc", /sampling rate must be Hz/],
    [`r 1 ${"1".repeat(200_000)}x`, /sampling rate must be Hz/],
    ["r 1 NaN", /sampling rate must be Hz/],
    ["r 1 360 99999999999", /number of samples must be an integer in 0..2147483647/],
    ["r 1 360 1.5", /number of samples must be an integer/],
    ["r 1 360 10 noon", /base time must be/],
    ["r 1 360 10 0:0:0 today", /base date must be/],
    ["r 2 360 10\nr.dat 212", /2 signal lines must follow the record line, got 1/],
    ["r 1 360 10\nr.dat 212\nr.dat 212", /promises 1 signals, nothing but comments.*line 3/],
    [signal("r.dat"), /must give a storage format.*line 2/],
    [signal("r.dat 81"), /storage format must be one of 0 8 16 24 .* 524, got "81"/],
    [signal("r.dat 212x65536"), /samples per frame must be an integer in 0..65535/],
    [signal("r.dat 212:-3"), /skew must be an integer in 0..2147483647, got "-3"/],
    [signal("r.dat 16-1"), /storage format must be FORMATxSPF:SKEW\+OFFSET/],
    [signal("../r.dat 212"), /without a path in its name, got "..\/r.dat"/],
    [signal("/etc/r.dat 212"), /without a path/],
    [signal("a\\r.dat 212"), /without a path/],
    [signal("C:r.dat 212"), /without a path/],
    [signal("r..dat 212"), /without a path/],
    [signal("~ 16"), /without a file of their own/],
    [signal("r.dat 212 x"), /ADC gain must be/],
    [signal("r.dat 212 1e999"), /ADC gain must be finite/],
    [signal("r.dat 212 200(99999999999)"), /baseline must be an integer/],
    [signal("r.dat 212 200 1000"), /ADC resolution must be an integer in 0..32/],
    [signal("r.dat 212 200 11 0.5"), /ADC zero must be an integer/],
    [signal("r.dat 212 200 11 0 - 1"), /initial value must be an integer/],
    [signal("r.dat 212 200 11 0 1 MLII"), /checksum must be an integer/],
    [signal("r.dat 212 200 11 0 1 2 MLII"), /block size must be an integer/],
  ];
  for (const [text, message] of refusals) {
    assert.throws(() => parseHeader(text), (error) => {
      assert.ok(error instanceof FormatError, `${error}`);
      assert.match(error.message, message);
      return true;
    });
  }
  assert.throws(
    () => parseHeader("#".repeat(2 ** 20 + 1), "big.hea"),
    /at most 1048576 characters.*big\.hea/,
  );
});

Deno.test("parseHeader() reads samples per frame, skew, signals without a file and what format 8 assumes", () => {
  const { signals } = parseHeader("r 4\nr.dat 212x4:12+512\nr.dat 16x0\n~ 0 200/mV\nr.d8 8");
  assert.deepEqual(
    signals.map((
      s,
    ) => [s.fileName, s.format, s.samplesPerFrame, s.skewFrames, s.byteOffset, s.adcResolutionBits]),
    [["r.dat", 212, 4, 12, 512, 12], ["r.dat", 16, 1, 0, 0, 12], ["~", 0, 1, 0, 0, 12], [
      "r.d8",
      8,
      1,
      0,
      0,
      10,
    ]],
  );
});

Deno.test("parseHeader() reads the segments of a fixed and of a variable layout, formatHeader() writes them", () => {
  const fixed = "r/2 3 125.5 300 1:02:03\nr_1 100\nr_2 200\n# one\n";
  const header = parseHeader(fixed.replaceAll("\n", "\r\n"));
  assert.deepEqual(header, {
    record: "r",
    fs: 125.5,
    samples: 300,
    baseTime: "1:02:03",
    segmentSignals: 3,
    signals: [],
    segments: [{ record: "r_1", samples: 100 }, { record: "r_2", samples: 200 }],
    comments: ["one"],
  });
  assert.equal(formatHeader(header), fixed);
  const variable = parseHeader("r/4 3 125\nr_layout 0\n~ 7\nr_1 100\n~ 2000");
  assert.deepEqual(variable.segments!.map(({ samples }) => samples), [0, 7, 100, 2000]);
  assert.equal(variable.samples, 2107);
  assert.deepEqual(parseHeader(formatHeader(variable)), variable);
});

Deno.test("parseHeader() reads the headers of PhysioNet's challenges: date before time, Matlab files", () => {
  const { baseTime, baseDate, signals, comments } = parseHeader(
    "A0001 1 500 7500 05-Feb-2020 11:39:16\nA0001.mat 16x1+24 1000.0(0)/mV 16 0 28 -1716 0 I\n#Age: 74\n#Dx: 59118001\n",
  );
  assert.deepEqual([baseTime, baseDate], ["11:39:16", "05/02/2020"]);
  assert.deepEqual([signals[0].format, signals[0].samplesPerFrame, signals[0].byteOffset], [16, 1, 24]);
  assert.deepEqual(comments, ["Age: 74", "Dx: 59118001"]);
  assert.throws(
    () => parseHeader("r 0 500 7500 05-Feb-2020"),
    /base time must be HH:MM:SS, got "05-Feb-2020"/,
  );
  assert.throws(() => parseHeader("r 0 500 7500 05-Foo-2020 1:0:0"), /base time must be HH:MM:SS/);
});

Deno.test("decodeHeaderText() reads UTF-8, and Latin-1 where it is none", () => {
  assert.equal(decodeHeaderText(new TextEncoder().encode("200/µV")), "200/µV");
  assert.equal(decodeHeaderText(Uint8Array.of(0x32, 0x2f, 0xb5, 0x56)), "2/µV");
});

Deno.test("formatHeader() leaves out what header(5) assumes", () => {
  const signal = { ...MINIMAL, fileName: "r.dat", format: 212, byteOffset: 0, description: "" };
  assert.equal(
    formatHeader({ record: "r", fs: 360, signals: [signal], comments: ["", "x"] }),
    "r 1 360\nr.dat 212 200 12 0\n#\n# x\n",
  );
  const named = { ...signal, initialValueAdu: 5, checksum: -7, description: "MLII" };
  assert.equal(
    formatHeader({ record: "r", fs: 360, baseTime: "1:02:03", signals: [named], comments: [] }),
    "r 1 360 0 1:02:03\nr.dat 212 200 12 0 5 -7 0 MLII\n",
  );
});

Deno.test("formatHeader() refuses what would not read back the same", () => {
  const signal = { ...MINIMAL, fileName: "r.dat", format: 212, byteOffset: 0, description: "" };
  const header: RecordHeader = { record: "r", fs: 360, signals: [signal], comments: [] };
  const bad: RecordHeader[] = [
    { ...header, record: "../r" },
    { ...header, fs: NaN },
    { ...header, fs: 0 },
    { ...header, samples: -1 },
    { ...header, baseTime: "noon" },
    { ...header, comments: ["a\nr 1"] },
    ...[
      { fileName: "../r.dat" },
      { fileName: "r 1.dat" },
      { fileName: "" },
      { format: 81 },
      { samplesPerFrame: 0 },
      { skewFrames: -1 },
      { fileName: "~" },
      { gainAduPerUnit: 0 },
      { gainAduPerUnit: Infinity },
      { baselineAdu: 0.5 },
      { adcResolutionBits: 0 },
      { units: "m V" },
      { description: "MLII" },
      { checksum: 1 },
      { description: "a\nb", initialValueAdu: 0, checksum: 0 },
      { description: " a", initialValueAdu: 0, checksum: 0 },
    ].map((part) => ({ ...header, signals: [{ ...signal, ...part }] })),
  ];
  for (const value of bad) assert.throws(() => formatHeader(value), RangeError, JSON.stringify(value));
});

Deno.test("parseHeader() is the inverse of formatHeader() for any header that can be written", () => {
  const int32 = fc.integer();
  const word = (max: number) => fc.stringMatching(new RegExp(`^[A-Za-z0-9_]{1,${max}}$`));
  const text = fc.string({ unit: "binary", maxLength: 30 }).map((s) => s.replace(/\p{Cc}/gu, "").trim());
  const real = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x === 0 ? 1 : x);
  const signal = fc.record({
    fileName: word(20).map((stem) => `${stem}.dat`),
    format: fc.constantFrom(...SIGNAL_FORMATS),
    samplesPerFrame: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 65535 })),
    skewFrames: fc.oneof(fc.constant(0), fc.nat()),
    byteOffset: fc.nat(),
    gainAduPerUnit: real,
    baselineAdu: int32,
    units: fc.oneof(fc.constant("mV"), fc.stringMatching(/^[!-~]{1,12}$/)),
    adcResolutionBits: fc.integer({ min: 1, max: 32 }),
    adcZeroAdu: int32,
    initialValueAdu: int32,
    checksum: fc.integer({ min: -32768, max: 32767 }),
    description: text,
  }, { noNullPrototype: true });
  const header = fc.record({
    record: word(20),
    fs: fc.double({ min: 1e-5, max: 1e7, noNaN: true }),
    samples: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    baseTime: fc.constant("23:59:59.999"),
    signals: fc.array(signal, { maxLength: 4 }),
    comments: fc.array(text, { maxLength: 3 }),
  }, { requiredKeys: ["record", "fs", "signals", "comments"], noNullPrototype: true });
  fc.assert(
    fc.property(header, (value) => {
      assert.deepEqual(parseHeader(formatHeader(value)), value);
    }),
    { seed: 1, numRuns: 150 },
  );
});

Deno.test("parseHeader() answers damaged headers with a header or a FormatError", () => {
  const single =
    "100 2 360/10(5) 650000 0:0:0 1/1/1990\r\n100.dat 212x2:3+4 200(1024)/mV 11 1024 995 -22131 0 MLII\r\n" +
    "100.dat 212 200 11 1024 1011 20052 0 V5\r\n# 61 F\r\n";
  const segmented = "r/4 2 125/9 2107 0:0:0 1/1/1990\nr_layout 0\n~ 7\nr_1 100\n~ 2000\n# x\n";
  const rng = createRng(5);
  for (let run = 0; run < 5000; run++) {
    const whole = run % 2 === 0 ? single : segmented;
    const codes = Array.from(
      whole.slice(0, rng.integer(2) === 0 ? rng.integer(whole.length) : undefined),
      (c) => c.charCodeAt(0),
    );
    for (let flips = rng.integer(4); flips > 0 && codes.length > 0; flips--) {
      codes[rng.integer(codes.length)] ^= 1 << rng.integer(16);
    }
    const text = String.fromCharCode(...codes);
    try {
      const header = parseHeader(text);
      const numbers = [
        header.fs,
        ...header.segments?.map(({ samples }) => samples) ?? [],
        ...header.signals.flatMap((s) => Object.values(s).filter((v) => typeof v === "number")),
      ];
      assert.ok(numbers.every(Number.isFinite), text);
    } catch (error) {
      assert.ok(error instanceof FormatError, `${error}: ${JSON.stringify(text)}`);
    }
  }
});
