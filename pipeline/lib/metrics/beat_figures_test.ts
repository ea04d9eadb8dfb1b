import assert from "node:assert/strict";
import { judgeBeats } from "./beat_figures.ts";

const CLASSES = ["N", "S", "Q"], UNLABELLED = 3;
const judge = (labels: number[], predicted: number[], records: string[]) =>
  judgeBeats({
    labels: Uint8Array.from(labels),
    predicted: Uint8Array.from(predicted),
    records,
    classes: CLASSES,
    leaveOut: ["232", "202"],
  });

Deno.test("judgeBeats() counts rows as truth and columns as prediction", () => {
  const { confusionMatrix, fiveClass } = judge([0, 0, 1, 2], [0, 1, 1, 0], ["100", "100", "232", "100"]);
  assert.deepEqual(confusionMatrix, [[1, 1, 0], [0, 1, 0], [1, 0, 0]]);
  assert.equal(fiveClass!.accuracy, 0.5);
  assert.equal(fiveClass!.classes.S.sensitivity, 1);
  assert.equal(fiveClass!.classes.S.positivePredictivity, 0.5);
});

Deno.test("judgeBeats() gives the figures without Q, and without a record that bends them", () => {
  const { fourClass, without } = judge([0, 0, 1, 2], [0, 1, 1, 0], ["100", "100", "232", "100"]);
  assert.equal(fourClass!.support, 3);
  assert.deepEqual(Object.keys(without!), ["232"]);
  assert.equal(without!["232"].support, 3);
  assert.equal(without!["232"].classes.S.support, 0);
});

Deno.test("judgeBeats() counts record by record", () => {
  const { byRecord } = judge([0, 0, 1, UNLABELLED], [0, 1, 1, 0], ["100", "100", "232", "100"]);
  assert.deepEqual(byRecord, {
    "100": { beats: 2, accuracy: 0.5, predicted: { N: 1, S: 1, Q: 0 } },
    "232": { beats: 1, accuracy: 1, predicted: { N: 0, S: 1, Q: 0 } },
  });
});

Deno.test("judgeBeats() leaves beats without label out of every figure but the predictions", () => {
  const mixed = judge([0, UNLABELLED, 1], [0, 0, 1], ["100", "100", "100"]);
  assert.deepEqual(mixed.predicted, { N: 2, S: 1, Q: 0 });
  assert.equal(mixed.fiveClass!.support, 2);
  assert.deepEqual(mixed.without, {});
  const none = judge([UNLABELLED], [1], ["232"]);
  assert.equal(none.confusionMatrix, undefined);
  assert.deepEqual(none.predicted, { N: 0, S: 1, Q: 0 });
});
