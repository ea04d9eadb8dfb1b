import type { Layout } from "../csv/layout.ts";

/**
 * What the MIT-BIH Arrhythmia Database as CSV leaves unsaid: its samples are those of an 11-bit converter.
 *
 * Source: the headers (.hea) of the database.
 */
export const MITDB_ADC = { fs: 360, gainAduPerMv: 200, baselineAdu: 1024, maxAdu: 2047 } as const;

/**
 * Whether a table is a record of MIT-BIH as rdsamp prints it: sample numbers from 0 under 'sample #', and integers of the
 * converter's range in all other columns.
 */
export function isMitdbTable({ columns, headRows }: Pick<Layout, "columns" | "headRows">): boolean {
  const isAdu = (cell: string) => /^\s*(-|\d+)\s*$/.test(cell) && !(Number(cell) > MITDB_ADC.maxAdu);
  return columns.length >= 2 && /^sample ?#$/i.test(columns[0].name) && Number(headRows[0]?.[0]) === 0 &&
    headRows.every((row) => row.slice(1).every(isAdu));
}
