import assert from "node:assert/strict";
import { join } from "node:path";
import type { IngestedRecord } from "../pipeline/lib/artefacts/records.ts";
import { decodeNpy } from "../pipeline/lib/formats/npy/npy.ts";
import { finishedKeys, inFolder, runOk } from "./test_stages.ts";

const TESTDATA = new URL("../pipeline/lib/formats/wfdb/testdata/", import.meta.url);

/**
 * Ingests some of the test records in a folder of its own.
 *
 * @param add Adds files to the folder.
 */
function ingest(
  records: string[],
  read: (folder: string, ingested: IngestedRecord[]) => void,
  add: (folder: string) => void = () => {},
): Promise<void> {
  return inFolder(async (cwd) => {
    const folder = join(cwd, "records");
    Deno.mkdirSync(folder);
    for (const { name } of Deno.readDirSync(TESTDATA)) {
      if (/\.(hea|dat|atr)$/.test(name)) Deno.copyFileSync(new URL(name, TESTDATA), join(folder, name));
    }
    add(folder);
    const flags = ["--source", folder, "--records", records.join(), "--missingAnnotations", "unlabelled"];
    await runOk(cwd, "ingest", ...flags);
    const output = join(cwd, "data/01_ingest", finishedKeys(cwd, "01_ingest")[0]);
    read(output, JSON.parse(Deno.readTextFileSync(join(output, "records.json"))));
  });
}

Deno.test("ingest writes each lead of a record at its own rate and width, and joins segments with their gaps", () =>
  ingest(["frames", "layout"], (folder, records) => {
    const { frames, segments } = JSON.parse(Deno.readTextFileSync(new URL("formats.json", TESTDATA)));
    const shapes = records.map(({ record, fs, samples, leads }) => [
      record,
      fs,
      samples,
      ...leads.map((lead) => `${lead.name} ${lead.fs} ${lead.samples}`),
    ]);
    assert.deepEqual(shapes, [
      ["frames", 100, 40, "a 100 40", "b 200 80", "c 200 80", "d 300 120"],
      ["layout", 125, 77, "II 125 77", "V 125 77", "ABP 125 77"],
    ]);
    const lead = (record: string, index: number) =>
      decodeNpy(Deno.readFileSync(join(folder, `${record}.lead${index}.npy`)));
    assert.deepEqual([0, 1, 2, 3].map((i) => lead("frames", i).dtype), ["<i2", "<i4", "<i4", "<i2"]);
    assert.deepEqual([0, 1, 2, 3].map((i) => Array.from(lead("frames", i).data)), frames);
    records[1].leads.forEach(({ gainAduPerMv, baselineAdu, missingAdu }, i) => {
      const { data } = lead("layout", i);
      segments.physical[i].forEach((expected: number | null, k: number) => {
        if (expected === null) assert.equal(data[k], missingAdu);
        else assert.ok(Math.abs((data[k] - baselineAdu) / gainAduPerMv - expected) < 1e-6);
      });
    });
  }));

Deno.test("ingest takes voltages of any unit for millivolts, and numbers of another unit as they are", () => {
  const gains = {
    mV: 200,
    uV: 200_000,
    "\u00b5V": 200_000,
    uv: 200_000,
    V: 0.2,
    mmHg: 200,
    constructor: 200,
  };
  const units = Object.keys(gains);
  return ingest(["units"], (_, [{ leads }]) => {
    assert.deepEqual(
      leads.map(({ gainAduPerMv }) => Number(gainAduPerMv.toPrecision(9))),
      Object.values(gains),
    );
  }, (folder) => {
    const lines = units.map((unit) => `units.dat 16 200/${unit} 12 0 0 0 0 ${unit}`);
    Deno.writeTextFileSync(
      join(folder, "units.hea"),
      [`units ${units.length} 250 2`, ...lines, ""].join("\n"),
    );
    Deno.writeFileSync(join(folder, "units.dat"), new Uint8Array(2 * 2 * units.length));
  });
});
