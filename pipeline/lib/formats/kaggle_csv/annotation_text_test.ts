import assert from "node:assert/strict";
import { FormatError } from "../../core/errors.ts";
import { createRng } from "../../core/rng.ts";
import { decodeAnnotations } from "../wfdb/annotations.ts";
import { decodeAnnotationText, recordOfAnnotationText } from "./annotation_text.ts";
import { formatAnnotationText } from "./test_layout.ts";

const MITDB = "../shared/mitdb";
const hasShared = await Deno.stat(MITDB).then(() => true, () => false);

/** The start of 100annotations.txt as the MIT-BIH Arrhythmia Database as CSV has it. */
const START = `      Time   Sample #  Type  Sub Chan  Num\tAux
    0:00.050       18     +    0    0    0\t(N
    0:00.214       77     N    0    0    0
    0:05.678     2044     A    0    0    0
`;

Deno.test("decodeAnnotationText() reads what rdann prints, with a header and without one", () => {
  const annotation = { subtype: 0, channel: 0, num: 0, aux: "" };
  const expected = [
    { ...annotation, sample: 18, symbol: "+", aux: "(N" },
    { ...annotation, sample: 77, symbol: "N" },
    { ...annotation, sample: 2044, symbol: "A" },
  ];
  for (
    const text of [START, `\ufeff${START.replaceAll("\n", "\r\n")}`, START.split("\n").slice(1).join("\n")]
  ) {
    assert.deepEqual(decodeAnnotationText(text), { annotations: expected, fs: undefined });
  }
  const rest = `   30:05.530   649991     N    0    1   -3
   [12:00:00.000 01/01/1990]   650000     "    1    2    0\ta note, "quoted"\n`;
  const { annotations, fs } = decodeAnnotationText(START + rest);
  assert.deepEqual(annotations.slice(3), [
    { sample: 649991, symbol: "N", subtype: 0, channel: 1, num: -3, aux: "" },
    { sample: 650000, symbol: '"', subtype: 1, channel: 2, num: 0, aux: 'a note, "quoted"' },
  ]);
  assert.equal(fs, undefined, "a time of day tells no rate");
  assert.equal(decodeAnnotationText(START + rest.split("\n")[0]).fs, 360);
});

Deno.test("decodeAnnotationText() refuses lines that are no annotations and names them", () => {
  for (
    const line of [
      "0:01.000 360 N 0 0",
      "0:01.000 360 XX 0 0 0",
      "0:01.000 -5 N 0 0 0",
      "a,b,c",
      "0:01 1.5 N 0 0 0",
    ]
  ) {
    assert.throws(() => decodeAnnotationText(`${START}${line}\n`, "x.txt"), (error: unknown) => {
      assert.ok(
        error instanceof FormatError && error.line === 5 && error.message.includes("rdann"),
        String(error),
      );
      return true;
    });
  }
});

Deno.test("decodeAnnotationText() answers damaged lists with annotations or a FormatError", () => {
  const rng = createRng(5), whole = START.repeat(3);
  for (let round = 0; round < 500; round++) {
    const text = [...whole.slice(0, rng.integer(whole.length))];
    for (let k = rng.integer(4); k > 0 && text.length > 0; k--) {
      text[rng.integer(text.length)] = String.fromCharCode(rng.integer(130));
    }
    try {
      const { annotations } = decodeAnnotationText(text.join(""));
      assert.ok(annotations.every(({ sample }) => Number.isInteger(sample) && sample >= 0));
    } catch (error) {
      assert.ok(error instanceof FormatError, String(error));
    }
  }
});

Deno.test("recordOfAnnotationText() knows lists by their names", () => {
  assert.equal(recordOfAnnotationText("100annotations.txt"), "100");
  assert.equal(recordOfAnnotationText("annotations.txt"), undefined);
  assert.equal(recordOfAnnotationText("100.csv"), undefined);
});

Deno.test({
  name: "[shared] decodeAnnotationText() gives every annotation of MIT-BIH back",
  ignore: !hasShared,
  fn() {
    const records = [...Deno.readDirSync(MITDB)].map(({ name }) => name).filter((name) =>
      name.endsWith(".atr")
    );
    assert.equal(records.length, 48);
    for (const name of records) {
      const annotations = decodeAnnotations(Deno.readFileSync(`${MITDB}/${name}`), name);
      const read = decodeAnnotationText(formatAnnotationText(annotations, 360), name);
      assert.deepEqual(read, { annotations, fs: 360 }, name);
    }
  },
});
