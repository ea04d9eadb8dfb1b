import { AAMI_CLASSES } from "../../../pipeline/lib/beats/aami.ts";
import { createRng, type Rng } from "../../../pipeline/lib/core/rng.ts";
import { classificationReport, confusionMatrix } from "../../../pipeline/lib/metrics/confusion.ts";
import { latencyStatistics } from "../../../pipeline/lib/metrics/latency.ts";
import type { ParitySection } from "../section.ts";

const CLASSES = AAMI_CLASSES.length, DRAWS = 50, MOST_BEATS = 2000;

/** @returns Classes and what a classifier made of them; in some draws a class never occurs or is never called. */
function drawBeats(rng: Rng): { truth: Uint8Array; predicted: Uint8Array } {
  const count = 1 + rng.integer(MOST_BEATS), skill = rng.uniform(), kinds = 1 + rng.integer(CLASSES);
  const truth = Uint8Array.from({ length: count }, () => rng.integer(kinds));
  const predicted = truth.map((label) => rng.uniform() < skill ? label : rng.integer(CLASSES));
  return { truth, predicted };
}

/** Confusion matrices, figures of each class and latencies, on drawn beats. */
export const metricsSection: ParitySection = {
  name: "metrics",
  doc: "scikit-learn and NumPy give the same figures of merit",
  async run(folder, python) {
    const rng = createRng(57);
    const classifications = Array.from({ length: DRAWS }, () => {
      const { truth, predicted } = drawBeats(rng);
      const matrix = confusionMatrix(truth, predicted, CLASSES);
      return {
        truth: [...truth],
        predicted: [...predicted],
        matrix: [...matrix],
        report: classificationReport(matrix, AAMI_CLASSES),
      };
    });
    const latencies = Array.from({ length: DRAWS }, () => {
      const samplesMs = Float64Array.from({ length: 1 + rng.integer(500) }, () => Math.exp(rng.normal()));
      return { samplesMs: [...samplesMs], statistics: latencyStatistics(samplesMs) };
    });
    const cases = { classes: AAMI_CLASSES, classifications, latencies };
    await Deno.writeTextFile(`${folder}/cases.json`, JSON.stringify(cases));
    return await python("metrics_check.py", folder);
  },
};
