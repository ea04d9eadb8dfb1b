import assert from "node:assert/strict";
import { FormatError } from "../pipeline/lib/core/errors.ts";
import { createRng } from "../pipeline/lib/core/rng.ts";
import { createNativeRunner } from "./fuzz/native_runner.ts";
import { damageBytes, damageJson, fuzz, type FuzzTarget } from "./fuzz/target.ts";
import { TARGETS } from "./fuzz/targets.ts";

/** `deno task fuzz` reads many more. */
const FILES = 300;

for (const [name, target] of Object.entries(TARGETS)) {
  Deno.test(`damaged files of kind ${name} are read or refused`, async () => {
    const { files, refused } = await fuzz(target, { count: FILES, seed: 2 });
    assert.equal(files, FILES);
    assert.ok(refused > FILES / 4, `${refused} of ${files} files were refused`);
  });
}

Deno.test("fuzz() names the file on which a reader fails otherwise than by a FormatError", async () => {
  const target = (read: (bytes: Uint8Array) => void): FuzzTarget => ({
    doc: "",
    load: () => Promise.resolve([Uint8Array.of(1, 2, 3)]),
    damage: damageBytes,
    read,
  });
  let reads = 0;
  const crashing = target(() => {
    if (++reads === 5) throw new TypeError("undefined is not a function");
  });
  await assert.rejects(
    fuzz(crashing, { count: 9, seed: 1 }),
    /file 4 of seed 1: it must be read or refused by a FormatError/,
  );
  const refusing = target(() => {
    throw new FormatError("Cannot read");
  });
  assert.equal((await fuzz(refusing, { count: 7, seed: 1 })).refused, 7);
});

Deno.test("damageBytes() and damageJson() give the same for the same seed, and leave the original alone", () => {
  const file = Uint8Array.from({ length: 200 }, (_, i) => i), json = { a: [1, { b: "c" }], d: null };
  for (let seed = 0; seed < 20; seed++) {
    const damaged = damageBytes(file, createRng(seed));
    assert.deepEqual(damaged, damageBytes(file, createRng(seed)));
    assert.ok(damaged.length <= file.length);
    assert.deepEqual(damageJson(json, createRng(seed)), damageJson(json, createRng(seed)));
  }
  assert.deepEqual([file[199], json], [199, { a: [1, { b: "c" }], d: null }]);
});

Deno.test("createNativeRunner() says when the process ends instead of answering, and starts another", async () => {
  const script = Deno.makeTempFileSync({ suffix: ".ts" });
  Deno.writeTextFileSync(
    script,
    "const message = new Uint8Array(5); while (Deno.stdin.readSync(message) !== null) {" +
      "if (message[4] === 7) Deno.exit(3); console.log('read', message[4]); }",
  );
  const runner = createNativeRunner(script);
  try {
    assert.equal(await runner.run(Uint8Array.of(2)), "read 2");
    assert.equal(await runner.run(Uint8Array.of(3)), "read 3");
    await assert.rejects(runner.run(Uint8Array.of(7)), /must not end the process, got 3/);
    assert.equal(await runner.run(Uint8Array.of(4)), "read 4");
  } finally {
    await runner.close();
    Deno.removeSync(script);
  }
});
