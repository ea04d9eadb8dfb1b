import assert from "node:assert/strict";
import { evaluate } from "./evaluate.ts";
import { readBatches } from "./batches.ts";
import { chooseRows, keepInMemory, rowsInFile, rowsInMemory, type WindowRows } from "./window_rows.ts";
import type { Engine } from "../engine/engine.ts";

const VALUES = 3;

/** `count` windows in a pretended file; each value says where it stands. Counts the values of the largest read. */
function pretendFile(count: number, first = 0) {
  const largest = { read: 0 };
  const file = {
    readInto(from: number, target: Float32Array) {
      largest.read = Math.max(largest.read, target.length);
      for (let i = 0; i < target.length; i++) target[i] = first + from + i;
    },
  };
  return { rows: rowsInFile(file, { count, values: VALUES }), largest };
}

function readAll(rows: WindowRows, first = 0, count = rows.count - first): number[] {
  const target = new Float32Array(count * rows.values);
  rows.read(first, target);
  return [...target];
}

Deno.test("rows read the same windows from a file, from memory and from several sources", () => {
  const a = pretendFile(4).rows, b = pretendFile(5, 12).rows, all = Array.from({ length: 27 }, (_, i) => i);
  assert.deepEqual(readAll(rowsInMemory(Float32Array.from(all), 9)), all);
  const chosen = chooseRows([a, rowsInMemory(new Float32Array(), 0), b], [
    Uint32Array.of(3, 0),
    new Uint32Array(),
    Uint32Array.of(4, 4, 1),
  ]);
  const expected = [9, 10, 11, 0, 1, 2, 24, 25, 26, 24, 25, 26, 15, 16, 17];
  assert.deepEqual(readAll(chosen), expected);
  assert.deepEqual(readAll(chosen, 1, 2), expected.slice(3, 9));
  assert.deepEqual(readAll(keepInMemory(chosen)), expected);
});

Deno.test("keepInMemory() leaves in their file what would take more than the limit", () => {
  const { rows } = pretendFile(10);
  assert.equal(keepInMemory(rows, 4 * 10 * VALUES - 1), rows);
  const kept = keepInMemory(rows, 4 * 10 * VALUES);
  assert.notEqual(kept, rows);
  assert.deepEqual(readAll(kept), readAll(rows));
});

Deno.test("training and validation never hold more windows of a file than a batch", async () => {
  const count = 1000, batchSize = 32, { rows, largest } = pretendFile(count), labels = new Uint8Array(count);
  const order = Uint32Array.from({ length: count }, (_, i) => count - 1 - i);
  let seen = 0;
  for (
    const { windows, count } of readBatches({ train: { windows: rows, labels }, batchSize, order, epoch: 1 })
  ) {
    assert.equal(windows.length, batchSize * VALUES);
    for (let i = 0; i < count; i++) assert.equal(windows[i * VALUES], VALUES * order[seen++]);
  }
  assert.equal(seen, count);
  assert.equal(largest.read, VALUES);
  const predicted: number[] = [];
  const engine = {
    batchSize,
    predict(windows: Float32Array, count: number) {
      for (let i = 0; i < count; i++) predicted.push(windows[i * VALUES]);
      return Promise.resolve(Float32Array.from({ length: 2 * count }, (_, i) => i % 2 === 0 ? 0.75 : 0.25));
    },
  } as unknown as Engine;
  const { accuracy, loss } = await evaluate(engine, { windows: rows, labels });
  assert.deepEqual(predicted, Array.from({ length: count }, (_, i) => VALUES * i));
  assert.equal(largest.read, batchSize * VALUES);
  assert.equal(accuracy, 1);
  assert.ok(Math.abs(loss + Math.log(0.75)) < 1e-12);
});
