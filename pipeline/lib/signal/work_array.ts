/** Gives memory to work in: `length` samples of any content, which the next call gives to someone else. */
export type WorkArray = (length: number) => Float64Array<ArrayBuffer>;

/**
 * Creates memory that is used again and again. Work on a long signal block by block would else leave each block's arrays to the
 * garbage collector, which lets gigabytes of them lie.
 */
export function createWorkArray(): WorkArray {
  let array = new Float64Array(0);
  return (length) => {
    if (array.length < length) array = new Float64Array(length);
    return array.subarray(0, length);
  };
}
