import assert from "node:assert/strict";
import { StageError } from "../../core/errors.ts";
import { checkContent, readFileFromOutside } from "./outside_file.ts";

Deno.test("readFileFromOutside() reads files of the size that is wanted, and nothing else", () => {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeFileSync(`${folder}/four`, Uint8Array.of(1, 2, 3, 4));
    assert.deepEqual(readFileFromOutside(`${folder}/four`, { maxBytes: 4 }), Uint8Array.of(1, 2, 3, 4));
    assert.throws(() => readFileFromOutside(`${folder}/four`, { maxBytes: 3 }), /at most 3 bytes, got 4/);
    assert.throws(() => readFileFromOutside(folder, { maxBytes: 4 }), /must be a file, got a folder/);
    assert.throws(() => readFileFromOutside(`${folder}/five`, { maxBytes: 4 }), StageError);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("checkContent() names what a file is and where the wanted kind comes from", () => {
  const text = new TextEncoder().encode("time,lead\n"), tflite = new TextEncoder().encode("\x1c\0\0\0TFL3");
  assert.throws(
    () => checkContent("a.h5", tflite, "keras"),
    (error) =>
      error instanceof StageError && /\(\.h5, \.keras\), got a TFLite model$/.test(error.message) &&
      /deno task quantize/.test(error.hint!),
  );
  assert.throws(() => checkContent("a.tflite", text, "tflite"), /a\.tflite: .* \(\.tflite\), got text$/);
  assert.throws(() => checkContent("a.npy", new Uint8Array(0), "npy"), /\.npy or \.csv, got an empty file$/);
  checkContent("a.tflite", tflite, "tflite");
  // Damaged, not of another kind: its reader says where.
  checkContent("a.tflite", Uint8Array.of(28, 0, 0, 0, 1, 2, 3, 4), "tflite");
});
