import { ANNOTATION_CODES, ANNOTATION_SYMBOLS } from "./annotation_codes.ts";
import type { Annotation } from "./record.ts";

/** The meaning that an annotation file gives a code by itself. */
export interface AnnotationDefinition {
  /** 1..49 but 22, the code of a note. */
  code: number;
  /** A mnemonic without blanks, at most 16 characters, but not that of a note. */
  symbol: string;
  description: string;
}

/** Mnemonics while a file is read or written: those of the library until the file's own notes change them. */
export interface SymbolTable {
  symbolOf(code: number): string;
  /** @returns undefined for a mnemonic that stands for no code. */
  codeOf(symbol: string): number | undefined;
  /** Takes note of an annotation that went by, in the file's order. */
  observe(annotation: { code: number; sample: number; aux: string }): void;
}

const NOTE_CODE = 22, NOTE = '"';
const BEGIN = "## annotation type definitions", END = "## end of definitions";
const DEFINITION = /^[ \t]*(\d{1,2})[ \t]+(\S{1,16})(?:[ \t]+(.*?))?\s*$/s;

/**
 * Makes the table of a file, which has said nothing yet.
 *
 * Notes at sample 0 at the beginning of a file define mnemonics, each "code mnemonic description", between
 * "## annotation type definitions" and "## end of definitions". A mnemonic that then stands for two codes is written as
 * the one that was defined last.
 *
 * Source: WFDB library, annot.c, get_ann_table().
 * Deviations: the library takes any note of that form at the beginning, with or without the lines around them; notes
 * themselves cannot be given another mnemonic.
 */
export function createSymbolTable(): SymbolTable {
  let symbols = ANNOTATION_SYMBOLS;
  const defined: number[] = [];
  let place: "before" | "inside" | "behind" = "before";
  return {
    symbolOf: (code) => symbols[code],
    codeOf(symbol) {
      const isOf = (code: number | undefined) => code !== undefined && symbols[code] === symbol;
      const standard = ANNOTATION_CODES.get(symbol);
      return defined.findLast(isOf) ?? (isOf(standard) ? standard : undefined);
    },
    observe({ code, sample, aux }) {
      if (place === "behind") return;
      if (sample !== 0 || code !== NOTE_CODE || aux === END) place = "behind";
      else if (aux === BEGIN) place = "inside";
      else if (place === "inside") {
        const definition = parseDefinition(aux);
        if (definition === undefined) return;
        symbols = symbols.with(definition.code, definition.symbol);
        defined.push(definition.code);
      }
    },
  };
}

/**
 * Finds the definitions at the beginning of a file.
 *
 * @param annotations As `decodeAnnotations` gives them.
 */
export function annotationDefinitions(annotations: readonly Annotation[]): AnnotationDefinition[] {
  const begin = annotations.findIndex(({ aux }) => aux === BEGIN);
  const end = annotations.findIndex(({ sample, aux }, i) => i > begin && (sample !== 0 || aux === END));
  if (begin < 0 || annotations.slice(0, begin).some(({ sample }) => sample !== 0)) return [];
  return annotations.slice(begin + 1, end < 0 ? undefined : end).flatMap(({ aux }) =>
    parseDefinition(aux) ?? []
  );
}

/**
 * Makes the annotations that define mnemonics; they go in front of all others.
 *
 * @throws {RangeError} When a definition would not read back the same.
 */
export function definitionNotes(definitions: readonly AnnotationDefinition[]): Annotation[] {
  const lines = definitions.map((definition) => {
    const { code, symbol, description } = definition, line = `${code} ${symbol} ${description}`.trimEnd();
    const again = parseDefinition(line);
    if (again?.code !== code || again.symbol !== symbol || again.description !== description) {
      throw new RangeError(
        `Cannot define annotations: a code must lie in 1..49 and not be 22, its mnemonic be 1 to 16 characters without blanks, got ${
          JSON.stringify(definition)
        }`,
      );
    }
    return line;
  });
  return [BEGIN, ...lines, END].map((aux) => ({
    sample: 0,
    symbol: NOTE,
    subtype: 0,
    channel: 0,
    num: 0,
    aux,
  }));
}

function parseDefinition(aux: string): AnnotationDefinition | undefined {
  const [, code, symbol, description = ""] = DEFINITION.exec(aux) ?? [];
  const number = Number(code), isCode = number >= 1 && number < ANNOTATION_SYMBOLS.length;
  // A note must stay what it is, or the notes behind it could not be told.
  if (!isCode || number === NOTE_CODE || symbol === NOTE) return undefined;
  return { code: number, symbol, description };
}
