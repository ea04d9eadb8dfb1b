import { isComment, isMissingCell, parseNumberCell, splitCells, unquote, withoutMark } from "./cells.ts";
import { columnKind, splitUnit } from "./column_names.ts";
import { evenSteps } from "./even_steps.ts";
import { type Dialect, findSeparator } from "./dialect.ts";
import type { Column, Layout } from "./layout.ts";
import { createLeadWriter, type LeadReport, type LeadWriter } from "./lead_writer.ts";
import { findMisreadCell } from "./misread_marks.ts";
import {
  completePlan,
  type CsvLead,
  describeLead,
  factorOf,
  type SignalCsvOptions,
  type SignalCsvPlan,
} from "./plan.ts";
import { decideRate, type OpenLead, rateMissing, type SignalCsv } from "./read_rows.ts";
import { quote, type Refuse, refuseIn } from "./refusal.ts";
import { createRowParser, createRowTable, endOfLine } from "./row_parser.ts";
import { createRowSource, withoutPadding } from "./row_source.ts";
import { checkRate, joinStatements, readStatement } from "./statements.ts";
import { createTimeAxis, type TimeAxis, type TimeReport } from "./time_axis.ts";
import { findTimeColumn, resolutionOf } from "./time_column.ts";
import { type LineBlock, type TextBytes, wholeLines } from "./whole_lines.ts";

/** A row of more cells than this is a whole lead when there are few such rows. */
const MAX_LEADS_SIDE_BY_SIDE = 64;
/** Most rows of the file's start, and fewest cells of a row for each of them. */
const FEW_ROWS = 32, CELLS_PER_ROW = 8;
/** Most leads of a file on its side: more are a table of beats. */
const MAX_ROWS = 64;

/** Whether a row's first cell is its name. */
function takeName(first: string, decimalComma: boolean): { name: string; hasName: boolean } {
  const hasName = !isMissingCell(first) && Number.isNaN(parseNumberCell(first, decimalComma));
  return { name: hasName ? unquote(first) : "", hasName };
}

/** Refuses a row with numbers that would be read wrong, as findMisreadCell() does columns: cells that may be halves stand in pairs. */
function refuseMisread(cells: readonly string[], dialect: Dialect, refuse: Refuse): void {
  const [first = ""] = cells, from = takeName(first, dialect.decimalComma).hasName ? 1 : 0;
  const pairs = Array.from({ length: (cells.length - from) >> 1 }, (_, i) => {
    return cells.slice(from + 2 * i, from + 2 * i + 2);
  });
  const misread = findMisreadCell(pairs, dialect);
  if (misread === undefined) return;
  const { row, column, rule } = misread;
  throw refuse(`${rule}; got ${quote(pairs[row][column])} at cell ${from + 2 * row + column + 1}`);
}

/**
 * Finds out whether a file lies on its side, one row a lead, and how it is then read.
 *
 * The first row may be that of times. Rows may begin with their names.
 *
 * @returns Undefined where rows are no leads.
 * @throws FormatError where the file states two sampling rates, or one that is none of an ECG's, or numbers would be read wrong.
 */
export function planTransposed(text: TextBytes, options: SignalCsvOptions): SignalCsvPlan | undefined {
  const head = new TextDecoder("utf-8", { ignoreBOM: true }).decode(text.head);
  const written = head.split(/\r\n|\n|\r/), filled = written.filter((line) => line.trim() !== "");
  if (filled.length > 2 * FEW_ROWS) return undefined;
  const separator = findSeparator(filled);
  const lines = written.map((text, i) => ({ text: withoutPadding(text, separator), line: i + 1 }))
    .filter(({ text }) => text !== "");
  const comments = lines.filter(({ text }) => isComment(text)),
    rows = lines.filter(({ text }) => !isComment(text));
  const cells = rows.map(({ text }) => splitCells(text, separator) ?? []);
  const first = cells.findIndex((row) => row.length > MAX_LEADS_SIDE_BY_SIDE);
  const leadRows = cells.length - first, width = cells[first]?.length ?? 0;
  if (first < 0 || leadRows > FEW_ROWS || width < CELLS_PER_ROW * leadRows) return undefined;

  const decimalComma = separator !== "," && cells[first].some((cell) => /^[+-]?\d+,\d+$/.test(cell.trim()));
  const { name, hasName } = takeName(cells[first][0], decimalComma);
  // The last cell of the head may be cut off.
  const values = cells[first].slice(hasName ? 1 : 0, text.isWhole ? undefined : -1);
  const numbers = values.map((cell) => parseNumberCell(cell, decimalComma));
  if (numbers.filter((number) => !Number.isNaN(number)).length < values.length / 2) return undefined;
  const steps = evenSteps(numbers), named = columnKind(name);
  const kind = named === "time" || steps !== "signal" ? (steps === "counter" ? "counter" : "time") : "signal";
  const column: Column = { name, unit: splitUnit(name).unit, kind, isDateTime: false };
  const separatorText = separator === "blank" ? undefined : separator;
  const statements = joinStatements([
    ...comments.map(({ text }) => readStatement(withoutMark(text))),
    ...rows.slice(0, first).map(({ text }) => readStatement(text, separatorText)),
  ]);
  const refuse = refuseIn(options.file);
  checkRate(statements, refuse);
  for (let row = first; row < cells.length; row++) {
    refuseMisread(cells[row], { separator, decimalComma }, (rule) => refuse(rule, rows[row].line));
  }
  const time = kind !== "time" ? undefined : findTimeColumn({
    index: 0,
    name: name || "row 1",
    column,
    head: Float64Array.from(numbers.filter((number) => !Number.isNaN(number))),
    resolution: resolutionOf(values),
    isClock: false,
  });
  const layout: Layout = {
    separator,
    decimalComma,
    columns: [column],
    // Comments and words may stand above the rows; they are passed over by what they hold.
    linesBeforeData: first,
    headerRows: [],
    trailingSeparator: false,
    doubledLineEnds: false,
    statements,
    headRows: [],
  };
  return completePlan(
    { encoding: text.encoding, transposed: true, layout, leads: [], leadReason: "each row is a lead" },
    time,
    options,
  );
}

/** What is made of one row. */
interface RowSinks {
  axis?: TimeAxis;
  writer?: LeadWriter;
}

/** How many cells a row has: up to the last one that is not empty, and empty ones behind it. */
interface RowLength {
  filled: number;
  empty: number;
}

/** Takes a row's cells, of which the first may be a name, but for the empty ones at its end. */
async function takeCells(
  blocks: AsyncGenerator<LineBlock>,
  first: LineBlock,
  { layout, hasName, refuse, place, axis, writer }: RowSinks & {
    layout: Layout;
    hasName: boolean;
    refuse: Refuse;
    place: string;
  },
): Promise<RowLength> {
  const parser = createRowParser({
    // To the reader of rows, a lead on its side is a file of one column.
    layout: {
      ...layout,
      separator: ";",
      columns: [{ ...layout.columns[0], kind: "signal" }],
      linesBeforeData: hasName ? 1 : 0,
    },
    columns: [0],
    emptyLines: layout.separator === "blank" ? "nothing" : "rows",
    refuse,
    place,
  });
  const table = createRowTable(1);
  const useTable = () => {
    axis?.take(table);
    writer?.take(table, undefined);
    table.rows = 0;
  };
  let position = hasName ? endOfLine(first.bytes, 0).next : 0;
  let block = first;
  for (;;) {
    while (position < block.bytes.length) {
      position = parser.parse(block.bytes, position, table, false);
      if (table.rows === table.capacity) useTable();
    }
    const next = await blocks.next();
    if (next.done) break;
    [block, position] = [next.value, 0];
  }
  useTable();
  if (layout.separator === "blank") return { filled: parser.rows, empty: 0 };
  // Behind a separator at the very end stands one more.
  return { filled: parser.rows, empty: parser.emptyLines + (block.lastLineIsOpen ? 0 : 1) };
}

/** Gives a lead the samples that are missing at its end. @param cell Place of the first one in its row, counted from 1. */
function padLead(writer: LeadWriter, cell: number, missing: number): void {
  const table = createRowTable(1);
  table.values.fill(NaN);
  for (let done = 0; done < missing; done += table.rows) {
    table.rows = Math.min(table.capacity, missing - done);
    for (let row = 0; row < table.rows; row++) table.lines[row] = cell + done + row;
    writer.take(table, undefined);
  }
}

/** Whether a row is a lead that is wanted. */
function isWanted({ name, index }: CsvLead, wanted: readonly (string | number)[]): boolean {
  return wanted.length === 0 ||
    wanted.some((one) => String(one).toLowerCase() === name.toLowerCase() || Number(one) === index + 1);
}

/** Reads a file of one row a lead. @throws FormatError */
export async function readTransposed(
  text: TextBytes,
  plan: SignalCsvPlan,
  options: SignalCsvOptions,
  openLead: OpenLead,
): Promise<SignalCsv> {
  const { layout, limits } = plan, { file, columns: wanted = [] } = options, refuse = refuseIn(file);
  const source = createRowSource(text.chunks, layout.separator);
  const names: string[] = [],
    opened: { lead: CsvLead; writer: LeadWriter; hasName: boolean; filled: number }[] = [];
  const skippedLines = {
    beforeData: layout.linesBeforeData,
    comments: 0,
    empty: 0,
    repeatedHeaders: 0,
    cutOffRows: 0,
  };
  let fs = plan.fs, time: TimeReport | undefined, cells: number | undefined;
  // A separator at the end of every row is no cell.
  let areEndsEmpty = true;
  let rows = 0, linesToSkip = layout.linesBeforeData;

  for (let line = 1; await source.hasMore(); line++) {
    const atCell: Refuse = (rule, cell) =>
      refuse(cell === undefined ? rule : `${rule}, at cell ${cell}`, line);
    const blocks = wholeLines(source.row(), file), first = await blocks.next();
    if (first.done) {
      skippedLines.empty++;
      continue;
    }
    const firstCell = new TextDecoder().decode(
      first.value.bytes.subarray(0, endOfLine(first.value.bytes, 0).end),
    );
    if (isComment(firstCell) || linesToSkip > 0) {
      if (isComment(firstCell)) skippedLines.comments++;
      else linesToSkip--;
      for await (const _ of blocks);
      continue;
    }
    const unquoted = splitCells(firstCell, layout.separator);
    if (unquoted === undefined) {
      throw refuse(
        `a quote must be closed in its own cell, which must not hold what separates cells, got ${
          quote(firstCell)
        }`,
        line,
      );
    }
    const index = rows++, { name, hasName } = takeName(unquoted[0] ?? "", layout.decimalComma);
    if (rows > MAX_ROWS) {
      throw refuse(
        `a file of one row a lead must have at most ${MAX_ROWS} rows, got more; a table with one beat a row is no recording`,
        line,
      );
    }
    const column = {
      name: name || `row ${rows}`,
      // A row that is called V is the chest lead.
      unit: (name === "V" ? undefined : splitUnit(name).unit) ?? layout.statements.unit,
      kind: "signal",
      isDateTime: false,
    } as const;
    const lead = { ...describeLead({ ...layout, columns: [column] }, 0, options), index };
    names.push(lead.name);
    const place = `${quote(lead.name)} (row ${rows})`;
    const isTime = index === 0 && plan.time !== undefined;
    const isLead = !isTime && isWanted(lead, wanted) &&
      (wanted.length > 0 || index > 0 || layout.columns[0].kind === "signal");
    if (isLead && fs === undefined) throw rateMissing(plan, refuse);
    // A gap would have to be filled in rows that are yet to come.
    const axis = isTime ? createTimeAxis(plan.time!, 0, atCell) : undefined;
    const writer = isLead
      ? createLeadWriter({
        slot: 0,
        factor: factorOf(lead),
        place,
        fs: fs!,
        limits,
        refuse: atCell,
        append: openLead(lead, opened.length),
      })
      : undefined;
    const { filled, empty } = await takeCells(blocks, first.value, {
      layout,
      hasName,
      refuse: atCell,
      place,
      axis,
      writer,
    });
    cells ??= filled + empty;
    if (filled + empty !== cells) {
      throw refuse(`every row must have ${cells} cells as the first one does, got ${filled + empty}`, line);
    }
    areEndsEmpty &&= empty > 0;
    if (axis !== undefined) {
      fs = decideRate(plan, axis.samplingRate(), refuse);
      time = axis.report();
    }
    if (writer !== undefined) opened.push({ lead, writer, hasName, filled });
  }
  const lost = wanted.find((one) => !opened.some(({ lead }) => isWanted(lead, [one])));
  if (lost !== undefined) {
    throw refuse(
      `--column must be the name or the place, counted from 1, of a row that is a lead, got ${
        quote(String(lost))
      }; the file has ${names.map((name, i) => `${i + 1} ${quote(name)}`).join(", ")}`,
    );
  }
  if (opened.length === 0) {
    throw refuse("the file must hold a row that is a lead, got none; name one with --column");
  }
  const samples = cells! - (areEndsEmpty ? 1 : 0);
  return {
    leads: opened.map(({ lead, writer, hasName, filled }): CsvLead & LeadReport => {
      padLead(writer, filled + (hasName ? 2 : 1), samples - filled);
      return { ...lead, ...writer.finish() };
    }),
    samples,
    rows,
    fs: fs!,
    fsSource: plan.fsSource!,
    passedOver: plan.passedOver,
    time,
    skippedLines,
  };
}
