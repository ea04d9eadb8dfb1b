import assert from "node:assert/strict";
import { FormatError } from "./errors.ts";

Deno.test("FormatError says where it is in one line, whatever the file brought into it", () => {
  const error = new FormatError("Cannot read x: must be 1, got 2", { file: "a.csv", line: 3, byteOffset: 7 });
  assert.equal(error.message, "Cannot read x: must be 1, got 2 (a.csv, line 3, byte 7)");
  assert.equal(new FormatError("no place").message, "no place");
  const hostile = new FormatError("got \u001b[2J\n\u009b0m", { file: "a\nb" });
  assert.equal(hostile.message, "got ?[2J??0m (a?b)");
  assert.equal(hostile.file, "a\nb");
});
