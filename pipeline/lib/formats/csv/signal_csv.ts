import { planRead, type SignalCsvOptions, type SignalCsvPlan } from "./plan.ts";
import { type OpenLead, readRows, type SignalCsv } from "./read_rows.ts";
import { planTransposed, readTransposed } from "./transposed.ts";
import { type ByteSource, openText } from "./whole_lines.ts";

export type { CsvLead, RateSource, SignalCsvOptions, SignalCsvPlan } from "./plan.ts";
export type { OpenLead, SignalCsv } from "./read_rows.ts";
export { DEFAULT_LIMITS, MISSING_SAMPLE } from "./lead_writer.ts";

/** Bytes from the start of a file in which its layout is looked for. */
const HEAD_BYTES = 2 ** 18;

/** A file whose start was read. */
export interface SignalCsvReader {
  plan: SignalCsvPlan;
  /**
   * Reads the file.
   *
   * @param openLead The blocks that its functions get are used anew afterwards. All leads have as many samples.
   * @throws FormatError with the line if a row does not fit, a value is neither number nor missing, more is missing than the limits
   * allow, the sampling rate cannot be told, or there are no samples.
   */
  read(openLead: OpenLead): Promise<SignalCsv>;
  /** Gives the source back without reading it to its end. */
  close(): Promise<void>;
}

/**
 * Opens a text file of signals: CSV with commas or semicolons, tabs or blanks, with a header or without one.
 *
 * The file's start decides how it is read (`plan`); rows that contradict it later are refused with their line. Missing cells
 * and dropped rows are interpolated or passed on as `MISSING_SAMPLE`, within limits, and counted. The memory needed does not grow with the file.
 *
 * The sampling rate is the header's, else the option's, else the time column's: one named so or a first column that counts up
 * evenly, in the unit that it names, else the only one of s, ms, us and ns that gives 50 to 5,000 Hz.
 *
 * Not supported: quoted cells that span lines, dates with month names, rows of unequal length.
 *
 * @param source The text, or its bytes in chunks of any size: UTF-8, or UTF-16 with a byte order mark.
 * @throws FormatError with the line if the start holds no table of numbers, or no column is a lead.
 * @throws RangeError if the sampling rate given is not a positive number.
 */
export async function openSignalCsv(
  source: string | AsyncIterable<Uint8Array>,
  options: SignalCsvOptions,
): Promise<SignalCsvReader> {
  const { file, samplingRate } = options;
  if (samplingRate !== undefined && !(samplingRate > 0 && samplingRate < Infinity)) {
    throw new RangeError(`Cannot read a signal: the sampling rate must be positive Hz, got ${samplingRate}`);
  }
  const bytes: ByteSource = typeof source === "string"
    ? [new TextEncoder().encode(source)].values()
    : source[Symbol.asyncIterator]();
  const close = async () => void await bytes.return?.();
  try {
    const text = await openText(bytes, HEAD_BYTES);
    const plan = planTransposed(text, options) ?? planRead(text, options);
    return {
      plan,
      async read(openLead) {
        try {
          return plan.transposed
            ? await readTransposed(text, plan, options, openLead)
            : await readRows(text, plan, file, openLead);
        } finally {
          await close();
        }
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Opens and reads a file, see {@linkcode openSignalCsv}. */
export async function readSignalCsv(
  source: string | AsyncIterable<Uint8Array>,
  options: SignalCsvOptions,
  openLead: OpenLead,
): Promise<SignalCsv> {
  return await (await openSignalCsv(source, options)).read(openLead);
}
