/** Columns [first, first + count) of a row-major matrix with `columns` columns. */
export interface MatrixColumns {
  columns: number;
  first?: number;
  count?: number;
}

/**
 * Transposes a matrix or some columns of it: Keras keeps [inputs, outputs], TFLite [outputs, inputs].
 *
 * @param matrix [rows, columns], row-major.
 * @returns [count, rows], row-major.
 */
export function transposeColumns(
  matrix: Float32Array,
  { columns, first = 0, count = columns }: MatrixColumns,
): Float32Array {
  const rows = matrix.length / columns;
  const result = new Float32Array(rows * count);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < count; column++) {
      result[column * rows + row] = matrix[row * columns + first + column];
    }
  }
  return result;
}
