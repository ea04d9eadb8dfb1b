/** One agreement with an original: what it gives for one case, and how far that may be from what this project gives. */
export interface Check {
  /** What was compared, for example "lstm int8". */
  case: string;
  /** What was measured, with its unit: "max error", "bytes". */
  measure: string;
  value: number;
  /** The most that is accepted; null for a figure that stands there to be read. */
  limit: number | null;
}

/** @returns Whether the figure is what it has to be; NaN never is. */
export const isPassed = ({ value, limit }: Check): boolean => limit === null || value <= limit;
