import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { isBeatSymbol } from "../beats/aami.ts";
import { readRecord } from "../formats/wfdb/wfdb.ts";
import { butterworthBandpass } from "./butterworth.ts";
import { sosFiltFilt } from "./filters.ts";
import { toMillivolts } from "./leads.ts";
import { findPolarity, medianBeat, POLARITY_REACH_SECONDS } from "./polarity.ts";

const FS = 360, WIDTH = 2 * Math.round(POLARITY_REACH_SECONDS * FS) + 1;

/** Beats of one R wave and one S wave over an offset, shape [beats, WIDTH]. */
function beatsOf(
  beats: number,
  { r, s, offset = 0.3 }: { r: number; s: number; offset?: number },
): Float32Array {
  const wave = (i: number, at: number) => Math.exp(-(((i - at) / 5) ** 2));
  return Float32Array.from({ length: beats * WIDTH }, (_, at) => {
    const i = at % WIDTH - (WIDTH >> 1);
    return offset + r * wave(i, 0) + s * wave(i, 16);
  });
}

Deno.test("findPolarity() tells upright, inverted and unclear QRS complexes", () => {
  assert.equal(findPolarity(beatsOf(9, { r: 1, s: -0.2 }), WIDTH).verdict, "upright");
  assert.equal(findPolarity(beatsOf(9, { r: -1, s: 0.2 }), WIDTH).verdict, "inverted");
  assert.equal(findPolarity(beatsOf(9, { r: 0.1, s: -1 }), WIDTH).verdict, "inverted");
  assert.equal(findPolarity(beatsOf(9, { r: 1, s: -1 }), WIDTH).verdict, "unclear");
  assert.deepEqual(findPolarity(new Float32Array(0), WIDTH), {
    verdict: "unclear",
    score: 0,
    invertedShare: 0,
  });
  assert.deepEqual(findPolarity(new Float32Array(WIDTH).fill(2), WIDTH), {
    verdict: "unclear",
    score: 0,
    invertedShare: 0,
  });
});

Deno.test("findPolarity() goes by the beats that are most, and a negated lead gives the negated score", () => {
  const value = fc.float({ min: -2, max: 2, noNaN: true });
  const beats = fc.array(fc.array(value, { minLength: WIDTH, maxLength: WIDTH }), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(beats, (values) => {
      const lead = Float32Array.from(values.flat()), polarity = findPolarity(lead, WIDTH);
      const negated = findPolarity(lead.map((sample) => -sample), WIDTH);
      assert.ok(Math.abs(negated.score + polarity.score) < 1e-12);
      const opposite = { upright: "inverted", inverted: "upright", unclear: "unclear" }[polarity.verdict];
      assert.equal(negated.verdict, opposite);
    }),
    { seed: 51, numRuns: 50 },
  );
  const mixed = Float32Array.of(...beatsOf(3, { r: 1, s: 0 }), ...beatsOf(2, { r: -5, s: 0 }));
  assert.equal(findPolarity(mixed, WIDTH).verdict, "upright");
});

Deno.test("medianBeat() is the median of each sample", () => {
  assert.deepEqual([...medianBeat(Float32Array.of(1, 9, 2, 7, 6, 8), 2)], [2, 8]);
  assert.deepEqual([...medianBeat(Float32Array.of(1, 9, 2, 7), 2)], [1.5, 8]);
});

const MITDB = new URL("../../../../shared/mitdb/", import.meta.url);

Deno.test({
  name:
    "[shared] findPolarity() calls the MLII of record 207 inverted, of 117, 118 and 217 unclear, and of others upright",
  ignore: !existsSync(MITDB),
  fn() {
    const file = (name: string) => new Uint8Array(readFileSync(new URL(name, MITDB)));
    const sos = butterworthBandpass({ order: 2, lowHz: 0.5, highHz: 40, fs: FS }), reach = WIDTH >> 1;
    const unusual: Record<string, string> = {};
    for (const record of ["100", "103", "108", "114", "117", "118", "207", "208", "217", "232"]) {
      const { header, signals, annotations } = readRecord({
        header: { name: `${record}.hea`, text: new TextDecoder().decode(file(`${record}.hea`)) },
        files: new Map([[`${record}.dat`, file(`${record}.dat`)]]),
        annotations: file(`${record}.atr`),
      });
      const channel = header.signals.findIndex(({ description }) => description === "MLII");
      const lead = {
        gainAduPerMv: header.signals[channel].gainAduPerUnit,
        baselineAdu: header.signals[channel].baselineAdu,
      };
      const filtered = sosFiltFilt(
        sos,
        toMillivolts(signals[channel], lead).millivolts,
      );
      const peaks = annotations.filter(({ symbol }) => isBeatSymbol(symbol)).map(({ sample }) => sample);
      const inside = peaks.filter((peak, i) =>
        i % 5 === 0 && peak >= reach && peak + reach < filtered.length
      );
      const beats = Float32Array.from(
        inside.flatMap((peak) => [...filtered.subarray(peak - reach, peak + reach + 1)]),
      );
      const { verdict, score } = findPolarity(beats, WIDTH),
        negated = findPolarity(beats.map((value) => -value), WIDTH);
      assert.equal(negated.score, -score);
      if (verdict !== "unclear") assert.notEqual(negated.verdict, verdict);
      if (verdict !== "upright") unusual[record] = verdict;
    }
    assert.deepEqual(unusual, { "117": "unclear", "118": "unclear", "207": "inverted", "217": "unclear" });
  },
});
