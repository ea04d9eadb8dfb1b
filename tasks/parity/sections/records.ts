import { existsSync } from "node:fs";
import { join } from "node:path";
import { readLead } from "../../../pipeline/lib/formats/wfdb/multi_segment.ts";
import { readAnnotations } from "../../../pipeline/lib/formats/wfdb/wfdb.ts";
import { bytesOf } from "../../../pipeline/lib/formats/tflite/graph.ts";
import { openWfdbRecord } from "../../../pipeline/lib/stage/inputs/wfdb_folder.ts";
import { PROJECT } from "../../../pipeline/lib/stage/workspace.ts";
import type { ParitySection } from "../section.ts";

const DATABASE = join(PROJECT, "../shared/mitdb");
/** Of the records: two leads, all rhythms, paced beats, flutter waves. */
const RECORDS = ["100", "102", "207", "222", "234"];

/** Records of the MIT-BIH database as wfdb-python reads them. */
export const recordsSection: ParitySection = {
  name: "records",
  doc: "wfdb-python reads the same samples and annotations of MIT-BIH records",
  missing: () => existsSync(DATABASE) ? undefined : "there is no ../shared/mitdb",
  async run(folder, python) {
    for (const record of RECORDS) {
      const { plan, fileOf, annotations } = openWfdbRecord(DATABASE, {
        record,
        header: `${record}.hea`,
        annotations: `${record}.atr`,
      });
      for (const lead of plan.leads.keys()) {
        const samples = Int32Array.from(readLead(plan, lead, fileOf));
        await Deno.writeFile(`${folder}/${record}.${lead}.i32`, bytesOf(samples));
      }
      const list = readAnnotations(plan.header, annotations!);
      await Deno.writeTextFile(
        `${folder}/${record}.json`,
        JSON.stringify({
          samples: list.map(({ sample }) => sample),
          symbols: list.map(({ symbol }) => symbol),
          aux: list.map(({ aux }) => aux),
        }),
      );
    }
    await Deno.writeTextFile(
      `${folder}/cases.json`,
      JSON.stringify({ database: DATABASE, records: RECORDS }),
    );
    return await python("records_check.py", folder);
  },
};
