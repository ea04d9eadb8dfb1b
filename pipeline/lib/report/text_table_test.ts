import assert from "node:assert/strict";
import { textTable } from "./text_table.ts";

Deno.test("textTable() sets numbers to the right and words to the left", () => {
  assert.equal(
    textTable(["model", "ms"], [["cnn", "0.066"], ["lstm-int8", "14.16"]]),
    "model         ms\n---------  -----\ncnn        0.066\nlstm-int8  14.16",
  );
});
