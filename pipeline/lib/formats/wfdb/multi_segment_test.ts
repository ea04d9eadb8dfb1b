import assert from "node:assert/strict";
import { FormatError } from "../../core/errors.ts";
import { createRng } from "../../core/rng.ts";
import { encodeFrames } from "./encode_frames.ts";
import { parseHeader } from "./header.ts";
import { planRecord, readLead, readLeadParts, segmentHeaders } from "./multi_segment.ts";
import type { RecordHeader } from "./record.ts";
import { fileInMemory } from "./signal.ts";
import { sampleTraits } from "./storage_formats.ts";

const TESTDATA = new URL("./testdata/", import.meta.url);
const headersOf = (texts: Record<string, string>) =>
  new Map(Object.entries(texts).map(([name, text]) => [name, parseHeader(text, name)]));

const nothing = () => fileInMemory(new Uint8Array());

/** A fixed layout: two segments of two leads with two and one samples a frame, a gap between, one file for both. */
function fixedRecord() {
  const header = parseHeader("r/3 2 100 9\nr_1 2\n~ 4\nr_2 3");
  const segments = headersOf({
    "r_1.hea": "r_1 2 100 2\nr.dat 16x2 200/mV 16 0 1 10 0 II\nr.dat 16 100/mV 16 0 -1 -3 0 V",
    "r_2.hea": "r_2 2 100 3\nr.dat 16x2+12 200/mV 16 0 5 45 0 II\nr.dat 16+12 100/mV 16 0 -3 -12 0 V",
  });
  const first = encodeFrames(16, [Int16Array.of(1, 2, 3, 4), Int16Array.of(-1, -2)], [2, 1]);
  const second = encodeFrames(16, [Int16Array.of(5, 6, 7, 8, 9, 10), Int16Array.of(-3, -4, -5)], [2, 1]);
  return { header, segments, file: fileInMemory(Uint8Array.of(...first, ...second)) };
}

Deno.test("readLead() joins the segments of a fixed layout that share a file, gaps marked as missing", () => {
  const { header, segments, file } = fixedRecord();
  assert.deepEqual(segmentHeaders(header), ["r_1.hea", "r_2.hea"]);
  const plan = planRecord(header, segments), m = -32768;
  assert.deepEqual(plan.leads.map(({ fs, kind, missing }) => [fs, kind, missing]), [
    [200, "int16", m],
    [100, "int16", m],
  ]);
  assert.deepEqual(
    readLead(plan, 0, () => file),
    Int16Array.of(1, 2, 3, 4, m, m, m, m, m, m, m, m, 5, 6, 7, 8, 9, 10),
  );
  assert.deepEqual(readLead(plan, 1, () => file), Int16Array.of(-1, -2, m, m, m, m, -3, -4, -5));
  assert.deepEqual(plan.header.signals.map(({ description }) => description), ["II", "V"]);
});

Deno.test("readLead() gives wfdb-python's physical values where a variable layout changes gain and format", () => {
  const read = (name: string) => Deno.readFileSync(new URL(name, TESTDATA));
  const headerOf = (name: string) => parseHeader(new TextDecoder().decode(read(name)), name);
  const header = headerOf("layout.hea");
  const plan = planRecord(header, new Map(segmentHeaders(header).map((name) => [name, headerOf(name)])));
  const fileOf = ({ signals }: RecordHeader, index: number) => fileInMemory(read(signals[index].fileName));
  const { names, physical } = JSON.parse(Deno.readTextFileSync(new URL("formats.json", TESTDATA))).segments;
  assert.deepEqual(names, ["II", "V", "ABP"]);
  // II has two gains and formats, V keeps its own, ABP is in no segment.
  assert.deepEqual(plan.leads.map(({ kind }) => kind), ["float32", "int16", "int16"]);
  plan.leads.forEach(({ spec, missing }, lead) => {
    const samples = readLead(plan, lead, fileOf);
    assert.equal(samples.length, 77);
    physical[lead].forEach((expected: number | null, i: number) => {
      const value = (samples[i] - spec.baselineAdu) / spec.gainAduPerUnit;
      if (expected === null) assert.equal(samples[i], missing, `lead ${lead}, sample ${i}`);
      else assert.ok(Math.abs(value - expected) <= 1e-6, `lead ${lead}, sample ${i}: ${value}`);
    });
  });
});

Deno.test("planRecord() tells signals of one name by their order, and takes a segment that stands twice", () => {
  const line = (name: string) => `s.dat 16 1/mV 12 0 0 0 0 ${name}`;
  const plan = planRecord(
    parseHeader("r/4 3 100 7\nl 0\ns 3\n~ 1\ns 3"),
    headersOf({
      "l.hea": `l 3 100 0\n${[line("ECG"), line("V"), line("ECG")].join("\n")}`,
      "s.hea": `s 2 100 3\n${[line("ECG"), line("ECG")].join("\n")}`,
    }),
  );
  assert.deepEqual(plan.segments.map(({ signals }) => signals), [[0, -1, 1], [-1, -1, -1], [0, -1, 1]]);
});

Deno.test("planRecord() takes a record of one segment as it is", () => {
  const header = parseHeader("r 2 250 3\nr.dat 24x2 100 24 0\nr.dat 24x2 100 24 0");
  const plan = planRecord(header);
  assert.deepEqual(plan.leads.map(({ fs, kind, missing }) => [fs, kind, missing]), [
    [500, "int32", -8388608],
    [500, "int32", -8388608],
  ]);
  assert.deepEqual(plan.segments, [{ header, samples: 3, signals: [0, 1] }]);
});

Deno.test("readLeadParts() gives a gap in parts that share their memory, and asks for no file there", () => {
  const gap = 2 ** 20 + 5;
  const plan = planRecord(
    parseHeader(`r/2 1 100 ${gap + 1}\n~ ${gap}\ns 1`),
    headersOf({ "s.hea": "s 1 100 1\ns.dat 212" }),
  );
  const asked: string[] = [];
  const parts = [...readLeadParts(plan, 0, ({ record }, signal) => {
    asked.push(`${record} ${signal}`);
    return fileInMemory(Uint8Array.of(7, 0));
  })];
  assert.deepEqual(parts.map(({ length }) => length), [2 ** 20, 5, 1]);
  assert.deepEqual(asked, ["s 0"]);
  assert.deepEqual(parts[2], Int16Array.of(7));
  const empty = planRecord(
    parseHeader(`r/2 1 100 ${gap}\nl 0\n~ ${gap}`),
    headersOf({ "l.hea": "l 1 100 0\n~ 0" }),
  );
  assert.equal(readLead(empty, 0, nothing).length, gap);
  const endless = planRecord(
    parseHeader("r/2 1 100\nl 0\n~ 2147483647"),
    headersOf({ "l.hea": "l 1 100 0\n~ 0" }),
  );
  assert.throws(
    () => readLead(endless, 0, nothing),
    /read whole must have at most 536870912 samples/,
  );
  assert.equal(parts[0].buffer, parts[1].buffer);
  assert.ok(parts[1].every((value) => value === sampleTraits(212).missing));
});

Deno.test("planRecord() refuses segments that do not fit together, before anything is allocated", () => {
  const one = "s 1 100 5\ns.dat 212 200/mV 12 0 0 0 0 II";
  const cases: [string, Record<string, string>, RegExp][] = [
    ["r/1 1 100 5\ns 5", {}, /the header of its segment s must be present/],
    ["r/1 1 100 5\ns 5", { "s.hea": "s/1 1 100 5\nt 5" }, /segment s must be a record of one segment/],
    [
      "r/1 1 100 5\ns 5",
      { "s.hea": one.replace("s 1", "t 1") },
      /must be of the name that its file has, got t/,
    ],
    [
      "r/1 1 100 5\ns 5",
      { "s.hea": one.replace("100", "101") },
      /must have 100 Hz as the record has, got 101/,
    ],
    ["r/1 1 100 4\ns 4", { "s.hea": one }, /must have 4 samples as the record says, got 5/],
    ["r/1 2 100 5\ns 5", { "s.hea": one }, /segments must have 2 signals as its header says, got 1/],
    ["r/1 1 100 5\n~ 5", {}, /segments must have 1 signals as its header says, got 0/],
    [
      "r/2 1 100 10\ns 5\nt 5",
      { "s.hea": one, "t.hea": one.replace("s 1", "t 1").replace("II", "V") },
      /segment t must have the signals II as the first has, got V/,
    ],
    [
      "r/2 1 100 10\ns 5\nt 5",
      { "s.hea": one, "t.hea": one.replace("s 1", "t 1").replace("mV", "uV") },
      /lead "II" must have one unit, mV, got uV/,
    ],
    [
      "r/2 1 100 10\ns 5\nt 5",
      { "s.hea": one, "t.hea": one.replace("s 1", "t 1").replace("212", "212x2") },
      /lead "II" must have 1 samples per frame, got 2/,
    ],
    [
      "r/2 1 100 5\nl 0\ns 5",
      { "l.hea": "l 1 100 0\n~ 0 200/mV 12 0 0 0 0 V", "s.hea": one },
      /segment s must have only signals that the layout names, got II/,
    ],
    [
      `r/5000 4000 100 4999\nl 0\n${"~ 1\n".repeat(4999)}`,
      {},
      /segments and their signals must multiply to at most 16777216, got 20000000/,
    ],
    [
      "r/3 1 100 2147483647\nl 0\n~ 2147483642\ns 5",
      { "l.hea": one.replace("s 1 100 5", "l 1 100 0"), "s.hea": one.replace("212", "212x60000") },
      /gaps must have at most 4294967296 samples/,
    ],
  ];
  for (const [text, segments, message] of cases) {
    assert.throws(() => planRecord(parseHeader(text), headersOf(segments)), (error) => {
      assert.ok(error instanceof FormatError, `${error}`);
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("planRecord() and readLead() answer damaged headers with leads of one length or a FormatError", () => {
  const rng = createRng(41);
  const texts: [string, string][] = [
    ["r.hea", "r/4 2 100 12\nl 0\ns 3\n~ 4\nt 5"],
    ["l.hea", "l 2 100 0\n~ 0 1/mV 12 0 0 0 0 II\n~ 0 1/mV 12 0 0 0 0 V"],
    ["s.hea", "s 2 100 3\ns.dat 16 1/mV 12 0 0 0 0 II\ns.dat 16 1/mV 12 0 0 0 0 V"],
    ["t.hea", "t 1 100 5\nt.dat 80 2/mV 12 0 0 0 0 V"],
  ];
  const files = new Map([["s.dat", new Uint8Array(12)], ["t.dat", new Uint8Array(5).fill(128)]]);
  const fileOf = ({ signals }: RecordHeader, index: number) =>
    fileInMemory(files.get(signals[index].fileName) ?? new Uint8Array());
  let read = 0;
  for (let run = 0; run < 2000; run++) {
    const victim = rng.integer(texts.length);
    const damaged = texts.map(([name, text], i): [string, string] => {
      const at = rng.integer(text.length), code = text.charCodeAt(at) ^ (1 << rng.integer(7));
      return [
        name,
        i === victim && run > 0 ? text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1) : text,
      ];
    });
    try {
      const [[, record], ...segments] = damaged;
      const plan = planRecord(parseHeader(record), headersOf(Object.fromEntries(segments)));
      // A damaged length may ask for a gap of a thousand million samples: allowed, but nothing for a test.
      if (plan.header.samples! > 1e5) continue;
      for (const [lead, { spec }] of plan.leads.entries()) {
        const { length } = readLead(plan, lead, fileOf);
        assert.equal(length, plan.header.samples! * spec.samplesPerFrame);
      }
      read++;
    } catch (error) {
      assert.ok(error instanceof FormatError, `run ${run}: ${error}`);
    }
  }
  assert.ok(read > 100, `${read}`);
});
