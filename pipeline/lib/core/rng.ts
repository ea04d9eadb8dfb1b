/** A seeded source of random numbers: the same seed gives the same numbers on every machine. */
export interface Rng {
  /** Uniform in [0, 1), 32 bits of resolution. */
  uniform(): number;
  /** Uniform integer in [0, n); n in [1, 2^32]. */
  integer(n: number): number;
  /** Standard normal, mean 0 and variance 1 (Marsaglia's polar method). */
  normal(): number;
  /** Shuffles in place (Fisher-Yates) and returns the same array. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T;
  /** An independent generator for one named purpose, so that adding a consumer does not move the others. */
  fork(purpose: string): Rng;
}

/**
 * Creates a seeded generator: xoshiro128** seeded by SplitMix32.
 *
 * Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021.
 *
 * @param seed Any integer; only its lowest 32 bits count.
 */
export function createRng(seed: number): Rng {
  let mix = seed >>> 0;
  const splitMix32 = (): number => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let a = splitMix32(), b = splitMix32(), c = splitMix32(), d = splitMix32();
  let spareNormal: number | undefined;

  const next = (): number => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  const rng: Rng = {
    uniform: () => next() / 4294967296,
    integer(n) {
      if (!Number.isInteger(n) || n < 1 || n > 4294967296) {
        throw new RangeError(`Cannot draw an integer: n must be an integer in [1, 2^32], got ${n}`);
      }
      return Math.floor((next() / 4294967296) * n);
    },
    normal() {
      if (spareNormal !== undefined) {
        const spare = spareNormal;
        spareNormal = undefined;
        return spare;
      }
      for (;;) {
        const x = 2 * rng.uniform() - 1, y = 2 * rng.uniform() - 1;
        const s = x * x + y * y;
        if (s > 0 && s < 1) {
          const factor = Math.sqrt(-2 * Math.log(s) / s);
          spareNormal = y * factor;
          return x * factor;
        }
      }
    },
    shuffle(items) {
      for (let i = items.length - 1; i > 0; i--) {
        const j = rng.integer(i + 1);
        const kept = items[i];
        items[i] = items[j];
        items[j] = kept;
      }
      return items;
    },
    fork(purpose) {
      // FNV-1a over the purpose, joined with the seed and not with the state: forks do not depend on their order.
      let hash = 0x811c9dc5 ^ (seed >>> 0);
      for (let i = 0; i < purpose.length; i++) hash = Math.imul(hash ^ purpose.charCodeAt(i), 0x01000193);
      return createRng(hash);
    },
  };
  return rng;
}
