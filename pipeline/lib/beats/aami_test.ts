import assert from "node:assert/strict";
import { AAMI_CLASSES, aamiClass, isBeatSymbol } from "./aami.ts";

/** Annotation codes 1 to 41 of WFDB's ecgcodes.h in their order; "-" where no code is assigned. */
const MNEMONICS = `NLRaVFJASEj/Q~-|-sT*D"=pB^t+u?![]en@xf()r`;

/** The codes that `isqrs()` of ecgmap.h calls beats. */
const QRS_CODES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 25, 30, 34, 35, 38, 41];

Deno.test("aamiClass() follows the published table by default", () => {
  const symbolsOf = (name: string) =>
    [...MNEMONICS].filter((symbol) => aamiClass(symbol) === name).sort().join("");
  assert.deepEqual(AAMI_CLASSES.map(symbolsOf), ["BLNRejn", "AJSa", "EVr", "F", "/?Qf"]);
});

Deno.test("aamiClass() with bxb moves the escape beats to S and nothing else", () => {
  const moved = [...MNEMONICS].filter((symbol) => aamiClass(symbol) !== aamiClass(symbol, "bxb"));
  assert.deepEqual(moved.sort(), ["e", "j", "n"]);
  for (const symbol of moved) assert.equal(aamiClass(symbol, "bxb"), "S");
});

Deno.test("isBeatSymbol() knows exactly the QRS codes of ecgmap.h", () => {
  const beats = [...MNEMONICS].flatMap((symbol, i) => isBeatSymbol(symbol) ? [i + 1] : []);
  assert.deepEqual(beats, QRS_CODES);
});

Deno.test("aamiClass() knows no class for what is not a beat", () => {
  for (const symbol of ["+", "~", "|", "!", "[", "]", "x", '"', "", "NN", "__proto__", "constructor"]) {
    assert.equal(aamiClass(symbol), undefined, symbol);
    assert.equal(aamiClass(symbol, "bxb"), undefined, symbol);
  }
});
