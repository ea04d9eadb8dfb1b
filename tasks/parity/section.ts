import type { Check } from "./check.ts";
import type { PythonRun } from "./python_environment.ts";

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
