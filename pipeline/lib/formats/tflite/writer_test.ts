import assert from "node:assert/strict";
import { FlatbufferFile } from "./cursor.ts";
import { decodeTflite } from "./reader.ts";
import { BUFFER, MODEL, OPERATOR_CODE } from "./schema.ts";
import { smallModel } from "./test_models.ts";
import { encodeTflite } from "./writer.ts";

Deno.test("encodeTflite() gives the same bytes for the same model", () => {
  assert.deepEqual(encodeTflite(smallModel()), encodeTflite(smallModel()));
});

Deno.test("encodeTflite() aligns buffer data to 16 bytes and leaves buffer 0 empty", () => {
  const bytes = encodeTflite(smallModel());
  const buffers = new FlatbufferFile(bytes).rootTable().tables(MODEL.buffers, "buffers");
  const data = buffers.map((buffer) => buffer.bytes(BUFFER.data, "data"));
  assert.equal(data[0], undefined);
  assert.equal(data.length, 6);
  for (const view of data.slice(1)) assert.equal((view!.byteOffset - bytes.byteOffset) % 16, 0);
});

Deno.test("encodeTflite() writes one buffer for constants that share their data", () => {
  const model = smallModel();
  model.tensors.push({ ...model.tensors[1], name: "again" });
  const buffers = new FlatbufferFile(encodeTflite(model)).rootTable().tables(MODEL.buffers, "buffers");
  assert.equal(buffers.length, 6);
});

Deno.test("encodeTflite() stores equal shapes, quantizations and options once, and others apart", () => {
  const model = smallModel(), before = encodeTflite(model).length;
  const tensor = (name: string, max: number) => ({
    name,
    type: "INT8" as const,
    shape: [1, 2, 3, 4, 5, 6],
    quantization: { scale: [0.5], zeroPoint: [3], quantizedDimension: 0, max: [max] },
  });
  for (let i = 0; i < 100; i++) model.tensors.push(tensor(`t${i}`, 1));
  const each = (encodeTflite(model).length - before) / 100;
  assert.ok(each < 50, `${each} bytes a tensor`);
  model.tensors.push(tensor("endless", Infinity), tensor("none", NaN));
  const { tensors } = decodeTflite(encodeTflite(model));
  assert.deepEqual(tensors, model.tensors);
});

Deno.test("encodeTflite() writes operator codes above 127 into the new field, a placeholder into the old", () => {
  const model = smallModel();
  model.operators.push({
    operator: "GELU",
    version: 1,
    inputs: [0],
    outputs: [3],
    optionsType: "GeluOptions",
  });
  const codes = new FlatbufferFile(encodeTflite(model)).rootTable().tables(MODEL.operatorCodes, "codes");
  const pairs = codes.map((code) => [
    code.int8(OPERATOR_CODE.deprecatedBuiltinCode),
    code.int32(OPERATOR_CODE.builtinCode),
  ]);
  assert.deepEqual(pairs, [[3, 3], [22, 22], [9, 9], [127, 150]]);
});

Deno.test("encodeTflite() refuses unknown operators, options and option fields", () => {
  const changed = (change: object) => {
    const model = smallModel();
    Object.assign(model.operators[0], change);
    return () => encodeTflite(model);
  };
  assert.throws(changed({ operator: "CONV_9D" }), /builtin ones or CUSTOM, got "CONV_9D"/);
  assert.throws(changed({ optionsType: "Conv9DOptions" }), /must be known, got "Conv9DOptions"/);
  assert.throws(changed({ options: { strides: 2 } }), /must have known fields, got "strides"/);
});

Deno.test("encodeTflite() writes texts beyond ASCII", () => {
  const model = smallModel();
  model.tensors[0].name = "Eingangsgröße μV";
  assert.equal(decodeTflite(encodeTflite(model)).tensors[0].name, "Eingangsgröße μV");
});
