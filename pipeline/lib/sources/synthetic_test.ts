import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { WfdbRecord } from "../formats/wfdb/record.ts";
import { encodeRecord, readRecord } from "../formats/wfdb/wfdb.ts";
import {
  generateSyntheticRecord,
  generateSyntheticRecords,
  isSynthetic,
  SYNTHETIC_COMMENT,
  type SyntheticOptions,
} from "./synthetic.ts";

const demo: SyntheticOptions = { seed: 1, patients: 8, minutes: 5 };
const records = [...generateSyntheticRecords(demo)];

const beatsOf = (record: WfdbRecord) => record.annotations.filter(({ symbol }) => symbol !== "+");

function countSymbols(of: readonly WfdbRecord[]): Record<string, number> {
  const counts: Record<string, number> = { N: 0, A: 0, V: 0, F: 0, Q: 0 };
  for (const record of of) for (const { symbol } of beatsOf(record)) counts[symbol]++;
  return counts;
}

function sha256(of: readonly WfdbRecord[]): string {
  const hash = createHash("sha256");
  for (const { header, signals, annotations } of of) {
    hash.update(JSON.stringify(header)).update(JSON.stringify(annotations));
    for (const signal of signals) hash.update(new Uint8Array(signal.buffer));
  }
  return hash.digest("hex");
}

/** Intervals around every beat of `symbol` with a sinus beat on both sides, relative to the record's median RR. */
function intervalsAround(symbol: string): { before: number; after: number }[] {
  return records.flatMap((record) => {
    const beats = beatsOf(record);
    const rr = beats.slice(1).map(({ sample }, i) => sample - beats[i].sample);
    const median = rr.toSorted((a, b) => a - b)[rr.length >> 1];
    return beats.flatMap((beat, i) =>
      i > 0 && i + 1 < beats.length && beat.symbol === symbol && beats[i - 1].symbol === "N" &&
        beats[i + 1].symbol === "N"
        ? [{ before: rr[i - 1] / median, after: rr[i] / median }]
        : []
    );
  });
}

Deno.test("generateSyntheticRecords() gives the same bytes for the same seed, on every machine", () => {
  const small = { seed: 7, patients: 2, minutes: 0.5 };
  const hash = sha256([...generateSyntheticRecords(small)]);
  assert.equal(sha256([...generateSyntheticRecords(small)]), hash);
  assert.notEqual(sha256([...generateSyntheticRecords({ ...small, seed: 8 })]), hash);
  assert.equal(hash, "b43feb6a3cf0e1fddde2e1ac0c0f87dcfb209a74281e3488a59d751304016184");
});

Deno.test("generateSyntheticRecords() makes every patient different and independent of the others", () => {
  const hashes = new Set(records.map((record) => sha256([{ ...record, header: records[0].header }])));
  assert.equal(hashes.size, records.length);
  assert.equal(sha256([generateSyntheticRecord({ seed: 1, patient: 5, minutes: 5 })]), sha256([records[5]]));
});

Deno.test("generateSyntheticRecord() describes itself as synthetic, in the database's layout", () => {
  const { header, signals } = records[1];
  assert.equal(header.record, "s002");
  assert.equal(header.comments[0], SYNTHETIC_COMMENT);
  assert.ok(isSynthetic(header));
  assert.ok(!isSynthetic({ ...header, comments: ["69 M 1085 1629 x1"] }));
  assert.equal(header.fs, 360);
  assert.equal(header.samples, 5 * 60 * 360);
  assert.deepEqual(header.signals.map(({ description }) => description), ["MLII", "V1"]);
  for (const [i, spec] of header.signals.entries()) {
    assert.equal(spec.fileName, "s002.dat");
    assert.equal(spec.initialValueAdu, signals[i][0]);
    const sum = Array.from(signals[i]).reduce((total, value) => total + value, 0);
    assert.equal(spec.checksum, new Int16Array([sum])[0]);
  }
});

Deno.test("generateSyntheticRecord() makes a record that WFDB files hold without loss", () => {
  const files = encodeRecord(records[1]);
  assert.deepEqual([...files.keys()].sort(), ["s002.atr", "s002.dat", "s002.hea"]);
  const text = new TextDecoder().decode(files.get("s002.hea"));
  const read = readRecord({ header: { name: "s002.hea", text }, files, annotations: files.get("s002.atr") });
  assert.deepEqual(read, records[1]);
});

Deno.test("generateSyntheticRecord() stays inside the converter's range without clipping", () => {
  for (const { header, signals } of records) {
    for (const signal of signals) {
      assert.equal(signal.length, header.samples);
      const values = Array.from(signal), low = Math.min(...values), high = Math.max(...values);
      assert.ok(low > 0 && high < 2047, `${header.record}: ${low}..${high}`);
      assert.ok(high - low > 200, `${header.record} is nearly flat: ${low}..${high}`);
    }
  }
});

Deno.test("generateSyntheticRecord() clamps to the converter's range", () => {
  const { signals } = generateSyntheticRecord({ seed: 1, patient: 0, minutes: 0.1, noise: 100 });
  for (const signal of signals) {
    assert.equal(Math.min(...Array.from(signal)), 0);
    assert.equal(Math.max(...Array.from(signal)), 2047);
  }
});

Deno.test("generateSyntheticRecords() mixes the classes as an ambulatory recording does", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const counts = countSymbols([...generateSyntheticRecords({ ...demo, seed })]);
    const total = Object.values(counts).reduce((a, b) => a + b);
    const share = (symbol: string) => counts[symbol] / total;
    const text = `seed ${seed}: ${JSON.stringify(counts)}`;
    assert.ok(share("N") > 0.8 && share("N") < 0.92, text);
    assert.ok(share("A") > 0.025 && share("A") < 0.06, text);
    assert.ok(share("V") > 0.04 && share("V") < 0.1, text);
    assert.ok(share("F") > 0.005 && share("F") < 0.02, text);
    assert.ok(share("Q") > 0.002 && share("Q") < 0.012, text);
  }
});

Deno.test("generateSyntheticRecords() has N, A, V and F in any half of the patients", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const all = [...generateSyntheticRecords({ ...demo, seed })];
    for (const record of all) {
      const counts = countSymbols([record]);
      for (const symbol of ["N", "A", "V", "F"]) {
        assert.ok(counts[symbol] > 0, `seed ${seed}, ${record.header.record}: no ${symbol}`);
      }
    }
    assert.ok(countSymbols(all).Q > 0);
  }
});

Deno.test("generateSyntheticRecord() keeps a plausible rhythm", () => {
  for (const record of records) {
    const beats = beatsOf(record), name = record.header.record;
    const first = record.annotations[0];
    assert.deepEqual([first.symbol, first.aux], ["+", "(N"]);
    for (let i = 1; i < record.annotations.length; i++) {
      assert.ok(record.annotations[i].sample > record.annotations[i - 1].sample, `${name}: out of order`);
    }
    assert.ok(beats[0].sample >= 0.25 * 360 && beats[0].sample < 360, `${name}: first beat`);
    assert.ok(beats.at(-1)!.sample > record.header.samples! - 3.5 * 360, `${name}: ends early`);
    assert.ok(beats.at(-1)!.sample < record.header.samples! - 0.4 * 360, `${name}: last beat cut off`);
    for (let i = 1; i < beats.length; i++) {
      const rr = (beats[i].sample - beats[i - 1].sample) / 360;
      assert.ok(rr > 0.25 && rr < 2.5, `${name}: RR ${rr} s at sample ${beats[i].sample}`);
    }
    const rate = beats.length / 5;
    assert.ok(rate > 45 && rate < 115, `${name}: ${rate} beats a minute`);
  }
  const rates = records.map((record) => beatsOf(record).length / 5);
  assert.ok(Math.max(...rates) - Math.min(...rates) > 15, `all hearts alike: ${rates}`);
});

Deno.test("generateSyntheticRecord() varies the sinus rhythm", () => {
  for (const record of records) {
    const beats = beatsOf(record);
    const rr = beats.slice(1).flatMap((beat, i) =>
      beat.symbol === "N" && beats[i].symbol === "N" ? [beat.sample - beats[i].sample] : []
    );
    const mean = rr.reduce((a, b) => a + b) / rr.length;
    const deviation = Math.sqrt(rr.reduce((sum, x) => sum + (x - mean) ** 2, 0) / rr.length) / mean;
    assert.ok(deviation > 0.01 && deviation < 0.1, `${record.header.record}: ${deviation}`);
  }
});

Deno.test("generateSyntheticRecord() follows V by a compensatory pause and A by a shorter one", () => {
  const around = { V: intervalsAround("V"), A: intervalsAround("A"), F: intervalsAround("F") };
  for (const [symbol, list] of Object.entries(around)) {
    assert.ok(list.length > 10, `${symbol}: ${list.length}`);
  }
  const mean = (list: { before: number; after: number }[]) =>
    list.reduce((sum, { before, after }) => sum + before + after, 0) / list.length;
  for (const { before, after } of [...around.V, ...around.A]) {
    assert.ok(before < 0.9, `premature beat at ${before} of the median RR`);
    assert.ok(after > before);
  }
  for (const { before, after } of around.V) {
    assert.ok(after > 1.1, `no pause: ${after}`);
    assert.ok(Math.abs(before + after - 2) < 0.3, `not compensatory: ${before} + ${after}`);
  }
  assert.ok(Math.abs(mean(around.V) - 2) < 0.03, `V: ${mean(around.V)}`);
  assert.ok(mean(around.A) < 1.85, `A: ${mean(around.A)}`);
  for (const { before } of around.F) assert.ok(before > 0.8 && before < 1.15, `fusion at ${before}`);
});

Deno.test("generateSyntheticRecord() marks runs of bigeminy in every third patient", () => {
  for (const [patient, record] of records.entries()) {
    const starts = record.annotations.flatMap(({ aux }, i) => aux === "(B" ? [i] : []);
    assert.equal(starts.length > 0, patient % 3 === 1, record.header.record);
    for (const start of starts) {
      const end = record.annotations.findIndex(({ symbol }, i) => i > start && symbol === "+");
      const run = record.annotations.slice(start + 1, end < 0 ? undefined : end).map(({ symbol }) => symbol);
      assert.match(run.join(""), /^(VN)+V?$/);
    }
  }
});

Deno.test("generateSyntheticRecord() annotates the largest deflection of the QRS", () => {
  for (const noise of [0, 1]) {
    for (const record of generateSyntheticRecords({ ...demo, patients: 6, noise })) {
      const [mlii] = record.signals;
      let off = 0;
      const beats = beatsOf(record).filter(({ symbol }) => symbol !== "Q");
      for (const { sample, symbol } of beats) {
        // The baseline drifts by some tenths of a mV over seconds: measure from the surroundings' median.
        const near = mlii.slice(Math.max(0, sample - 180), sample + 180).toSorted();
        const baseline = near[near.length >> 1];
        let peak = sample - 25;
        for (let n = sample - 25; n <= sample + 25; n++) {
          if (Math.abs(mlii[n] - baseline) > Math.abs(mlii[peak] - baseline)) peak = n;
        }
        const limit = noise === 0 ? 2 : symbol === "N" || symbol === "A" ? 2 : 6;
        if (Math.abs(peak - sample) > limit) off++;
      }
      const allowed = noise === 0 ? 0 : 0.01 * beats.length;
      assert.ok(off <= allowed, `${record.header.record}, noise ${noise}: ${off} of ${beats.length}`);
    }
  }
});

Deno.test("generateSyntheticRecord() draws V wide and N narrow", () => {
  const widthMs = { N: [] as number[], V: [] as number[] };
  for (const record of generateSyntheticRecords({ ...demo, noise: 0 })) {
    const [mlii] = record.signals;
    for (const { sample, symbol } of beatsOf(record)) {
      if (symbol !== "N" && symbol !== "V") continue;
      const half = Math.abs(mlii[sample] - 1024) / 2;
      let left = sample, right = sample;
      while (Math.abs(mlii[left] - 1024) > half) left--;
      while (Math.abs(mlii[right] - 1024) > half) right++;
      widthMs[symbol].push(((right - left) * 1000) / 360);
    }
  }
  assert.ok(Math.max(...widthMs.N) < 55, `N up to ${Math.max(...widthMs.N)} ms at half height`);
  assert.ok(Math.min(...widthMs.V) > 60, `V from ${Math.min(...widthMs.V)} ms at half height`);
});

Deno.test("generateSyntheticRecord() serves other sampling rates", () => {
  for (const fs of [100, 250, 1000]) {
    const record = generateSyntheticRecord({ seed: 3, patient: 0, minutes: 1, fs });
    assert.equal(record.header.samples, 60 * fs);
    const beats = beatsOf(record).length;
    assert.ok(beats > 45 && beats < 110, `${beats} beats at ${fs} Hz`);
  }
});

Deno.test("generateSyntheticRecords() refuses options out of range", () => {
  for (
    const bad of [{ patients: 0 }, { patients: 1.5 }, { minutes: 0 }, { minutes: NaN }, { fs: 10 }, {
      noise: -1,
    }]
  ) {
    assert.throws(() => [...generateSyntheticRecords({ ...demo, ...bad })], RangeError, JSON.stringify(bad));
  }
});
