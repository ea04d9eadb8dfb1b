/**
 * Mnemonic of each annotation code 0..49, as the WFDB library's `annstr` gives them.
 *
 * Code 0 is NOTQRS, not an annotation of its own; codes that nobody has assigned are written "[code]".
 * Source: WFDB library, ecgcodes.h and annstr(); WFDB Applications Guide, "Annotation codes".
 */
export const ANNOTATION_SYMBOLS: readonly string[] = [
  // deno-fmt-ignore -- five codes a line
  ...[
    " ", "N", "L", "R", "a", // NOTQRS, NORMAL, LBBB, RBBB, ABERR
    "V", "F", "J", "A", "S", // PVC, FUSION, NPC, APC, SVPB
    "E", "j", "/", "Q", "~", // VESC, NESC, PACE, UNKNOWN, NOISE
    "[15]", "|", "[17]", "s", "T", // -, ARFCT, -, STCH, TCH
    "*", "D", '"', "=", "p", // SYSTOLE, DIASTOLE, NOTE, MEASURE, PWAVE
    "B", "^", "t", "+", "u", // BBB, PACESP, TWAVE, RHYTHM, UWAVE
    "?", "!", "[", "]", "e", // LEARN, FLWAV, VFON, VFOFF, AESC
    "n", "@", "x", "f", "(", // SVESC, LINK, NAPC, PFUS, WFON
    ")", "r", "[42]", "[43]", "[44]", // WFOFF, RONT, user-defined from here on
    "[45]", "[46]", "[47]", "[48]", "[49]",
  ],
];

/** Annotation code 0..49 of each mnemonic. */
export const ANNOTATION_CODES: ReadonlyMap<string, number> = new Map(
  ANNOTATION_SYMBOLS.map((symbol, code) => [symbol, code]),
);
