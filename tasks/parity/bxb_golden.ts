/**
 * Golden counts for pipeline/lib/metrics/ec57.ts from the WFDB tool bxb.
 *
 * Requires: bxb of the WFDB Software Package 10.7.0 (or app/bxb.c alone with a reader of annotation files), and the
 * MIT-BIH Arrhythmia Database.
 * Run from the project's root:
 * deno run --allow-read --allow-write --allow-run tasks/parity/bxb_golden.ts <bxb> <folder of MIT-BIH> <made with>
 */
import { join, resolve } from "node:path";
import { isBeatSymbol } from "../../pipeline/lib/beats/aami.ts";
import { encodeAnnotations } from "../../pipeline/lib/formats/wfdb/annotations.ts";
import type { ComparedAnnotation } from "../../pipeline/lib/metrics/ec57_cursor.ts";
import {
  damageBeats,
  DAMAGES,
  describeTable,
  drawCase,
} from "../../pipeline/lib/metrics/test_annotations.ts";
import { detectBeats } from "../../pipeline/lib/signal/qrs/detector.ts";
import { DETECTORS } from "../../pipeline/lib/signal/qrs/detectors.ts";
import { readRecordLead } from "../annotated_records.ts";

const OUT = "pipeline/lib/metrics/testdata/bxb.json";
const DRAWN_CASES = 400;
const RECORDS = ["100", "101", "105", "108", "200", "203", "207", "210", "222", "232"];
/** Records on which a real detector is compared too; what it found is kept in the golden file. */
const DETECTED = ["105", "108", "203", "207", "222"];

const [bxb, mitdb, madeWith] = Deno.args;
const work = Deno.makeTempDirSync();

type Lists = { fs: number; samples: number; reference: ComparedAnnotation[]; test: ComparedAnnotation[] };

function writeList(name: string, list: ComparedAnnotation[]): void {
  const bytes = encodeAnnotations(list.map((annotation) => ({ channel: 0, num: 0, aux: "", ...annotation })));
  Deno.writeFileSync(join(work, name), bytes);
}

/** Runs bxb and reads the table of `-S`, and the counts of its lines of figures. */
function runBxb({ fs, samples, reference, test }: Lists, fromStart: boolean): string {
  Deno.writeTextFileSync(join(work, "case.hea"), `case 0 ${fs} ${samples}\n`);
  writeList("case.ref", reference);
  writeList("case.tst", test);
  const { code, stdout, stderr } = new Deno.Command(resolve(bxb), {
    args: ["-r", "case", "-a", "ref", "tst", "-S", "-", ...(fromStart ? ["-f", "0"] : [])],
    cwd: work,
  }).outputSync();
  const text = new TextDecoder().decode(stdout);
  if (code !== 0) throw new Error(`bxb ended with ${code}: ${new TextDecoder().decode(stderr)}`);
  const table = [...text.matchAll(/^ [NSVFQOX] \|(.*)$/gm)].map(([, row]) =>
    row.trim().split(/\s+/).map(Number)
  );
  const figures = [...text.matchAll(/: .*\((\d+)\/(\d+)\)$/gm)].map(([, of, all]) => `${of}/${all}`);
  return `${describeTable(table)} | ${figures.slice(0, 6).join(" ")}`;
}

const drawn = Array.from({ length: DRAWN_CASES }, (_, seed) => {
  const lists = drawCase(seed);
  return runBxb(lists, lists.fromStart);
});

const damaged: Record<string, string[]> = {},
  detected: Record<string, { beats: string; counts: string[] }> = {};
for (const record of RECORDS) {
  const found = { record, header: `${record}.hea`, annotations: `${record}.atr` };
  const { fs, ecg, annotations } = readRecordLead(mitdb, found);
  const samples = ecg.length;
  const reference = annotations.map(({ sample, symbol, subtype }) => ({ sample, symbol, subtype }));
  const beats = reference.filter(({ symbol }) => isBeatSymbol(symbol));
  damaged[record] = DAMAGES.flatMap((damage, seed) => {
    const lists = { fs, samples, reference, test: damageBeats(beats, { fs, samples, seed, damage }) };
    return [runBxb(lists, false), runBxb(lists, true)];
  });
  if (DETECTED.includes(record)) {
    const peaks = detectBeats(DETECTORS.pan_tompkins, ecg, fs);
    const test = Array.from(peaks, (sample) => ({ sample, symbol: "N", subtype: 0 }));
    const lists = { fs, samples, reference, test };
    detected[record] = {
      beats: Array.from(peaks, (peak, i) => (peak - (peaks[i - 1] ?? 0)).toString(36)).join(" "),
      counts: [runBxb(lists, false), runBxb(lists, true)],
    };
  }
}
Deno.removeSync(work, { recursive: true });
Deno.writeTextFileSync(OUT, JSON.stringify({ madeWith, drawn, damaged, detected }, null, 1) + "\n");
