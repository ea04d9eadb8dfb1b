import assert from "node:assert/strict";
import fc from "fast-check";
import { type ClassificationReport, classificationReport, confusionMatrix } from "./confusion.ts";
import golden from "./testdata/classification.json" with { type: "json" };

const CLASSES = ["N", "S", "V", "F", "Q"];
const TOLERANCE = 1e-12;

const labelsOf = (digits: string) => Uint8Array.from(digits, Number);

/** Equal structure, equal nulls, numbers within the tolerance. */
function assertReport(actual: ClassificationReport, expected: unknown): void {
  const rounded = (value: unknown) =>
    JSON.stringify(value, (_, x) => typeof x === "number" ? Math.round(x / TOLERANCE) * TOLERANCE : x);
  assert.equal(rounded(actual), rounded(expected));
}

Deno.test("confusionMatrix() equals scikit-learn's", () => {
  for (const { truth, predicted, matrix } of golden.cases) {
    assert.deepEqual([...confusionMatrix(labelsOf(truth), labelsOf(predicted), 5)], matrix);
  }
});

Deno.test("classificationReport() equals scikit-learn's figures for five and four classes", () => {
  for (const { matrix, fiveClasses, fourClasses } of golden.cases) {
    assertReport(classificationReport(Uint32Array.from(matrix), CLASSES), fiveClasses);
    assertReport(classificationReport(Uint32Array.from(matrix), CLASSES, { leaveOut: ["Q"] }), fourClasses);
  }
});

Deno.test("classificationReport() counts a beat called a left-out class as missed", () => {
  const matrix = confusionMatrix(Uint8Array.of(0, 0, 0, 4), Uint8Array.of(0, 0, 4, 0), 5);
  const { support, accuracy, classes } = classificationReport(matrix, CLASSES, { leaveOut: ["Q"] });
  assert.equal(support, 3);
  assert.equal(accuracy, 2 / 3);
  assert.deepEqual(Object.keys(classes), ["N", "S", "V", "F"]);
  assert.deepEqual(classes.N, { support: 3, sensitivity: 2 / 3, positivePredictivity: 1, f1: 0.8 });
});

Deno.test("classificationReport() holds null, never NaN, where a figure is not defined", () => {
  const undefinedFigures = { support: 0, sensitivity: null, positivePredictivity: null, f1: null };
  assert.deepEqual(classificationReport(new Uint32Array(4), ["N", "V"]), {
    support: 0,
    accuracy: null,
    classes: { N: undefinedFigures, V: undefinedFigures },
    macroF1: null,
    meanSensitivity: null,
  });
});

Deno.test("classificationReport() of any matrix survives JSON and stays in [0, 1]", () => {
  fc.assert(fc.property(fc.array(fc.nat(50), { minLength: 9, maxLength: 9 }), (entries) => {
    const report = classificationReport(Uint32Array.from(entries), ["N", "S", "V"], { leaveOut: ["S"] });
    assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
    for (const { sensitivity, positivePredictivity, f1 } of Object.values(report.classes)) {
      for (const figure of [sensitivity, positivePredictivity, f1]) {
        assert.ok(figure === null || (figure >= 0 && figure <= 1));
      }
    }
  }));
});

Deno.test("confusionMatrix() and classificationReport() refuse what does not fit", () => {
  assert.throws(() => confusionMatrix(Uint8Array.of(0), Uint8Array.of(), 2), RangeError);
  assert.throws(
    () => confusionMatrix(Uint8Array.of(2), Uint8Array.of(0), 2),
    /in \[0, 2\), got 2 and 0 at beat 0/,
  );
  assert.throws(() => confusionMatrix(Uint8Array.of(), Uint8Array.of(), 0), RangeError);
  assert.throws(() => classificationReport(new Uint32Array(5), ["N", "V"]), RangeError);
  assert.throws(() => classificationReport(new Uint32Array(4), ["N", "V"], { leaveOut: ["Q"] }), RangeError);
});
