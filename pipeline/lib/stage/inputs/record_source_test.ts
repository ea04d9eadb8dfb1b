import assert from "node:assert/strict";
import { join } from "node:path";
import { StageError } from "../../core/errors.ts";
import { sha256Hex } from "../files.ts";
import { findRecordSource } from "./record_source.ts";
import { openWfdbRecord, readFolderHeader } from "./wfdb_folder.ts";

/** A record of two segments in one file, a record with a Matlab and a plain file, and files that nobody asks for. */
const FILES: Record<string, string | Uint8Array> = {
  "r.hea": "r/4 1 100 9\nr_layout 0\nr_1 4\n~ 1\nr_2 4",
  "r_layout.hea": "r_layout 1 100 0\n~ 0 1/mV 12 0 0 0 0 II",
  "r_1.hea": "r_1 1 100 4\nr_all.dat 80 1/mV 8 0 1 10 0 II",
  "r_2.hea": "r_2 1 100 4\nr_all.dat 80+4 1/mV 8 0 5 26 0 II",
  "r_all.dat": Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8).map((value) => value + 128),
  "s.hea": "s 2 100 2\ns.mat 16+3\ns.d1 16",
  "s.mat": Uint8Array.of(0, 0, 0, 1, 0, 2, 0),
  "s.d1": Uint8Array.of(3, 0, 4, 0),
  "s.atr": Uint8Array.of(1, 4, 0, 0),
  "s.dat": "an older file",
  "broken.hea": "broken x y z",
};

async function inFolder(body: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "ecg-source-" });
  try {
    for (const [name, content] of Object.entries(FILES)) {
      Deno.writeFileSync(
        join(folder, name),
        typeof content === "string" ? new TextEncoder().encode(content) : content,
      );
    }
    await body(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function find(folder: string, records: string[] = [], line: (text: string) => void = () => {}) {
  return findRecordSource({
    source: folder,
    mirror: "",
    records,
    root: folder,
    dryRun: false,
    progress: { line, bar: () => ({ update: () => {}, finish: () => {} }) },
    hasher: {
      hash(path) {
        const bytes = Deno.readFileSync(path);
        return { bytes: bytes.length, sha256: sha256Hex(bytes) };
      },
      save: () => {},
    },
  });
}

Deno.test("findRecordSource() hashes every file that will be read: segments, their headers, files of any name", () =>
  inFolder(async (folder) => {
    const { inputs, external } = await find(folder, ["r", "s"]);
    assert.equal(external.kind, "wfdb");
    assert.deepEqual(inputs.map(({ name }) => name), [
      "r.hea",
      "r_1.hea",
      "r_2.hea",
      "r_all.dat",
      "r_layout.hea",
      "s.atr",
      "s.d1",
      "s.hea",
      "s.mat",
    ]);
    for (const { name, sha256 } of inputs) assert.equal(sha256, sha256Hex(FILES[name]), name);
  }));

Deno.test("findRecordSource() does not take segments for records, and asks only wanted records for a whole header", () =>
  inFolder(async (folder) => {
    await assert.rejects(find(folder, ["r_1"]), /no such record/);
    await assert.rejects(find(folder), /number of signals must be an integer.*broken\.hea/);
    Deno.removeSync(join(folder, "broken.hea"));
    const { external } = await find(folder);
    assert.deepEqual(external.kind === "wfdb" && external.records.map(({ record }) => record), ["r", "s"]);
  }));

Deno.test("openWfdbRecord() reads parts of the files and says what the folder lacks", () =>
  inFolder((folder) => {
    const { plan, fileOf } = openWfdbRecord(folder, { record: "s", header: "s.hea", annotations: "s.atr" });
    const [{ header }] = plan.segments, matlab = fileOf(header!, 0);
    assert.equal(matlab.size, 7);
    assert.deepEqual(matlab.read(3, 6), Uint8Array.of(1, 0, 2));
    Deno.truncateSync(join(folder, "s.mat"), 5);
    assert.throws(() => matlab.read(3, 6), /became shorter while it was read/);
    Deno.removeSync(join(folder, "s.d1"));
    assert.throws(() => fileOf(header!, 1), {
      name: "StageError",
      message: /Cannot ingest record s: .* has no s\.d1/,
      hint: /s\.hea names that signal file: fetch it/,
    });
    Deno.removeSync(join(folder, "r_2.hea"));
    assert.throws(() => openWfdbRecord(folder, { record: "r", header: "r.hea" }), {
      message: /has no r_2\.hea/,
      hint: /r\.hea names that segment: fetch it/,
    });
  }));

Deno.test("findRecordSource() passes over what is no file, and says so", () =>
  inFolder(async (folder) => {
    Deno.symlinkSync(folder, join(folder, "folder.hea"));
    Deno.symlinkSync(join(folder, "nowhere"), join(folder, "dangling.csv"));
    Deno.symlinkSync("loop.txt", join(folder, "loop.txt"));
    Deno.renameSync(join(folder, "s.d1"), join(folder, "elsewhere"));
    Deno.symlinkSync(join(folder, "elsewhere"), join(folder, "s.d1"));
    const lines: string[] = [];
    const { inputs } = await find(folder, ["s"], (text) => lines.push(text));
    assert.deepEqual(inputs.map(({ name }) => name), ["s.atr", "s.d1", "s.hea", "s.mat"]);
    assert.deepEqual(lines, ["3 passed over, because they are no files: dangling.csv, folder.hea, loop.txt"]);
  }));

Deno.test("findRecordSource() asks for the folder where a file is named", () =>
  inFolder(async (folder) => {
    await assert.rejects(find(join(folder, "r.hea")), (error: unknown) => {
      assert.ok(
        error instanceof StageError && /must be a folder, got a file/.test(error.message),
        String(error),
      );
      assert.match(error.hint ?? "", /--records r$/);
      return true;
    });
  }));

Deno.test("readFolderHeader() refuses a header that is too large before it reads it", () =>
  inFolder((folder) => {
    Deno.truncateSync(join(folder, "s.d1"), 2 ** 32);
    Deno.renameSync(join(folder, "s.d1"), join(folder, "large.hea"));
    assert.throws(
      () => readFolderHeader(folder, "large.hea"),
      /must have at most 4194304 bytes, got 4294967296/,
    );
  }));
