import assert from "node:assert/strict";
import { FormatError } from "../../core/errors.ts";
import { parseConfig } from "./config_text.ts";

const parse = (text: string) => parseConfig(text, "config", { file: "m" });

Deno.test("parseConfig() reads JSON up to a depth that no model has, brackets in texts not counted", () => {
  const value = { a: [{ b: '[{"\\' }, `${"[".repeat(100)}`], "{": 1 };
  assert.deepEqual(parse(JSON.stringify(value)), value);
  assert.equal(JSON.stringify(parse("[".repeat(64) + "]".repeat(64))).length, 128);
});

Deno.test("parseConfig() refuses what is deeper, in no time, and what is no JSON", () => {
  const deep = "[".repeat(4_000_000) + "]".repeat(4_000_000);
  assert.throws(() => parse(deep), /config must be at most 64 lists and objects deep, got more \(m\)/);
  for (const text of ["", "{", '"', '"\\', "]]]]", "nonsense"]) {
    assert.throws(
      () => parse(text),
      (error) => error instanceof FormatError && /must be JSON/.test(error.message),
    );
  }
});
