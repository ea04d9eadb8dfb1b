import type { PythonRun } from "./python_environment.ts";

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

/** One of the originals that the project is to agree with. */
export interface ParitySection {
  name: string;
  /** One line for the report: who is asked what. */
  doc: string;
  /** Says why the section cannot run here; undefined when it can. */
  missing?(): string | undefined;
  /**
   * Computes with this project, has Python compute the same, and compares.
   *
   * @param folder An empty folder of its own to exchange files in.
   */
  run(folder: string, python: PythonRun): Promise<Check[]>;
}

/** @returns Whether the figure is what it has to be; NaN never is. */
export const isPassed = ({ value, limit }: Check): boolean => limit === null || value <= limit;
