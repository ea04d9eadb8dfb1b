import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { FormatError, StageError, UsageError } from "../core/errors.ts";
import { createRng } from "../core/rng.ts";
import type { FileStore } from "./file_store.ts";
import { downloadDatabase, type DownloadOptions, type DownloadProgress, SUMS_FILE } from "./physionet.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const ascii = (text: string) => new TextEncoder().encode(text);

/** Two records of the layout of mitdb, with the extra files that a client has no use for. */
function tinyDatabase(): Map<string, Uint8Array<ArrayBuffer>> {
  const rng = createRng(6);
  const files = new Map<string, Uint8Array<ArrayBuffer>>([["RECORDS", ascii("100\n101\n")]]);
  for (const record of ["100", "101"]) {
    files.set(`${record}.hea`, ascii(`${record} 2 360 20000\n${record}.dat 212 200 11 1024 995 0 0 MLII\n`));
    files.set(`${record}.dat`, Uint8Array.from({ length: 60_000 }, () => rng.integer(256)));
    files.set(`${record}.atr`, Uint8Array.from({ length: 400 }, () => rng.integer(256)));
    files.set(`${record}.xws`, ascii("-r mitdb"));
  }
  files.set("102-0.atr", ascii("older"));
  files.set("x_mitdb/x_108.hea", ascii("x_108 2 360 10\n"));
  return files;
}

const WANTED = ["100.atr", "100.dat", "100.hea", "101.atr", "101.dat", "101.hea", "RECORDS"];

const sumsOf = (files: Map<string, Uint8Array>) =>
  [...files].map(([name, bytes]) => `${sha256(bytes)} ${name}\n`).join("");

interface Visit {
  name: string;
  range: string | null;
  /** How often the file was asked for before. */
  earlier: number;
}

/** What a test puts in the place of the right answer; undefined where the server is to behave. */
type Trouble = (visit: Visit, bytes: Uint8Array<ArrayBuffer>) => Response | undefined;

/** A real server on loopback that holds the tiny database under /files/tiny/1.0/. */
async function withServer(
  trouble: Trouble,
  test: (server: { baseUrl: string; visits: Visit[]; files: Map<string, Uint8Array> }) => Promise<void>,
  files = tinyDatabase(),
): Promise<void> {
  const visits: Visit[] = [];
  const handle = (request: Request): Response => {
    const name = decodeURIComponent(new URL(request.url).pathname.replace("/files/tiny/1.0/", ""));
    const bytes = name === SUMS_FILE ? ascii(sumsOf(files)) : files.get(name);
    const earlier = visits.filter((visit) => visit.name === name).length;
    const visit = { name, range: request.headers.get("range"), earlier };
    visits.push(visit);
    if (bytes === undefined) return new Response("no such file", { status: 404 });
    const answer = trouble(visit, bytes);
    if (answer !== undefined) return answer;
    if (visit.range === null) return new Response(bytes);
    const from = Number(/^bytes=(\d+)-$/.exec(visit.range)![1]);
    if (from >= bytes.length) return new Response(null, { status: 416 });
    const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
    return new Response(bytes.slice(from), { status: 206, headers: { "content-range": range } });
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handle);
  try {
    await test({ baseUrl: `http://127.0.0.1:${server.addr.port}/files/tiny/1.0/`, visits, files });
  } finally {
    await server.shutdown();
  }
}

function createMemoryStore() {
  const files = new Map<string, Uint8Array>();
  const store: FileStore = {
    size: (name) => Promise.resolve(files.get(name)?.length),
    async *read(name) {
      const bytes = await Promise.resolve(files.get(name)!);
      for (let from = 0; from < bytes.length; from += 1000) yield bytes.subarray(from, from + 1000);
    },
    append: (name) => {
      files.set(name, files.get(name) ?? new Uint8Array());
      return Promise.resolve({
        write: (chunk) => {
          files.set(name, Uint8Array.from([...files.get(name)!, ...chunk]));
          return Promise.resolve();
        },
        close: () => Promise.resolve(),
      });
    },
    rename: (from, to) => {
      files.set(to, files.get(from)!);
      files.delete(from);
      return Promise.resolve();
    },
    remove: (name) => {
      files.delete(name);
      return Promise.resolve();
    },
  };
  return { store, files };
}

/** Download options without real waits; `delays` collects what would have been waited. */
function quick(baseUrl: string, store: FileStore): DownloadOptions & { delays: number[] } {
  const delays: number[] = [];
  const sleep = (ms: number) => Promise.resolve(void delays.push(ms));
  return { baseUrl, store, timeoutMs: 5000, sleep, delays };
}

function assertComplete(stored: Map<string, Uint8Array>, files: Map<string, Uint8Array>): void {
  assert.deepEqual([...stored.keys()].sort(), [...WANTED, SUMS_FILE].sort());
  for (const name of WANTED) assert.deepEqual(stored.get(name), files.get(name), name);
}

const NO_TROUBLE: Trouble = () => undefined;

/** A body that promises all bytes, sends the first `count`, and then ends or falls silent. */
function partialResponse(bytes: Uint8Array<ArrayBuffer>, count: number, then: "end" | "stall"): Response {
  let sent = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (!sent) {
        sent = true;
        controller.enqueue(bytes.slice(0, count));
      } else if (then === "stall") {
        await new Promise(() => {});
      } else {
        controller.close();
      }
    },
  });
  return new Response(body, { headers: { "content-length": String(bytes.length) } });
}

Deno.test("downloadDatabase() fetches and verifies the record files of a database", async () => {
  await withServer(NO_TROUBLE, async ({ baseUrl, visits, files }) => {
    const { store, files: stored } = createMemoryStore();
    const seen: DownloadProgress[] = [];
    const result = await downloadDatabase({
      ...quick(baseUrl, store),
      onProgress: (progress) => seen.push(progress),
    });
    assertComplete(stored, files);
    assert.deepEqual(result.fetched.toSorted(), WANTED);
    assert.deepEqual(result.files.map(({ name }) => name).sort(), WANTED);
    assert.equal(visits[0].name, SUMS_FILE);
    assert.equal(visits.length, WANTED.length + 1);
    assert.deepEqual([seen.at(-1)!.filesDone, seen.at(-1)!.filesTotal], [WANTED.length, WANTED.length]);
    const dat = seen.filter(({ file }) => file === "100.dat");
    assert.ok(dat.some(({ bytesDone, bytesTotal }) => bytesDone === 60_000 && bytesTotal === 60_000));
  });
});

Deno.test("downloadDatabase() fetches nothing twice, and again what does not match", async () => {
  await withServer(NO_TROUBLE, async ({ baseUrl, visits, files }) => {
    const { store, files: stored } = createMemoryStore();
    await downloadDatabase(quick(baseUrl, store));
    visits.length = 0;
    assert.deepEqual((await downloadDatabase(quick(baseUrl, store))).fetched, []);
    assert.deepEqual(visits.map(({ name }) => name), [SUMS_FILE]);

    stored.get("100.dat")![7] ^= 1;
    assert.deepEqual((await downloadDatabase(quick(baseUrl, store))).fetched, ["100.dat"]);
    assertComplete(stored, files);
  });
});

Deno.test("downloadDatabase() takes back the mark of a complete download when a file has to be fetched", async () => {
  let gone = false;
  const trouble: Trouble = ({ name }) =>
    gone && name === "100.dat" ? new Response(null, { status: 404 }) : undefined;
  await withServer(trouble, async ({ baseUrl }) => {
    const { store, files: stored } = createMemoryStore();
    await downloadDatabase(quick(baseUrl, store));
    gone = true;
    await downloadDatabase(quick(baseUrl, store));
    assert.ok(stored.has(SUMS_FILE));
    stored.delete("100.dat");
    await assert.rejects(downloadDatabase(quick(baseUrl, store)), StageError);
    assert.ok(!stored.has(SUMS_FILE));
  });
});

Deno.test("downloadDatabase() repeats after 503 and 429 and honours Retry-After up to a cap", async () => {
  const trouble: Trouble = ({ name, earlier }) => {
    if (name === "100.dat" && earlier < 2) return new Response(null, { status: 503 });
    if (name === SUMS_FILE && earlier === 0) {
      return new Response(null, { status: 429, headers: { "retry-after": "7" } });
    }
    if (name === "101.dat" && earlier === 0) {
      return new Response(null, { status: 503, headers: { "retry-after": "86400" } });
    }
  };
  await withServer(trouble, async ({ baseUrl, visits, files }) => {
    const { store, files: stored } = createMemoryStore();
    const options = quick(baseUrl, store);
    const retried: string[] = [];
    await downloadDatabase({
      ...options,
      onRetry: ({ file, attempt }) => retried.push(`${file} ${attempt}`),
    });
    assertComplete(stored, files);
    assert.equal(visits.filter(({ name }) => name === "100.dat").length, 3);
    assert.deepEqual(retried.sort(), ["100.dat 1", "100.dat 2", "101.dat 1", `${SUMS_FILE} 1`]);
    assert.equal(options.delays[0], 7000);
    assert.equal(Math.max(...options.delays), 60_000);
  });
});

Deno.test("downloadDatabase() waits longer from attempt to attempt and gives up with a hint", async () => {
  const trouble: Trouble = ({ name }) => name === "100.hea" ? new Response(null, { status: 500 }) : undefined;
  await withServer(trouble, async ({ baseUrl, visits }) => {
    const { store, files: stored } = createMemoryStore();
    const options = { ...quick(baseUrl, store), retries: 3 };
    await assert.rejects(downloadDatabase(options), (error) => {
      assert.ok(error instanceof StageError);
      assert.match(error.message, /^Cannot download 100\.hea from http.*100\.hea: .* 500 .*\(4 attempts\)$/);
      assert.match(error.hint!, /--mirror URL.*--source <folder>/);
      return true;
    });
    assert.equal(visits.filter(({ name }) => name === "100.hea").length, 4);
    for (const [i, delay] of options.delays.entries()) {
      assert.ok(delay >= 250 * 2 ** i && delay <= 500 * 2 ** i, `wait ${i}: ${delay} ms`);
    }
    assert.equal(options.delays.length, 3);
    assert.ok(!stored.has(SUMS_FILE), "the mark of a complete download must not stand");
    assert.ok(stored.has(`${SUMS_FILE}.part`), "the mark of an unfinished download must stand");
    assert.ok(!stored.has("100.hea"));
  });
});

Deno.test("downloadDatabase() gives up a stalled connection and goes on where it stopped", async () => {
  const trouble: Trouble = ({ name, earlier }, bytes) =>
    name === "100.dat" && earlier === 0 ? partialResponse(bytes, 20_000, "stall") : undefined;
  await withServer(trouble, async ({ baseUrl, visits, files }) => {
    const { store, files: stored } = createMemoryStore();
    await downloadDatabase({ ...quick(baseUrl, store), timeoutMs: 300 });
    assertComplete(stored, files);
    assert.deepEqual(visits.filter(({ name }) => name === "100.dat").map(({ range }) => range), [
      null,
      "bytes=20000-",
    ]);
  });
});

Deno.test("downloadDatabase() takes a truncated body for what it is", async () => {
  const trouble: Trouble = ({ name, earlier }, bytes) =>
    name === "101.dat" && earlier === 0 ? partialResponse(bytes, 30_000, "end") : undefined;
  await withServer(trouble, async ({ baseUrl, visits, files }) => {
    const { store, files: stored } = createMemoryStore();
    const retried: string[] = [];
    await downloadDatabase({
      ...quick(baseUrl, store),
      onRetry: ({ file, reason }) => retried.push(`${file}: ${reason}`),
    });
    assertComplete(stored, files);
    assert.equal(visits.filter(({ name }) => name === "101.dat").length, 2);
    assert.equal(retried.length, 1);
    assert.doesNotMatch(retried[0], /SHA-256/, "the missing bytes, not the digest, tell a truncated body");
  });
});

Deno.test("downloadDatabase() counts the bytes where fetch itself lets a short body pass", async () => {
  await withServer(NO_TROUBLE, async ({ baseUrl, visits, files }) => {
    const { store, files: stored } = createMemoryStore();
    const retried: string[] = [];
    let cut = false;
    const lenient: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      if (cut || !String(input).endsWith("101.dat")) return response;
      cut = true;
      return new Response((await response.arrayBuffer()).slice(0, 10_000), { headers: response.headers });
    };
    await downloadDatabase({
      ...quick(baseUrl, store),
      fetch: lenient,
      onRetry: ({ reason }) => retried.push(reason),
    });
    assertComplete(stored, files);
    assert.deepEqual(retried, ["the connection ended after 10000 of 60000 bytes"]);
    assert.equal(visits.findLast(({ name }) => name === "101.dat")!.range, "bytes=10000-");
  });
});

Deno.test("downloadDatabase() resumes a killed download and asks only for the rest", async () => {
  await withServer(NO_TROUBLE, async ({ baseUrl, visits, files }) => {
    const { store, files: stored } = createMemoryStore();
    stored.set("100.dat.part", files.get("100.dat")!.slice(0, 45_678));
    stored.set("101.dat.part", files.get("101.dat")!);
    await downloadDatabase(quick(baseUrl, store));
    assertComplete(stored, files);
    assert.deepEqual(visits.filter(({ name }) => name === "100.dat").map(({ range }) => range), [
      "bytes=45678-",
    ]);
    assert.deepEqual(visits.filter(({ name }) => name === "101.dat"), [], "the part was whole");
  });
});

Deno.test("downloadDatabase() starts again when the server ignores the range or misplaces it", async () => {
  const answers: Trouble[] = [
    ({ range }, bytes) => range === null ? undefined : new Response(bytes),
    ({ range }) => range === null ? undefined : new Response(null, { status: 416 }),
    ({ range }, bytes) =>
      range === null ? undefined : new Response(bytes.slice(5), {
        status: 206,
        headers: { "content-range": `bytes 5-${bytes.length - 1}/${bytes.length}` },
      }),
    ({ range }, bytes) => range === null ? undefined : new Response(bytes.slice(99), { status: 206 }),
  ];
  for (const trouble of answers) {
    await withServer(trouble, async ({ baseUrl, files }) => {
      const { store, files: stored } = createMemoryStore();
      stored.set("100.dat.part", files.get("100.dat")!.slice(0, 1000));
      const options = quick(baseUrl, store);
      await downloadDatabase(options);
      assertComplete(stored, files);
      assert.deepEqual(options.delays, [], "starting again is no failed attempt");
    });
  }
});

Deno.test("downloadDatabase() drops a part that does not belong to the file", async () => {
  await withServer(NO_TROUBLE, async ({ baseUrl, visits, files }) => {
    const { store, files: stored } = createMemoryStore();
    stored.set("100.dat.part", new Uint8Array(1000));
    stored.set("101.dat.part", new Uint8Array(70_000));
    await downloadDatabase(quick(baseUrl, store));
    assertComplete(stored, files);
    assert.deepEqual(visits.filter(({ name }) => name === "100.dat").map(({ range }) => range), [
      "bytes=1000-",
      null,
    ]);
  });
});

Deno.test("downloadDatabase() fetches corrupt content again, and never stores it", async () => {
  const corrupt = (times: number): Trouble => ({ name, earlier }, bytes) => {
    if (name !== "100.atr" || earlier >= times) return undefined;
    const wrong = bytes.slice();
    wrong[3] ^= 1;
    return new Response(wrong);
  };
  await withServer(corrupt(1), async ({ baseUrl, files }) => {
    const { store, files: stored } = createMemoryStore();
    await downloadDatabase(quick(baseUrl, store));
    assertComplete(stored, files);
  });
  await withServer(corrupt(Infinity), async ({ baseUrl }) => {
    const { store, files: stored } = createMemoryStore();
    await assert.rejects(downloadDatabase({ ...quick(baseUrl, store), retries: 2 }), (error) => {
      assert.ok(error instanceof StageError);
      assert.match(error.message, /100\.atr.*SHA-256 of its 400 bytes must be .*, got .*\(3 attempts\)/);
      assert.ok(error.hint);
      return true;
    });
    assert.ok(!stored.has("100.atr") && !stored.has("100.atr.part"));
  });
});

Deno.test("downloadDatabase() fails at once on a missing file, naming it", async () => {
  const trouble: Trouble = ({ name }) => name === "101.hea" ? new Response(null, { status: 404 }) : undefined;
  await withServer(trouble, async ({ baseUrl, visits }) => {
    const { store } = createMemoryStore();
    const options = quick(baseUrl, store);
    await assert.rejects(downloadDatabase(options), {
      name: "StageError",
      message: `Cannot download 101.hea from ${baseUrl}101.hea: the server answers 404 Not Found`,
    });
    assert.deepEqual(options.delays, []);
    assert.equal(visits.filter(({ name }) => name === "101.hea").length, 1);
  });
  await withServer(NO_TROUBLE, async ({ baseUrl }) => {
    const { store, files: stored } = createMemoryStore();
    const elsewhere = baseUrl.replace("1.0/", "2.0");
    await assert.rejects(downloadDatabase(quick(elsewhere, store)), {
      name: "StageError",
      message: /^Cannot download SHA256SUMS\.txt from .*2\.0\/SHA256SUMS\.txt: the server answers 404/,
    });
    assert.equal(stored.size, 0);
  });
});

Deno.test("downloadDatabase() refuses a list of digests that leads out of the folder or is none", async () => {
  const evil = `${"0".repeat(64)} ../evil.hea\n`;
  for (const body of [evil, "<html>log in first</html>\n", ""]) {
    const trouble: Trouble = ({ name }) => name === SUMS_FILE ? new Response(body) : undefined;
    await withServer(trouble, async ({ baseUrl, visits }) => {
      const { store, files: stored } = createMemoryStore();
      await assert.rejects(downloadDatabase(quick(baseUrl, store)), FormatError);
      assert.equal(visits.length, 1);
      assert.equal(stored.size, 0);
    });
  }
});

Deno.test("downloadDatabase() says when a list names no records", async () => {
  await withServer(NO_TROUBLE, async ({ baseUrl }) => {
    const { store } = createMemoryStore();
    await assert.rejects(downloadDatabase(quick(baseUrl, store)), {
      name: "StageError",
      message: /must name WFDB records/,
    });
  }, new Map([["RECORDS", ascii("")], ["x/100.hea", ascii("")]]));
});

Deno.test("downloadDatabase() never fetches a name with a folder, whatever the selection says", async () => {
  await withServer(NO_TROUBLE, async ({ baseUrl, visits }) => {
    const { store, files: stored } = createMemoryStore();
    await downloadDatabase({ ...quick(baseUrl, store), select: (entries) => [...entries] });
    assert.ok(visits.every(({ name }) => !name.includes("/")));
    assert.ok(stored.has("100.xws") && stored.has("102-0.atr"));
  });
});

Deno.test("downloadDatabase() refuses a body that is too long, announced or not", async () => {
  const unannounced: Trouble = ({ name }, bytes) =>
    name === "100.dat"
      ? new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(bytes);
            controller.close();
          },
        }),
      )
      : undefined;
  for (const trouble of [NO_TROUBLE, unannounced]) {
    await withServer(trouble, async ({ baseUrl, files }) => {
      const { store, files: stored } = createMemoryStore();
      files.set("101.dat", files.get("101.dat")!.slice(0, 100));
      await assert.rejects(downloadDatabase({ ...quick(baseUrl, store), maxFileBytes: 50_000 }), {
        name: "StageError",
        message: /100\.dat: the file must have at most 50000 bytes, got/,
      });
      assert.ok((stored.get("100.dat.part")?.length ?? 0) <= 50_000);
      assert.equal(
        stored.has("100.dat.part"),
        trouble === unannounced,
        "an announced length is refused unread",
      );
    });
  }
});

Deno.test("downloadDatabase() tells a user without network what to do", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const { store } = createMemoryStore();
  await assert.rejects(
    downloadDatabase({ ...quick(`http://127.0.0.1:${port}`, store), retries: 1 }),
    (error) => {
      assert.ok(error instanceof StageError);
      assert.match(error.message, /^Cannot download SHA256SUMS\.txt from .*refused.*\(2 attempts\)$/i);
      assert.match(error.hint!, /--source <folder>/);
      return true;
    },
  );
});

Deno.test("downloadDatabase() hands on what the store cannot do, without another attempt", async () => {
  await withServer(NO_TROUBLE, async ({ baseUrl, visits }) => {
    const { store } = createMemoryStore();
    const full = new StageError("Cannot write 100.dat.part: no space left", { hint: "Free some space." });
    const append: FileStore["append"] = async (name) => {
      const writer = await store.append(name);
      return name === "100.dat.part" ? { ...writer, write: () => Promise.reject(full) } : writer;
    };
    const options = quick(baseUrl, { ...store, append });
    await assert.rejects(downloadDatabase(options), full);
    assert.deepEqual(options.delays, []);
    assert.equal(visits.filter(({ name }) => name === "100.dat").length, 1);
  });
});

Deno.test("downloadDatabase() refuses an address or a concurrency that cannot be", async () => {
  const { store } = createMemoryStore();
  for (const baseUrl of ["", "physionet.org/files", "ftp://example.org/", "file:///etc/"]) {
    await assert.rejects(downloadDatabase(quick(baseUrl, store)), UsageError, baseUrl);
  }
  for (const concurrency of [0, 1.5, 17, NaN]) {
    await assert.rejects(downloadDatabase({ ...quick("http://127.0.0.1/", store), concurrency }), RangeError);
  }
});
