import type { ClassificationReport } from "../metrics/confusion.ts";
import { textTable } from "./text_table.ts";

/** What was measured of one form of a model, for example int8. */
export interface FormFigures {
  form: string;
  bytes: number;
  report: ClassificationReport;
  /** Part of the windows that it calls as the float32 form does. */
  agreement: number;
  /** Median time of one window in milliseconds. */
  latencyMs: number;
}

const percent = (value: number | null): string => value === null ? "-" : (100 * value).toFixed(2);

/**
 * Sets the forms of a model side by side, with what each loses against the first.
 *
 * @param forms The float32 form first.
 * @param options.byClass With sensitivity / positive predictivity of each class.
 */
export function comparisonTable(
  forms: readonly FormFigures[],
  { byClass }: { byClass: boolean },
): string {
  const classes = byClass ? Object.keys(forms[0].report.classes) : [];
  const loss = (form: ClassificationReport, figure: "accuracy" | "macroF1") => {
    const [before, after] = [forms[0].report[figure], form[figure]];
    return before === null || after === null ? "-" : (100 * (before - after)).toFixed(2);
  };
  return textTable(
    [
      "form",
      "accuracy %",
      "lost",
      "macro-F1 %",
      "lost",
      "as float32 %",
      "bytes",
      "ms a window",
      ...classes.map((name) => `Se / +P of ${name}`),
    ],
    forms.map(({ form, bytes, report, agreement, latencyMs }) => [
      form,
      percent(report.accuracy),
      loss(report, "accuracy"),
      percent(report.macroF1),
      loss(report, "macroF1"),
      percent(agreement),
      bytes.toLocaleString("en-US"),
      latencyMs.toFixed(3),
      ...classes.map((name) => {
        const { sensitivity, positivePredictivity } = report.classes[name];
        return `${percent(sensitivity)} / ${percent(positivePredictivity)}`;
      }),
    ]),
  );
}
