/**
 * Computes weights that let rare classes count more: w[c] is proportional to n[c]^-power, scaled so that the mean weight
 * over all windows is 1. Power 1 lets every class count alike, 0.5 goes half the way, 0 is no weighting.
 *
 * Source: with power 1 scikit-learn's `compute_class_weight("balanced")`, over the classes that occur.
 *
 * @param labels Class indices of the training windows, not empty.
 * @param classes Number of classes.
 * @param power In [0, 1].
 * @returns Shape [classes]; 0 for a class that does not occur.
 * @throws RangeError No labels, a label that is no class, or a power out of range.
 */
export function balancedClassWeights(labels: Uint8Array, classes: number, power = 1): Float64Array {
  if (!(power >= 0 && power <= 1)) {
    throw new RangeError(`Cannot weight classes: power must be in [0, 1], got ${power}`);
  }
  if (labels.length === 0) throw new RangeError("Cannot weight classes: there must be labels, got none");
  const counts = new Float64Array(classes);
  for (const label of labels) {
    if (label >= classes) {
      throw new RangeError(`Cannot weight classes: labels must be below ${classes}, got ${label}`);
    }
    counts[label]++;
  }
  const total = counts.reduce((sum, count) => sum + (count > 0 ? count ** (1 - power) : 0), 0);
  return counts.map((count) => count > 0 ? count ** -power * labels.length / total : 0);
}
