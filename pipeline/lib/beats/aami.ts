/** The beat classes of ANSI/AAMI EC57; a beat's label is its index in this list. */
export const AAMI_CLASSES = ["N", "S", "V", "F", "Q"] as const;

/** One beat class: normal, supraventricular ectopic, ventricular ectopic, fusion, unclassifiable or paced. */
export type AamiClass = (typeof AAMI_CLASSES)[number];

/**
 * The two readings of the standard that are in use; they differ in the escape beats e, j and n only. `papers`: escape beats
 * are N, as in de Chazal 2004. `bxb`: escape beats are S, as in the WFDB tool.
 */
export type AamiMapping = "papers" | "bxb";

/** One row of the table: the symbol, its class under each mapping, its meaning. */
type BeatSymbol = readonly [symbol: string, papers: AamiClass, bxb: AamiClass, meaning: string];

/** Every symbol that marks a beat; what is not listed is not a beat. */
const BEAT_SYMBOLS: readonly BeatSymbol[] = [
  ["N", "N", "N", "normal"],
  ["L", "N", "N", "left bundle branch block"],
  ["R", "N", "N", "right bundle branch block"],
  ["B", "N", "N", "bundle branch block, side not given"],
  ["e", "N", "S", "atrial escape"],
  ["j", "N", "S", "nodal (junctional) escape"],
  ["n", "N", "S", "supraventricular escape"],
  ["A", "S", "S", "atrial premature"],
  ["a", "S", "S", "aberrated atrial premature"],
  ["J", "S", "S", "nodal (junctional) premature"],
  ["S", "S", "S", "supraventricular premature or ectopic"],
  ["V", "V", "V", "premature ventricular contraction"],
  ["r", "V", "V", "R-on-T premature ventricular contraction"],
  ["E", "V", "V", "ventricular escape"],
  ["F", "F", "F", "fusion of ventricular and normal"],
  ["/", "Q", "Q", "paced"],
  ["f", "Q", "Q", "fusion of paced and normal"],
  ["Q", "Q", "Q", "unclassifiable"],
  ["?", "Q", "Q", "not classified during learning"],
];

const CLASS_OF_SYMBOL: Readonly<Record<AamiMapping, ReadonlyMap<string, AamiClass>>> = {
  papers: new Map(BEAT_SYMBOLS.map(([symbol, papers]) => [symbol, papers])),
  bxb: new Map(BEAT_SYMBOLS.map(([symbol, , bxb]) => [symbol, bxb])),
};

/**
 * Maps an annotation symbol to its AAMI beat class.
 *
 * Source: ANSI/AAMI EC57 for the classes; de Chazal, O'Dwyer and Reilly, "Automatic classification of
 * heartbeats using ECG morphology and heartbeat interval features", IEEE TBME 51(7), 2004, for `papers`;
 * `amap()` of WFDB's bxb.c, in its reports with SVEB figures, for `bxb`. MIT-BIH's reference annotations do
 * not use B, r, n and ?: B, r and ? are as in bxb.c, n goes with e and j.
 *
 * @param symbol WFDB annotation mnemonic, for example "N" or "+".
 * @param mapping Which reading of the standard: see {@linkcode AamiMapping}.
 * @returns The class, or undefined where the symbol marks no beat ("+", "~", "|", "!", "[", "x" and so on).
 */
export function aamiClass(symbol: string, mapping: AamiMapping = "papers"): AamiClass | undefined {
  return CLASS_OF_SYMBOL[mapping].get(symbol);
}

/**
 * Tells whether an annotation symbol marks a beat (a QRS complex), and not a rhythm, noise or waveform.
 *
 * Source: `isqrs()` of WFDB's ecgmap.h. Flutter waves ("!") and blocked P waves ("x") are not beats.
 */
export function isBeatSymbol(symbol: string): boolean {
  return CLASS_OF_SYMBOL.papers.has(symbol);
}
