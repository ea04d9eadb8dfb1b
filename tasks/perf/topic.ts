/** Something that `deno task perf` measures. */
export interface PerfTopic {
  /** One sentence for the help text. */
  doc: string;
  /** Options and their meaning, one a line, for the help text. */
  usage: string;
  /**
   * Measures and prints: a table, or with `--json` an array.
   *
   * @param args What stands behind the topic on the command line.
   * @throws UsageError
   */
  run(args: string[]): Promise<void>;
}
