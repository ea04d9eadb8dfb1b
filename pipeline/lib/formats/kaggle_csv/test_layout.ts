import type { Annotation } from "../wfdb/record.ts";

/** Writes MIT-BIH as CSV, as the widespread copy has it, for tests: samples under quoted names. */
export function formatSignalCsv(names: readonly string[], signals: readonly ArrayLike<number>[]): string {
  const header = ["sample #", ...names].map((name) => `'${name}'`).join(",");
  const rows = Array.from(signals[0], (_, i) => `${i},${signals.map((signal) => signal[i]).join(",")}`);
  return `${[header, ...rows].join("\n")}\n`;
}

/** Writes annotations as `rdann -v` prints them. */
export function formatAnnotationText(annotations: readonly Annotation[], fs: number): string {
  const time = (sample: number) => {
    const ms = Math.round(sample / fs * 1000);
    return `${Math.floor(ms / 60_000)}:${(ms % 60_000 / 1000).toFixed(3).padStart(6, "0")}`;
  };
  const rows = annotations.map(({ sample, symbol, subtype, channel, num, aux }) =>
    [
      time(sample).padStart(12),
      String(sample).padStart(8),
      symbol.padStart(5),
      String(subtype).padStart(4),
      String(channel).padStart(4),
      String(num).padStart(4),
    ].join(" ") + (aux === "" ? "" : `\t${aux}`)
  );
  return `      Time   Sample #  Type  Sub Chan  Num\tAux\n${rows.join("\n")}\n`;
}
