import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError } from "../../core/errors.ts";
import { createRng } from "../../core/rng.ts";
import { annotationDefinitions, createSymbolTable, definitionNotes } from "./annotation_definitions.ts";
import { decodeAnnotations, encodeAnnotations } from "./annotations.ts";
import type { Annotation } from "./record.ts";

const beat = (sample: number, symbol: string): Annotation => ({
  sample,
  symbol,
  subtype: 0,
  channel: 0,
  num: 0,
  aux: "",
});

const OWN = [
  { code: 42, symbol: "pulse", description: "a pulse of calibration" },
  { code: 20, symbol: "x", description: "" },
];

Deno.test("decodeAnnotations() reads the mnemonics that a file defines, encodeAnnotations() writes them", () => {
  const list = [...definitionNotes(OWN), beat(5, "N"), beat(6, "pulse"), beat(7, "x")];
  const bytes = encodeAnnotations(list);
  assert.deepEqual(decodeAnnotations(bytes), list);
  assert.deepEqual(annotationDefinitions(list), OWN);
  // The codes of the three beats: 1, 42, and 20 because the file's own x is meant.
  assert.deepEqual(Array.from(bytes.slice(-8)), [5, 1 << 2, 1, 42 << 2, 1, 20 << 2, 0, 0]);
  assert.throws(() => encodeAnnotations(list.slice(4)), /mnemonic or one defined before it, got "pulse"/);
});

Deno.test("definitions hold at the beginning only, between the lines that say so", () => {
  const [begin, first, , end] = definitionNotes(OWN);
  const symbols = (...list: Annotation[]) => {
    const table = createSymbolTable();
    for (const { sample, symbol, aux } of list) table.observe({ code: symbol === '"' ? 22 : 1, sample, aux });
    return table.symbolOf(42);
  };
  assert.equal(symbols(begin, first, end), "pulse");
  assert.equal(symbols(first), "[42]");
  assert.equal(symbols(beat(0, "N"), begin, first), "[42]");
  assert.equal(symbols({ ...begin, sample: 1 }, first), "[42]");
  assert.equal(symbols(begin, end, begin, first), "[42]");
  assert.deepEqual(
    annotationDefinitions([begin, { ...begin, aux: "50 a b" }, { ...begin, aux: "words" }, end]),
    [],
  );
  assert.deepEqual(annotationDefinitions([beat(3, "N"), begin, first]), []);
  assert.deepEqual(annotationDefinitions([]), []);
});

Deno.test("definitionNotes() refuses what would not read back the same", () => {
  const bad = [
    { code: 0, symbol: "a", description: "" },
    { code: 50, symbol: "a", description: "" },
    { code: 22, symbol: "a", description: "" },
    { code: 1, symbol: '"', description: "" },
    { code: 1.5, symbol: "a", description: "" },
    { code: 1, symbol: "", description: "" },
    { code: 1, symbol: "a b", description: "" },
    { code: 1, symbol: "a".repeat(17), description: "" },
    { code: 1, symbol: "a", description: " b" },
  ];
  for (const definition of bad) {
    assert.throws(() => definitionNotes([definition]), RangeError, JSON.stringify(definition));
  }
});

Deno.test("decodeAnnotations() is the inverse of encodeAnnotations() with any definitions", () => {
  const definition = fc.record({
    code: fc.integer({ min: 1, max: 49 }).filter((code) => code !== 22),
    symbol: fc.stringMatching(/^[!-~]{1,3}$/).filter((symbol) => symbol !== '"'),
    description: fc.constantFrom("", "two words"),
  }, { noNullPrototype: true });
  fc.assert(
    fc.property(
      fc.array(definition, { maxLength: 6 }),
      fc.array(fc.nat(1000), { maxLength: 8 }),
      (own, times) => {
        const notes = definitionNotes(own);
        const known = own.filter(({ code }, i) => !own.slice(i + 1).some((later) => later.code === code));
        const symbols = known.map(({ symbol }) => symbol);
        const beats = symbols.length === 0
          ? []
          : times.map((time, i) => beat(1 + time, symbols[i % symbols.length]));
        const list = [...notes, ...beats];
        assert.deepEqual(decodeAnnotations(encodeAnnotations(list)), list);
      },
    ),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("decodeAnnotations() answers damaged definitions with what is written again alike, or a FormatError", () => {
  const rng = createRng(61);
  const whole = encodeAnnotations([...definitionNotes(OWN), beat(5, "N"), beat(6, "pulse"), beat(7, "x")]);
  for (let run = 0; run < 3000; run++) {
    const damaged = whole.slice(0, rng.integer(3) === 0 ? rng.integer(whole.length + 1) : whole.length);
    for (let flips = 1 + rng.integer(3); flips > 0 && damaged.length > 0; flips--) {
      damaged[rng.integer(damaged.length)] ^= 1 << rng.integer(8);
    }
    try {
      const list = decodeAnnotations(damaged);
      assert.deepEqual(decodeAnnotations(encodeAnnotations(list)), list, `run ${run}`);
    } catch (error) {
      assert.ok(error instanceof FormatError, `run ${run}: ${error}`);
    }
  }
});
