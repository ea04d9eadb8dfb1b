import assert from "node:assert/strict";
import { zipSync } from "fflate";
import { encodeNpy } from "./npy/npy.ts";
import { contentKind } from "./content_kind.ts";

Deno.test("contentKind() tells formats by their first bytes", () => {
  const text = (value: string) => new TextEncoder().encode(value);
  const cases: [Uint8Array, string | undefined][] = [
    [new Uint8Array(0), "an empty file"],
    [Uint8Array.of(0x89, ...text("HDF\r\n\x1a\n"), 0, 0), "HDF5"],
    [zipSync({ "config.json": text("{}") }), "a zip archive"],
    [Uint8Array.of(28, 0, 0, 0, ...text("TFL3")), "a TFLite model"],
    [Uint8Array.of(28, 0, 0, 0, ...text("TFL4")), undefined],
    [encodeNpy({ dtype: "<f4", shape: [1], data: new Float32Array(1) }), "a .npy array"],
    [text("Zeit;EKG\r\n0,1;µV\n"), "text"],
    [Uint8Array.of(0x89, 0x48, 0x44, 0), undefined],
    [new Uint8Array(9), undefined],
  ];
  for (const [bytes, kind] of cases) assert.equal(contentKind(bytes), kind, String(bytes));
});
