import type { Samples } from "./record.ts";

/** Which samples of a file go where. Samples are counted through the whole file, all signals of all frames. */
export interface SampleRun {
  /** First sample to take. */
  first: number;
  /** Distance to the next, >= 1. */
  step: number;
  /** Where the first goes. */
  outFirst: number;
  /** Distance to where the next goes, >= 1. */
  outStep: number;
}

/**
 * Decodes every `step`-th sample of a file until the end of `out`; the file must hold them all.
 *
 * @param bytes The file without its prolog.
 * @param out 32 bits for the formats 8, 24 and 32, else 16 bits.
 */
export type SampleDecoder = (bytes: Uint8Array, run: SampleRun, out: Samples) => void;

/** Format 80: offset binary bytes. */
export const decodeBytes: SampleDecoder = (bytes, { first, step, outFirst, outStep }, out) => {
  for (let i = outFirst, at = first; i < out.length; i += outStep, at += step) out[i] = bytes[at] - 128;
};

/** Format 8: the first differences of a signal as signed bytes. The sums begin at 0, the caller adds the start. */
export const decodeDifferences: SampleDecoder = (bytes, { first, step, outFirst, outStep }, out) => {
  for (let i = outFirst, at = first; i < out.length; i += outStep, at += step) {
    out[i] = (bytes[at] << 24) >> 24;
  }
};

/** Format 16: two's complement, low byte first. */
export const decodeWords: SampleDecoder = (bytes, { first, step, outFirst, outStep }, out) => {
  for (let i = outFirst, at = 2 * first; i < out.length; i += outStep, at += 2 * step) {
    out[i] = bytes[at] | (bytes[at + 1] << 8);
  }
};

/** Format 61: two's complement, high byte first. */
export const decodeFormat61: SampleDecoder = (bytes, { first, step, outFirst, outStep }, out) => {
  for (let i = outFirst, at = 2 * first; i < out.length; i += outStep, at += 2 * step) {
    out[i] = (bytes[at] << 8) | bytes[at + 1];
  }
};

/** Format 160: offset binary, low byte first. */
export const decodeFormat160: SampleDecoder = (bytes, { first, step, outFirst, outStep }, out) => {
  for (let i = outFirst, at = 2 * first; i < out.length; i += outStep, at += 2 * step) {
    out[i] = (bytes[at] | (bytes[at + 1] << 8)) - 32768;
  }
};

/** Format 24: two's complement, low byte first. */
export const decodeWords24: SampleDecoder = (bytes, { first, step, outFirst, outStep }, out) => {
  for (let i = outFirst, at = 3 * first; i < out.length; i += outStep, at += 3 * step) {
    out[i] = bytes[at] | (bytes[at + 1] << 8) | ((bytes[at + 2] << 24) >> 8);
  }
};

/** Format 32: two's complement, low byte first. */
export const decodeWords32: SampleDecoder = (bytes, { first, step, outFirst, outStep }, out) => {
  for (let i = outFirst, at = 4 * first; i < out.length; i += outStep, at += 4 * step) {
    out[i] = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  }
};

/** Decodes samples that all have one place in their group: `at` is their group's first byte, `stride` the next one's. */
type PhaseDecoder = (
  bytes: Uint8Array,
  at: number,
  stride: number,
  out: Samples,
  i: number,
  step: number,
) => void;

/**
 * Makes a decoder from one for each place in a group, so that no loop asks where in its group a sample lies. A step that
 * is no multiple of the group meets all the places in turn: it is as many runs as a group has, each of so many steps.
 */
function inGroups(groupBytes: number, phases: readonly PhaseDecoder[]): SampleDecoder {
  const group = phases.length;
  return (bytes, { first, step, outFirst, outStep }, out) => {
    const runs = step % group === 0 ? 1 : group;
    for (let run = 0; run < runs; run++) {
      const k = first + run * step;
      const at = Math.floor(k / group) * groupBytes, stride = (step * runs / group) * groupBytes;
      phases[k % group](bytes, at, stride, out, outFirst + run * outStep, outStep * runs);
    }
  };
}

/**
 * Format 212: two 12-bit two's complement samples in three bytes. Byte 0 holds the low 8 bits of the first sample, byte 1
 * the high 4 bits of the first (low nibble) and of the second (high nibble), byte 2 the low 8 bits of the second.
 */
export const decodeFormat212: SampleDecoder = inGroups(3, [
  (bytes, at, stride, out, i, step) => {
    for (; i < out.length; i += step, at += stride) out[i] = ((bytes[at + 1] << 28) >> 20) | bytes[at];
  },
  (bytes, at, stride, out, i, step) => {
    for (; i < out.length; i += step, at += stride) {
      out[i] = (((bytes[at + 1] << 24) >> 28) << 8) | bytes[at + 2];
    }
  },
]);

/**
 * Format 310: three 10-bit two's complement samples in four bytes. Of each of the two words (low byte first), bits 1 to
 * 10 are the first and the second sample; the third has its low 5 bits on top of the first word, its high 5 on top of
 * the second.
 */
export const decodeFormat310: SampleDecoder = inGroups(4, [
  (bytes, at, stride, out, i, step) => {
    for (; i < out.length; i += step, at += stride) out[i] = ((bytes[at + 1] << 29) >> 22) | (bytes[at] >> 1);
  },
  (bytes, at, stride, out, i, step) => {
    for (; i < out.length; i += step, at += stride) {
      out[i] = ((bytes[at + 3] << 29) >> 22) | (bytes[at + 2] >> 1);
    }
  },
  (bytes, at, stride, out, i, step) => {
    for (; i < out.length; i += step, at += stride) {
      out[i] = (((bytes[at + 3] << 24) >> 27) << 5) | (bytes[at + 1] >> 3);
    }
  },
]);

/** Format 311: three 10-bit two's complement samples in four bytes, one above the other, the top two bits unused. */
export const decodeFormat311: SampleDecoder = inGroups(4, [
  (bytes, at, stride, out, i, step) => {
    for (; i < out.length; i += step, at += stride) out[i] = ((bytes[at + 1] << 30) >> 22) | bytes[at];
  },
  (bytes, at, stride, out, i, step) => {
    for (; i < out.length; i += step, at += stride) {
      out[i] = ((bytes[at + 2] << 28) >> 22) | (bytes[at + 1] >> 2);
    }
  },
  (bytes, at, stride, out, i, step) => {
    for (; i < out.length; i += step, at += stride) {
      out[i] = ((bytes[at + 3] << 26) >> 22) | (bytes[at + 2] >> 4);
    }
  },
]);
