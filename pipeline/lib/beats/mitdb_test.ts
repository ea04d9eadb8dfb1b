import assert from "node:assert/strict";
import { decodeAnnotations } from "../formats/wfdb/annotations.ts";
import { AAMI_CLASSES, aamiClass, type AamiMapping } from "./aami.ts";
import { rrFeatures } from "./rr.ts";
import { DS1, DS2, PACED_RECORDS, splitByPatient } from "./splits.ts";
import { cutWindows } from "./windows.ts";

const MITDB = new URL("../../../../shared/mitdb/", import.meta.url);
const hasShared = await Deno.stat(new URL("100.atr", MITDB)).then(() => true, () => false);
const MITDB_SAMPLES = 650_000;

/** Sample index and class index of each beat of a record. */
async function readBeats(record: string, mapping?: AamiMapping) {
  const annotations = decodeAnnotations(await Deno.readFile(new URL(`${record}.atr`, MITDB)));
  return annotations.flatMap(({ sample, symbol }) => {
    const name = aamiClass(symbol, mapping);
    return name === undefined ? [] : [{ sample, label: AAMI_CLASSES.indexOf(name) }];
  });
}

async function countClasses(record: string, mapping?: AamiMapping): Promise<Uint32Array> {
  const counts = new Uint32Array(AAMI_CLASSES.length);
  for (const { label } of await readBeats(record, mapping)) counts[label]++;
  return counts;
}

async function sumClasses(records: readonly string[], mapping?: AamiMapping): Promise<number[]> {
  const rows = await Promise.all(records.map((record) => countClasses(record, mapping)));
  return AAMI_CLASSES.map((_, label) => rows.reduce((sum, counts) => sum + counts[label], 0));
}

Deno.test({
  name: "[shared] aamiClass() counts the published beats per class of DS1 and DS2",
  ignore: !hasShared,
  fn: async () => {
    assert.deepEqual(await sumClasses(DS1), [45_866, 944, 3788, 415, 8]);
    assert.deepEqual(await sumClasses(DS2), [44_259, 1837, 3221, 388, 7]);
    const escapes = (await sumClasses(DS1, "bxb"))[1] - 944 + (await sumClasses(DS2, "bxb"))[1] - 1837;
    assert.equal(escapes, 16 + 229, "atrial and nodal escape beats outside the paced records");
    const all = await sumClasses([...DS1, ...DS2, ...PACED_RECORDS]);
    assert.equal(all.reduce((sum, count) => sum + count), 109_494);
  },
});

Deno.test({
  name: "[shared] splitByPatient() holds out validation patients with N, S, V and F for every seed",
  ignore: !hasShared,
  fn: async () => {
    const records = [...DS1, ...DS2, ...PACED_RECORDS];
    const classCounts = new Map(
      await Promise.all(records.map(async (record) => [record, await countClasses(record)] as const)),
    );
    const ds1 = await sumClasses(DS1);
    for (let seed = 0; seed < 30; seed++) {
      const { validation } = splitByPatient({ records, seed, classCounts });
      assert.equal(validation.length, 4);
      const shares = (await sumClasses(validation)).map((count, label) => count / ds1[label]);
      const [n, s, v, f] = shares;
      const text = `seed ${seed}: ${validation}: ${shares}`;
      assert.ok(n > 0.1 && n < 0.3 && s > 0.05 && s < 0.4 && v > 0.05 && v < 0.4 && f > 0 && f < 0.5, text);
    }
  },
});

Deno.test({
  name: "[shared] cutWindows() and rrFeatures() lose no beat of any record",
  ignore: !hasShared,
  fn: async () => {
    const signal = new Float32Array(MITDB_SAMPLES);
    let beats = 0, padded = 0, dropped = 0;
    for (const record of [...DS1, ...DS2]) {
      const rPeaks = Uint32Array.from(await readBeats(record), ({ sample }) => sample);
      const cut = cutWindows({ signal, rPeaks });
      assert.equal(cut.kept.length, rPeaks.length, record);
      padded += cut.padded;
      beats += cut.kept.length;
      dropped += rPeaks.length - cutWindows({ signal, rPeaks, edges: "drop" }).kept.length;
      assert.ok(rrFeatures(rPeaks, 360).every(Number.isFinite), record);
    }
    assert.equal(beats, 51_021 + 49_712);
    assert.deepEqual([padded, dropped], [34, 34]);
  },
});
