/**
 * Gives the k-th smallest of some values.
 *
 * Source: Hoare, "Algorithm 65: Find", Communications of the ACM 4(7), 1961.
 *
 * @param values At least k + 1; they are put in another order: none before index k is larger than it, none behind it smaller.
 * @param k Counted from 0.
 */
export function selectSmallest(values: Float64Array, k: number): number {
  for (let low = 0, high = values.length - 1; low < high;) {
    const pivot = values[k];
    let i = low, j = high;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i <= j) {
        const kept = values[i];
        values[i++] = values[j];
        values[j--] = kept;
      }
    }
    if (j < k) low = i;
    if (k < i) high = j;
  }
  return values[k];
}

/**
 * Gives the median of some values, of an even number the mean of the two middle ones.
 *
 * @param values At least one, finite; they are put in another order.
 */
export function medianOf(values: Float64Array): number {
  const middle = values.length >> 1, upper = selectSmallest(values, middle);
  if (values.length % 2 === 1) return upper;
  let lower = -Infinity;
  for (let i = 0; i < middle; i++) lower = Math.max(lower, values[i]);
  return (lower + upper) / 2;
}
