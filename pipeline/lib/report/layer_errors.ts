import { textTable } from "./text_table.ts";

/** How well a tensor of a quantized graph stands for the float one. */
export interface TensorError {
  tensor: string;
  operator: string;
  /** Signal to quantization noise, in dB; Infinity where there is no error. */
  sqnrDb: number;
  maxError: number;
  maxValue: number;
  /** Part of the values beyond what the integers hold, [0, 1]. */
  saturated: number;
}

/** More rows than this are no reading matter: an unrolled recurrent layer has thousands. */
const MAX_ROWS = 60;

/**
 * Sets each tensor's error in a row, in the order of execution; the worst is marked.
 *
 * Of more than 60 tensors only the 60 worst are shown, still in that order, and the text says so.
 */
export function layerErrorTable(errors: readonly TensorError[]): string {
  const ranked = errors.toSorted((a, b) => a.sqnrDb - b.sqnrDb), shown = new Set(ranked.slice(0, MAX_ROWS));
  const table = textTable(
    ["tensor", "operator", "SQNR dB", "max error", "max value", "outside %", ""],
    errors.filter((error) => shown.has(error)).map((error) => [
      error.tensor,
      error.operator,
      Number.isFinite(error.sqnrDb) ? error.sqnrDb.toFixed(1) : "-",
      error.maxError.toFixed(5),
      error.maxValue.toFixed(4),
      (100 * error.saturated).toFixed(3),
      error === ranked[0] ? "<- worst" : " ",
    ]),
  );
  return errors.length > MAX_ROWS ? `${table}\nthe ${MAX_ROWS} worst of ${errors.length} tensors` : table;
}
