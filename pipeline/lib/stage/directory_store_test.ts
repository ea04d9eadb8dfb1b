import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { StageError } from "../core/errors.ts";
import { downloadDatabase, SUMS_FILE } from "../sources/physionet.ts";
import { createDirectoryStore } from "./directory_store.ts";

const ascii = (text: string) => new TextEncoder().encode(text);

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir();
  try {
    await test(`${parent}/data/mit_database`);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

async function write(folder: string, name: string, ...chunks: string[]): Promise<void> {
  const writer = await createDirectoryStore(folder).append(name);
  for (const chunk of chunks) await writer.write(ascii(chunk));
  await writer.close();
}

/** Starts a program of its own that has `folder`, the store and the download at hand. */
function spawnProgram(folder: string, body: string, permissions: string[]): Deno.ChildProcess {
  const from = (path: string) => JSON.stringify(import.meta.resolve(path));
  const program = `import { downloadDatabase } from ${from("../sources/physionet.ts")};
    import { createDirectoryStore } from ${from("./directory_store.ts")};
    const folder = ${JSON.stringify(folder)};
    ${body}`;
  const args = ["run", "--no-config", "--no-check", ...permissions];
  const url = `data:application/typescript,${encodeURIComponent(program)}`;
  return new Deno.Command(Deno.execPath(), { args: [...args, url], stdout: "piped", stderr: "inherit" })
    .spawn();
}

Deno.test("createDirectoryStore() appends, reads, renames and removes", async () => {
  await withFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    assert.equal(await store.size("a"), undefined);
    await write(folder, "a", "one ", "two ");
    await write(folder, "a", "three");
    await write(folder, "b", "replaced");
    assert.equal(await store.size("a"), 13);
    await store.rename("a", "b");
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for await (const chunk of store.read("b")) chunks.push(chunk.slice());
    assert.equal(await new Blob(chunks).text(), "one two three");
    await store.remove("b");
    await store.remove("b");
    assert.equal(await store.size("b"), undefined);
  });
});

Deno.test("createDirectoryStore() stays in its folder", async () => {
  await withFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    for (const name of ["", "..", ".", "../x", "/x", "a/b", "a\\b", "a\u0000"]) {
      await assert.rejects(store.append(name), RangeError, JSON.stringify(name));
      await assert.rejects(store.remove(name), RangeError, JSON.stringify(name));
      await assert.rejects(store.rename("a", name), RangeError, JSON.stringify(name));
    }
  });
});

Deno.test("createDirectoryStore() says what the disk refused", async () => {
  await withFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    await Deno.mkdir(`${folder}/folder`, { recursive: true });
    await write(folder, "file", "");
    const cases: [string, () => Promise<unknown>][] = [
      ["size of a folder", () => store.size("folder")],
      ["writing into a folder", () => store.append("folder")],
      ["reading what is not there", () => store.read("missing")[Symbol.asyncIterator]().next()],
      ["renaming what is not there", () => store.rename("missing", "other")],
      ["a file in the folder's place", () => createDirectoryStore(`${folder}/file`).append("a")],
    ];
    for (const [what, work] of cases) {
      await assert.rejects(work(), (error) => {
        assert.ok(error instanceof StageError, `${what}: ${error}`);
        assert.match(error.message, /^Cannot (read|write) .*: /);
        assert.ok(error.hint);
        return true;
      });
    }
  });
});

Deno.test({
  name: "createDirectoryStore() tells of a full disk",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await withFolder(async (folder) => {
      await Deno.mkdir(folder, { recursive: true });
      // A device is only for programs with all permissions, so that another program has to meet the full disk.
      await Deno.symlink("/dev/full", `${folder}/100.dat`);
      const child = spawnProgram(
        folder,
        `const writer = await createDirectoryStore(folder).append("100.dat");
         await writer.write(new Uint8Array(9)).catch(({ name, message, hint }) => console.log(name, message, hint));`,
        ["--allow-all"],
      );
      const { stdout } = await child.output();
      assert.match(
        new TextDecoder().decode(stdout),
        /^StageError Cannot write .*100\.dat: No space left on device.* Free some space on the disk/,
      );
    });
  },
});

Deno.test("createDirectoryStore() keeps what a killed download had, and the next one asks for the rest", async () => {
  const signal = new Uint8Array(300_000).map((_, i) => (i * 7919) >> 3);
  const files = new Map([["100.hea", ascii("100 2 360 100000\n")], ["100.dat", signal]]);
  const sums = [...files].map(([name, bytes]) =>
    `${createHash("sha256").update(bytes).digest("hex")} ${name}\n`
  );
  files.set(SUMS_FILE, ascii(sums.join("")));
  const ranges: (string | null)[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const name = new URL(request.url).pathname.slice(1);
    const bytes = files.get(name)!;
    if (name !== "100.dat") return new Response(bytes);
    const range = request.headers.get("range");
    ranges.push(range);
    if (range !== null) {
      const from = Number(/^bytes=(\d+)-$/.exec(range)![1]);
      const headers = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
      return new Response(bytes.slice(from), { status: 206, headers });
    }
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent === 200_000) return new Promise(() => {});
        controller.enqueue(bytes.slice(sent, sent += 50_000));
      },
    });
    return new Response(body, { headers: { "content-length": String(bytes.length) } });
  });
  try {
    await withFolder(async (folder) => {
      const baseUrl = `http://127.0.0.1:${server.addr.port}/`;
      const child = spawnProgram(
        folder,
        `const onProgress = ({ bytesDone }) => { if (bytesDone === 200_000) console.log("now"); };
         const store = createDirectoryStore(folder);
         await downloadDatabase({ baseUrl: ${JSON.stringify(baseUrl)}, store, onProgress });`,
        ["--allow-net=127.0.0.1", `--allow-read=${folder}`, `--allow-write=${folder}`],
      );
      const output = child.stdout.getReader();
      await output.read();
      child.kill("SIGKILL");
      assert.equal((await child.status).code, 137);
      await output.cancel();

      const store = createDirectoryStore(folder);
      assert.equal(await store.size("100.dat"), undefined);
      assert.equal(await store.size("100.dat.part"), 200_000);
      assert.equal(await store.size(SUMS_FILE), undefined);
      await downloadDatabase({ baseUrl, store });
      assert.deepEqual(ranges, [null, "bytes=200000-"]);
      assert.deepEqual(await Deno.readFile(`${folder}/100.dat`), signal);
      const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
      assert.deepEqual(names, ["100.dat", "100.hea", SUMS_FILE]);
    });
  } finally {
    await server.shutdown();
  }
});
