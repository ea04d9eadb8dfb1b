import { parseNumberCell } from "./cells.ts";
import { namesEcg, namesOtherSignal } from "./column_names.ts";
import { evenSteps } from "./even_steps.ts";
import type { Column, Layout } from "./layout.ts";
import { quote, refuseIn } from "./refusal.ts";

/** Name of a column, "column 2" where the file gives none. */
export const columnName = (columns: readonly Column[], index: number): string =>
  columns[index].name || `column ${index + 1}`;

/** Columns that are read as leads, and why these. */
export interface LeadChoice {
  /** Places counted from 0. */
  indices: number[];
  reason: string;
}

/** How many columns a message lists. */
const MAX_LISTED = 20;
/** Most columns that are leads without being asked for: more are the samples of a beat, side by side. */
const MAX_LEADS = 64;

function findColumn(columns: readonly Column[], wanted: string | number): number {
  const names = columns.map(({ name }) => name), text = String(wanted).trim();
  let index = typeof wanted === "number" ? -1 : names.indexOf(text);
  if (index < 0 && typeof wanted === "string") {
    index = names.findIndex((name) => name.toLowerCase() === text.toLowerCase());
  }
  return index < 0 && /^\d+$/.test(text) && Number(text) <= columns.length ? Number(text) - 1 : index;
}

/**
 * Chooses the columns that are leads.
 *
 * @param wanted Names, or places counted from 1 as a spreadsheet does (numbers, or digits that no column is named by).
 * Without any: the column that the comment header calls an ECG, else those with ECG or EKG in their names, else all that hold
 * neither times nor sample numbers nor words and are not empty; those whose names say that they are no ECG, and those that
 * stand still in the file's first rows, come last.
 * @throws FormatError where there is none, listing those that there are, or one that is asked for rises evenly as times do.
 */
export function chooseLeads(
  { columns, statements, headRows, decimalComma }: Pick<
    Layout,
    "columns" | "statements" | "headRows" | "decimalComma"
  >,
  wanted: readonly (string | number)[],
  file: string,
): LeadChoice {
  const listed =
    columns.slice(0, MAX_LISTED).map((column, i) => `${i + 1} ${quote(column.name)}`).join(", ") +
    (columns.length > MAX_LISTED ? `, ... (${columns.length})` : "");
  // A name alone may be wrong.
  const holdsTimes = (index: number) => {
    const { kind, isDateTime } = columns[index];
    return isDateTime || (kind === "time" || kind === "counter") &&
        evenSteps(headRows.map((row) => parseNumberCell(row[index], decimalComma))) !== "signal";
  };
  if (wanted.length > 0) {
    const indices = wanted.map((name) => {
      const index = findColumn(columns, name);
      if (index >= 0 && holdsTimes(index)) {
        throw refuseIn(file)(
          `--column must name samples, got ${quote(String(name))}, column ${index + 1}, which holds ${
            columns[index].kind === "counter" ? "sample numbers" : "times"
          }; columns are counted from 1: the file has ${listed}`,
        );
      }
      if (index >= 0) return index;
      throw refuseIn(file)(
        `--column must be a column's name or its place from 1 to ${columns.length}, got ${
          quote(String(name))
        }; ` +
          `the file has ${listed}`,
      );
    });
    return { indices: [...new Set(indices)], reason: "asked for with --column" };
  }
  const all = columns.map((column, index) => ({ ...column, index }));
  const stated = all.filter(({ name }) => name !== "" && name === statements.ecgColumn);
  if (stated.length > 0) {
    return { indices: [stated[0].index], reason: "the comment header calls it an ECG" };
  }
  const signals = all.filter(({ kind }) => kind === "signal");
  const namedOf = (columns: typeof all) => columns.filter(({ name }) => namesEcg(name));
  // An ECG that begins late is still the one: another signal must not be taken for it.
  const named = namedOf(signals).length > 0
    ? namedOf(signals)
    : namedOf(all.filter(({ kind }) => kind === "empty"));
  if (named.length > 0) {
    return {
      indices: named.map(({ index }) => index),
      reason: named.length === 1 ? "its name says ECG" : "their names say ECG",
    };
  }
  if (signals.length === 0) {
    throw refuseIn(file)(
      `one column must hold neither times nor sample numbers, got ${
        columns.slice(0, MAX_LISTED).map(({ name, kind }, i) => `${i + 1} ${quote(name)} (${kind})`).join(
          ", ",
        )
      }; name one with --column`,
    );
  }
  if (signals.length > MAX_LEADS) {
    throw refuseIn(file)(
      `a file must have at most ${MAX_LEADS} leads side by side, got ${signals.length} columns of samples; a table with one beat a ` +
        "row is no recording; name leads with --column",
    );
  }
  const moves = (index: number) => headRows.some((row) => row[index] !== headRows[0][index]);
  const isFirst = (index: number) => moves(index) && !namesOtherSignal(columns[index].name);
  const indices = signals.map(({ index }) => index);
  return {
    indices: [...indices.filter(isFirst), ...indices.filter((index) => !isFirst(index))],
    reason: signals.length === 1 ? "the only column of samples" : "all columns of samples",
  };
}
