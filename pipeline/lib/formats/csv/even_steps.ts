/** Whether a column counts up evenly, but for a few gaps: sample numbers where the step is 1, else times. */
export function evenSteps(values: readonly number[]): "time" | "counter" | "signal" {
  const there = values.filter((value) => !Number.isNaN(value));
  const steps = there.slice(1).map((value, i) => value - there[i]);
  if (steps.length < 2) return "signal";
  const share = (holds: (step: number) => boolean) => steps.filter(holds).length / steps.length;
  const most = steps.length < 50 ? 1 : 0.95;
  if (share((step) => step === 1) >= most && Number.isInteger(there[0])) return "counter";
  const median = steps.toSorted((a, b) => a - b)[steps.length >> 1];
  // Printed times are rounded: 0.003, 0.006, 0.008 at 360 Hz.
  return median > 0 && share((step) => step >= median / 2 && step <= median * 2) >= most ? "time" : "signal";
}

/**
 * Finds out whether a column counts its rows: by 1, from 0 again after a while or not.
 *
 * @param head Values of the file's first rows, NaN where missing.
 * @returns Undefined where it does not, else the length of the cycle if it has one.
 */
export function findCounter(head: readonly number[]): { cycle?: number } | undefined {
  const there = head.filter((value) => !Number.isNaN(value));
  const steps = there.slice(1).map((value, i) => value - there[i]);
  if (steps.length === 0 || !there.every(Number.isInteger)) return undefined;
  const back = steps.filter((step) => step < 0), ones = steps.filter((step) => step === 1).length;
  if ((ones + back.length) < 0.9 * steps.length || ones < 0.5 * steps.length) return undefined;
  const cycle = 1 - Math.min(0, ...back);
  return back.length >= 2 && back.every((step) => step === 1 - cycle) ? { cycle } : {};
}
