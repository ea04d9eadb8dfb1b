import assert from "node:assert/strict";
import { aamiClass, isBeatSymbol } from "../beats/aami.ts";
import { decodeAnnotations } from "../formats/wfdb/annotations.ts";
import { type BeatCounts, compareAnnotations, ectopicCounts, qrsCounts, samplesOfSeconds } from "./ec57.ts";
import type { ComparedAnnotation } from "./ec57_cursor.ts";
import { damageBeats, DAMAGES, describeTable, drawCase } from "./test_annotations.ts";
import golden from "./testdata/bxb.json" with { type: "json" };

// Made by tasks/parity/bxb_golden.ts; the file says with which bxb.
const MITDB = new URL("../../../../shared/mitdb/", import.meta.url);
const hasShared = await Deno.stat(new URL("100.atr", MITDB)).then(() => true, () => false);
const FS = 360, SAMPLES = 650_000;

interface Lists {
  fs: number;
  samples: number;
  reference: readonly ComparedAnnotation[];
  test: readonly ComparedAnnotation[];
}

/** What bxb prints: its table, and the counts behind Se and +P of QRS complexes, VEB and SVEB. */
function describeComparison({ fs, samples, reference, test }: Lists, fromStart: boolean): string {
  const comparison = compareAnnotations(reference, test, (symbol) => aamiClass(symbol, "bxb"), {
    toleranceSamples: samplesOfSeconds(0.15, fs),
    startSample: fromStart ? 0 : samplesOfSeconds(300, fs),
    endSample: samples,
  });
  const describe = ({ truePositives, falseNegatives, falsePositives }: BeatCounts) =>
    `${truePositives}/${truePositives + falseNegatives} ${truePositives}/${truePositives + falsePositives}`;
  const counts = [qrsCounts(comparison), ectopicCounts(comparison, "V"), ectopicCounts(comparison, "S")];
  return `${describeTable(comparison.table)} | ${counts.map(describe).join(" ")}`;
}

function readReference(record: string): ComparedAnnotation[] {
  return decodeAnnotations(Deno.readFileSync(new URL(`${record}.atr`, MITDB)));
}

Deno.test("compareAnnotations() gives the counts of bxb on drawn lists that meet all of its rules", () => {
  golden.drawn.forEach((expected, seed) => {
    const lists = drawCase(seed);
    assert.equal(describeComparison(lists, lists.fromStart), expected, `case ${seed}`);
  });
  const cells = new Set(golden.drawn.flatMap((counts) => counts.match(/[A-Z][a-z]/g) ?? []));
  assert.ok(cells.size > 40, `the cases fill ${cells.size} of 47 cells only`);
});

for (const [record, counts] of Object.entries(golden.damaged)) {
  Deno.test({
    name: `[shared] compareAnnotations() gives the counts of bxb on record ${record} with spoilt beats`,
    ignore: !hasShared,
    fn: () => {
      const reference = readReference(record), beats = reference.filter(({ symbol }) => isBeatSymbol(symbol));
      const found = DAMAGES.flatMap((damage, seed) => {
        const test = damageBeats(beats, { fs: FS, samples: SAMPLES, seed, damage });
        const lists = { fs: FS, samples: SAMPLES, reference, test };
        return [describeComparison(lists, false), describeComparison(lists, true)];
      });
      assert.deepEqual(found, counts);
    },
  });
}

for (const [record, { beats, counts }] of Object.entries(golden.detected)) {
  Deno.test({
    name: `[shared] compareAnnotations() gives the counts of bxb on record ${record} with a detector's beats`,
    ignore: !hasShared,
    fn: () => {
      let sample = 0;
      const test = beats.split(" ").map((step) => {
        sample += parseInt(step, 36);
        return { sample, symbol: "N", subtype: 0 };
      });
      const lists = { fs: FS, samples: SAMPLES, reference: readReference(record), test };
      assert.deepEqual([describeComparison(lists, false), describeComparison(lists, true)], counts);
    },
  });
}
