import {
  isComment,
  isMissingCell,
  parseNumberCell,
  type Separator,
  separatorByteOf,
  splitCells,
  unquote,
} from "./cells.ts";
import { columnKind, splitUnit } from "./column_names.ts";
import { evenSteps } from "./even_steps.ts";
import { findSeparator } from "./dialect.ts";
import type { Column } from "./layout.ts";
import { createLeadWriter, DEFAULT_LIMITS, type LeadReport } from "./lead_writer.ts";
import { describeLead, describePassedOver, type SignalCsvOptions, type SignalCsvPlan } from "./plan.ts";
import { decideRate, type OpenLead, rateMissing, type SignalCsv } from "./read_rows.ts";
import { quote, type Refuse, refuseIn } from "./refusal.ts";
import { createRowParser, createRowTable, endOfLine } from "./row_parser.ts";
import { joinStatements, readStatement } from "./statements.ts";
import { createTimeAxis, type TimeReport } from "./time_axis.ts";
import { findTimeColumn, resolutionOf } from "./time_column.ts";
import { type TextBytes, wholeLines } from "./whole_lines.ts";

/** A row of more cells than this is a whole lead when there are few such rows. */
const MAX_LEADS_SIDE_BY_SIDE = 64;
/** Most rows of the file's start, and fewest cells of a row for each of them. */
const FEW_ROWS = 32, CELLS_PER_ROW = 8;
/** Most leads of a file on its side: more are a table of beats. */
const MAX_ROWS = 64;

const LINE_FEED = 10, RETURN = 13, TAB = 9;

/** Takes a name off the front of a row's cells. */
function takeName(cells: readonly string[], decimalComma: boolean): { name: string; hasName: boolean } {
  const [first = ""] = cells;
  const hasName = !isMissingCell(first) && Number.isNaN(parseNumberCell(first, decimalComma));
  return { name: hasName ? unquote(first) : "", hasName };
}

/**
 * Finds out whether a file lies on its side, one row a lead, and how it is then read.
 *
 * The first row may be that of times. Rows may begin with their names.
 *
 * @returns Undefined where rows are no leads.
 */
export function planTransposed(text: TextBytes, options: SignalCsvOptions): SignalCsvPlan | undefined {
  const head = new TextDecoder("utf-8", { ignoreBOM: true }).decode(text.head);
  const lines = head.split(/\r\n|\n|\r/).filter((line) => line.trim() !== "");
  if (lines.length > 2 * FEW_ROWS) return undefined;
  const separator = findSeparator(lines);
  const comments = lines.filter(isComment), rows = lines.filter((line) => !isComment(line));
  const cells = rows.map((line) => splitCells(line, separator) ?? []);
  const first = cells.findIndex((row) => row.length > MAX_LEADS_SIDE_BY_SIDE);
  const leadRows = cells.length - first, width = cells[first]?.length ?? 0;
  if (first < 0 || leadRows > FEW_ROWS || width < CELLS_PER_ROW * leadRows) return undefined;

  const decimalComma = separator !== "," && cells[first].some((cell) => /^[+-]?\d+,\d+$/.test(cell.trim()));
  const { name, hasName } = takeName(cells[first], decimalComma);
  // The last cell of the head may be cut off.
  const values = cells[first].slice(hasName ? 1 : 0, text.isWhole ? undefined : -1);
  const numbers = values.map((cell) => parseNumberCell(cell, decimalComma));
  if (numbers.filter((number) => !Number.isNaN(number)).length < values.length / 2) return undefined;
  const steps = evenSteps(numbers), named = columnKind(name);
  const kind = named === "time" || steps !== "signal" ? (steps === "counter" ? "counter" : "time") : "signal";
  const column: Column = { name, unit: splitUnit(name).unit, kind, isDateTime: false };
  const separatorText = separator === "blank" ? undefined : separator;
  const statements = joinStatements([
    ...comments.map((line) => readStatement(line.replace(/^(#+|%+|\/\/)/, ""))),
    ...rows.slice(0, first).map((line) => readStatement(line, separatorText)),
  ]);
  const stated = statements.fs ?? options.samplingRate;
  const time = kind !== "time" ? undefined : findTimeColumn({
    index: 0,
    name: name || "row 1",
    column,
    head: Float64Array.from(numbers.filter((number) => !Number.isNaN(number))),
    resolution: resolutionOf(values),
    isClock: false,
  });
  return {
    encoding: text.encoding,
    transposed: true,
    layout: {
      separator,
      decimalComma,
      columns: [column],
      // Comments and words may stand above the rows; they are passed over by what they hold.
      linesBeforeData: rows.slice(0, first).length,
      headerRows: [],
      trailingSeparator: false,
      doubledLineEnds: false,
      statements,
      headRows: [],
    },
    leads: [],
    leadReason: "each row is a lead",
    fs: stated ?? (time && 1 / (time.step * time.secondsPerUnit)),
    fsSource: statements.fs !== undefined
      ? "header"
      : options.samplingRate !== undefined
      ? "option"
      : time && "time column",
    time: options.samplingRate === undefined ? time : undefined,
    passedOver: describePassedOver({
      header: statements.fs,
      option: options.samplingRate,
      time: options.samplingRate === undefined ? undefined : time,
    }),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
  };
}

/** The rows of a file, each as a stream of its cells with a line feed behind each. */
function createRowSource(chunks: AsyncGenerator<Uint8Array>, separator: Separator) {
  const separatorByte = separatorByteOf(separator);
  let rest = new Uint8Array(0), isAtEnd = false, feedMayFollow = false;

  async function fill(): Promise<boolean> {
    while (rest.length === 0) {
      const { done, value } = await chunks.next();
      if (done) {
        isAtEnd = true;
        return false;
      }
      // Rows are cut in place, in memory of their own.
      rest = new Uint8Array(value);
      if (feedMayFollow && rest[0] === LINE_FEED) rest = rest.subarray(1);
      feedMayFollow &&= value.length === 0;
    }
    return true;
  }

  return {
    /** @returns False at the end of the file. */
    hasMore: () => isAtEnd ? Promise.resolve(false) : fill(),
    /** The bytes of one row: to be read to their end before the next row is begun. */
    async *row(): AsyncGenerator<Uint8Array> {
      while (await fill()) {
        const { end, next } = endOfLine(rest, 0);
        const cells = rest.subarray(0, end);
        for (let i = 0; i < cells.length; i++) {
          if (cells[i] === separatorByte || separator === "blank" && cells[i] === TAB) cells[i] = LINE_FEED;
        }
        const isRowEnd = end < rest.length;
        feedMayFollow = isRowEnd && rest[end] === RETURN && next === rest.length;
        rest = rest.subarray(Math.min(next, rest.length));
        if (cells.length > 0) yield cells;
        if (isRowEnd) return;
      }
    },
  };
}

/** Reads a file of one row a lead. @throws FormatError */
export async function readTransposed(
  text: TextBytes,
  plan: SignalCsvPlan,
  options: SignalCsvOptions,
  openLead: OpenLead,
): Promise<SignalCsv> {
  const { layout, time, limits } = plan, { file, columns: wanted = [] } = options;
  const { decimalComma, separator } = layout, refuse = refuseIn(file);
  const source = createRowSource(text.chunks, separator);
  const leads: (ReturnType<typeof describeLead> & LeadReport)[] = [];
  let fs = plan.fs, timeReport: TimeReport | undefined, cells: number | undefined;
  let line = 0, rows = 0, comments = 0, empty = 0, headerLines = layout.linesBeforeData;

  for (; await source.hasMore();) {
    line++;
    const atCell: Refuse = (rule, cell) =>
      refuse(cell === undefined ? rule : `${rule}, at cell ${cell}`, line);
    const blocks = wholeLines(source.row(), file);
    const opened = await blocks.next();
    if (opened.done) {
      empty++;
      continue;
    }
    const firstLine = endOfLine(opened.value.bytes, 0);
    const firstCell = new TextDecoder().decode(opened.value.bytes.subarray(0, firstLine.end));
    if (isComment(firstCell) || headerLines > 0) {
      if (isComment(firstCell)) comments++;
      else headerLines--;
      for await (const _ of blocks);
      continue;
    }
    if (++rows > MAX_ROWS) {
      throw refuse(
        `a file of one row a lead must have at most ${MAX_ROWS} rows, got more; a table with one beat a row is no recording`,
        line,
      );
    }
    const { name, hasName } = takeName([firstCell], decimalComma);
    const isFirst = rows === 1, kind = isFirst ? layout.columns[0].kind : "signal";
    const lead = describeLead(
      {
        ...layout,
        columns: [{
          name: name || `row ${rows}`,
          unit: splitUnit(name).unit,
          kind: "signal",
          isDateTime: false,
        }],
      },
      0,
      options,
    );
    const isWanted = wanted.length === 0
      ? kind === "signal"
      : wanted.some((one) => String(one).toLowerCase() === lead.name.toLowerCase() || Number(one) === rows);
    const isTime = isFirst && time !== undefined;
    if (!isTime && isWanted && fs === undefined) throw rateMissing(plan, refuse);
    const axis = isTime ? createTimeAxis(time, 0, atCell) : undefined;
    const writer = !isTime && isWanted
      ? createLeadWriter({
        slot: 0,
        factor: lead.unit?.quantity === "voltage" ? lead.unit.factor : 1,
        place: `${quote(lead.name)} (row ${rows})`,
        fs: fs!,
        limits,
        refuse: atCell,
        append: openLead({ ...lead, index: rows - 1 }, leads.length),
      })
      : undefined;
    const parser = createRowParser({
      // To the reader of rows, a lead on its side is a file of one column.
      layout: {
        ...layout,
        separator: ";",
        columns: [{ ...layout.columns[0], kind: "signal" }],
        linesBeforeData: hasName ? 1 : 0,
      },
      columns: [0],
      emptyLinesAreRows: separator !== "blank",
      refuse: atCell,
    });
    const table = createRowTable(1);
    let position = hasName ? firstLine.next : 0;
    for (let block = opened.value;;) {
      while (position < block.bytes.length) {
        position = parser.parse(block.bytes, position, table, false);
        axis?.take(table);
        writer?.take(table, undefined);
      }
      const next = await blocks.next();
      if (next.done) break;
      [block, position] = [next.value, 0];
    }
    parser.finish();
    cells ??= parser.rows;
    if (parser.rows !== cells) {
      throw refuse(`every row must have ${cells} cells as the first one does, got ${parser.rows}`, line);
    }
    if (axis !== undefined) {
      const fromTimes = axis.samplingRate();
      fs = decideRate(plan, fromTimes, refuse);
      timeReport = axis.report();
    }
    if (writer !== undefined) leads.push({ ...lead, index: rows - 1, ...writer.finish() });
  }
  if (leads.length === 0) {
    throw refuse("the file must hold a row that is a lead, got none; name one with --column");
  }
  return {
    leads,
    samples: cells!,
    rows,
    fs: fs!,
    fsSource: plan.fsSource!,
    passedOver: plan.passedOver,
    time: timeReport,
    skippedLines: {
      beforeData: layout.linesBeforeData,
      comments,
      empty,
      repeatedHeaders: 0,
      cutOffRows: 0,
    },
  };
}
