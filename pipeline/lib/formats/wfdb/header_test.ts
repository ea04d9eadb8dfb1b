import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError } from "../../core/errors.ts";
import { createRng } from "../../core/rng.ts";
import { formatHeader, parseHeader } from "./header.ts";
import type { RecordHeader } from "./record.ts";

const MINIMAL = { adcResolutionBits: 12, adcZeroAdu: 0, baselineAdu: 0, gainAduPerUnit: 200, units: "mV" };

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
    ["r/3 2 360 10", /multi-segment records are not supported.*"r\/3" \(line 1\)/],
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
    [signal("r.dat 80"), /storage format must be 212 or 16, others are not supported, got "80"/],
    [signal("r.dat 212x4"), /several samples per frame are not supported/],
    [signal("r.dat 212:3"), /skew between signals is not supported/],
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
      { format: 80 },
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
    format: fc.constantFrom(212, 16),
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
  const whole =
    "100 2 360/10(5) 650000 0:0:0 1/1/1990\r\n100.dat 212+4 200(1024)/mV 11 1024 995 -22131 0 MLII\r\n" +
    "100.dat 212 200 11 1024 1011 20052 0 V5\r\n# 61 F\r\n";
  const rng = createRng(5);
  for (let run = 0; run < 5000; run++) {
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
        ...header.signals.flatMap((s) => Object.values(s).filter((v) => typeof v === "number")),
      ];
      assert.ok(numbers.every(Number.isFinite), text);
    } catch (error) {
      assert.ok(error instanceof FormatError, `${error}: ${JSON.stringify(text)}`);
    }
  }
});
