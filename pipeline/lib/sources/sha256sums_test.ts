import assert from "node:assert/strict";
import { FormatError } from "../core/errors.ts";
import { createRng } from "../core/rng.ts";
import { parseSha256Sums } from "./sha256sums.ts";

const DIGEST = "8d8a5349fb16638ebbf649f1779d12e96d91b736b2aafe59db43719ae583d471";
const sharedSums = new URL("../../../../shared/mitdb/SHA256SUMS.txt", import.meta.url);
const hasShared = await Deno.stat(sharedSums).then(() => true, () => false);

Deno.test("parseSha256Sums() reads PhysioNet's lines and sha256sum's", () => {
  const text =
    `${DIGEST} 100.atr\n${DIGEST}  100.dat\n${DIGEST} *100.hea\n${DIGEST.toUpperCase()} mitdbdir/a b.htm\n`;
  assert.deepEqual(
    parseSha256Sums(text),
    ["100.atr", "100.dat", "100.hea", "mitdbdir/a b.htm"].map((name) => ({ name, sha256: DIGEST })),
  );
});

Deno.test("parseSha256Sums() refuses names that lead out of the folder", () => {
  const names = ["../100.dat", "a/../../b", "/etc/passwd", "..", "./x", "a//b", "a/", "\\\\host\\x", "a\\b"];
  for (const name of [...names, "C:x", "a\u0000b", "a\tb", "a\rb", "a\u007f"]) {
    assert.throws(
      () => parseSha256Sums(`${DIGEST} 100.atr\n${DIGEST} ${name}\n`, "sums"),
      (error) => error instanceof FormatError && error.line === 2 && error.file === "sums",
      JSON.stringify(name),
    );
  }
});

Deno.test("parseSha256Sums() refuses what is no list of digests", () => {
  const cases: [string, string, RegExp][] = [
    ["empty", "", /empty/],
    ["HTML", "<!DOCTYPE html>\n<html>\n", /64 hexadecimal digits/],
    ["short digest", `${DIGEST.slice(1)} a\n`, /64 hexadecimal digits/],
    ["long digest", `0${DIGEST} a\n`, /64 hexadecimal digits/],
    ["no name", `${DIGEST} \n`, /64 hexadecimal digits/],
    ["empty line", `${DIGEST} a\n\n`, /64 hexadecimal digits/],
    ["repeated name", `${DIGEST} a\n${DIGEST} a\n`, /only once/],
    ["cut off", `${DIGEST} 100.atr\n${DIGEST} 100.d`, /line feed/],
  ];
  for (const [what, text, message] of cases) {
    assert.throws(() => parseSha256Sums(text), { name: "FormatError", message }, what);
  }
});

Deno.test("parseSha256Sums() answers damaged lists with entries or a FormatError", () => {
  const rng = createRng(4);
  const whole = new TextEncoder().encode(`${DIGEST} 100.atr\n${DIGEST} 100.dat\n${DIGEST} x/y.hea\n`);
  for (let i = 0; i < 2000; i++) {
    const bytes = whole.slice(0, rng.uniform() < 0.3 ? rng.integer(whole.length) : whole.length);
    for (let flips = rng.integer(4); flips > 0 && bytes.length > 0; flips--) {
      bytes[rng.integer(bytes.length)] = rng.integer(256);
    }
    try {
      for (const { name, sha256 } of parseSha256Sums(new TextDecoder().decode(bytes))) {
        assert.match(sha256, /^[0-9a-f]{64}$/);
        assert.ok(!name.split("/").includes("..") && !name.startsWith("/"), name);
      }
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  }
});

Deno.test({
  name: "[shared] parseSha256Sums() reads the list of mitdb 1.0.0",
  ignore: !hasShared,
  fn: async () => {
    const entries = parseSha256Sums(await Deno.readTextFile(sharedSums));
    assert.equal(entries.length, 704);
    assert.deepEqual(entries.find(({ name }) => name === "100.atr"), { name: "100.atr", sha256: DIGEST });
  },
});
