import { FormatError } from "../../core/errors.ts";
import { ANNOTATION_CODES, ANNOTATION_SYMBOLS } from "./annotation_codes.ts";
import type { Annotation } from "./record.ts";

// A word of an MIT annotation file: 6 bits of code above 10 bits of data.
const CODE_SHIFT = 10;
const DATA_MASK = 0x3ff;
const NOTE = '"';
// Pseudo-annotations that belong to the annotation before them (SKIP: to the one behind).
const SKIP = 59;
const NUM = 60;
const SUB = 61;
const CHN = 62;
const AUX = 63;

const MIN_INT32 = -(2 ** 31);
const MAX_INT32 = 2 ** 31 - 1;

/** A file that begins with a null byte and one of these codes is in AHA format, as the library's annopen() decides. */
const AHA_CODES = "EFNOPQRUV";

/**
 * Decodes an annotation file in MIT format.
 *
 * As in the WFDB library, `subtype` is 0 unless an annotation gives it and `num` and `channel` keep their last value;
 * `subtype` and `num` are signed bytes, `channel` is an unsigned one; times may stand still or go back (SKIP may be
 * negative); a word of 0 ends the list and bytes behind it are not looked at; a code 0 with an interval does not end it
 * and gives an annotation " " (NOTQRS); a file without that word is refused (the library's getann() gives error -3).
 *
 * Source: WFDB Applications Guide, annot(5).
 * Deviations: codes 50..58, which nothing defines, and times outside 32 bits are refused; null bytes at the end of an
 * auxiliary text are dropped, because the library reads it as a C string; notes at sample 0 that define a time
 * resolution or labels stay in the list (see `annotationTimeResolution`) and the labels are not applied.
 *
 * @param file Name of the file for error messages.
 * @returns Annotations in the file's order. Each byte of `aux` is one character, U+0000..U+00FF.
 * @throws {FormatError} With the byte where the file breaks the format.
 */
export function decodeAnnotations(bytes: Uint8Array, file?: string): Annotation[] {
  if (looksLikeAha(bytes[0], bytes[1])) {
    throw new FormatError("Cannot decode annotations: the file must be in MIT format, got AHA format", {
      file,
      byteOffset: 0,
    });
  }
  const annotations: Annotation[] = [];
  const wordAt = (offset: number): number => {
    if (offset + 2 > bytes.length) {
      throw new FormatError(
        `Cannot decode annotations: the list must end with a word of 0, got the end of the file after ${annotations.length} ` +
          `annotations; the file is truncated, fetch it again`,
        { file, byteOffset: offset },
      );
    }
    return bytes[offset] | (bytes[offset + 1] << 8);
  };
  let current: Annotation | undefined;
  let time = 0, channel = 0, num = 0;
  for (let at = 0;;) {
    const word = wordAt(at);
    if (word === 0) return annotations;
    const code = word >> CODE_SHIFT, data = word & DATA_MASK;
    if (code === SKIP) {
      // The high half comes first, each half with its low byte first, as a PDP-11 stores a long.
      time += (wordAt(at + 2) << 16) | wordAt(at + 4);
      if (!Number.isSafeInteger(time)) refuseTime(time, file, at);
      at += 6;
      continue;
    }
    if (code < SKIP) {
      if (code >= ANNOTATION_SYMBOLS.length) {
        throw new FormatError(`Cannot decode annotations: code must lie in 0..49 or 59..63, got ${code}`, {
          file,
          byteOffset: at,
        });
      }
      time += data;
      if (!(time >= MIN_INT32 && time <= MAX_INT32)) refuseTime(time, file, at);
      current = { sample: time, symbol: ANNOTATION_SYMBOLS[code], subtype: 0, channel, num, aux: "" };
      annotations.push(current);
      at += 2;
      continue;
    }
    if (current === undefined) {
      throw new FormatError(
        `Cannot decode annotations: the file must begin with an annotation, got field code ${code}`,
        { file, byteOffset: at },
      );
    }
    at += 2;
    if (code === NUM) current.num = num = (data << 24) >> 24;
    else if (code === SUB) current.subtype = (data << 24) >> 24;
    else if (code === CHN) current.channel = channel = data & 0xff;
    else {
      const length = data & 0xff, padded = length + (length & 1), left = bytes.length - at;
      if (padded > left) {
        throw new FormatError(
          `Cannot decode annotations: an auxiliary text of ${length} bytes must lie within the file, ` +
            `got ${left} bytes; the file is truncated, fetch it again`,
          { file, byteOffset: at },
        );
      }
      current.aux = textOf(bytes, at, at + length);
      at += padded;
    }
  }
}

/**
 * Encodes an annotation file in MIT format, as the WFDB library's putann() does.
 *
 * Source: WFDB Applications Guide, annot(5).
 *
 * @param annotations `sample` in 32 bits, `subtype` and `num` -128..127, `channel` 0..255, `aux` at most 255
 *   characters U+0000..U+00FF; in the order in which they are to be read.
 * @returns The file with its end mark.
 * @throws {RangeError} When a field cannot be written.
 */
export function encodeAnnotations(annotations: readonly Annotation[]): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  const word = (code: number, data: number) => {
    const value = (code << CODE_SHIFT) | (data & DATA_MASK);
    bytes.push(value & 0xff, value >> 8);
  };
  let time = 0, channel = 0, num = 0;
  annotations.forEach((annotation, index) => {
    const code = codeOf(annotation, index);
    let interval = annotation.sample - time;
    // A code 0 must not make a word of 0, which ends the list: it keeps one sample of the interval for itself.
    const kept = code === 0 ? 1 : 0;
    // Nor must the file look like one in AHA format to the library.
    const isAmbiguous = index === 0 && looksLikeAha(interval & 0xff, (code << 2) | (interval >> 8));
    if (code === 0 || interval < 0 || interval > DATA_MASK || isAmbiguous) {
      interval -= kept;
      do {
        // An interval between two times of 32 bits may need 33.
        const step = Math.max(MIN_INT32, Math.min(MAX_INT32, interval));
        bytes.push(0, SKIP << 2, (step >> 16) & 0xff, (step >> 24) & 0xff, step & 0xff, (step >> 8) & 0xff);
        interval -= step;
      } while (interval !== 0);
      interval = kept;
    }
    word(code, interval);
    if (annotation.subtype !== 0) word(SUB, annotation.subtype);
    if (annotation.channel !== channel) word(CHN, annotation.channel);
    if (annotation.num !== num) word(NUM, annotation.num);
    if (annotation.aux !== "") {
      word(AUX, annotation.aux.length);
      for (let i = 0; i < annotation.aux.length; i++) bytes.push(annotation.aux.charCodeAt(i));
      if (annotation.aux.length % 2 === 1) bytes.push(0);
    }
    ({ sample: time, channel, num } = annotation);
  });
  bytes.push(0, 0);
  return Uint8Array.from(bytes);
}

/**
 * Finds the time resolution that an annotation file defines for itself, by a note at sample 0 at its beginning.
 *
 * Source: WFDB Programmer's Guide, "Annotations", getiaorigfreq; WFDB library, annot.c, get_ann_table().
 *
 * @returns Ticks per second of `sample`, in Hz; undefined when the file counts in samples of its record.
 */
export function annotationTimeResolution(annotations: readonly Annotation[]): number | undefined {
  for (const { sample, symbol, aux } of annotations) {
    if (sample !== 0 || symbol !== NOTE) return undefined;
    const match = /^## time resolution: (\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)/.exec(aux);
    if (match !== null) return Number(match[1]);
  }
  return undefined;
}

function looksLikeAha(first: number, second: number): boolean {
  return first === 0 && AHA_CODES.includes(String.fromCharCode(second));
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  while (end > start && bytes[end - 1] === 0) end--;
  return String.fromCharCode(...bytes.subarray(start, end));
}

function refuseTime(time: number, file: string | undefined, byteOffset: number): never {
  throw new FormatError(`Cannot decode annotations: times must fit in 32 bits, got sample ${time}`, {
    file,
    byteOffset,
  });
}

function codeOf(annotation: Annotation, index: number): number {
  const { sample, symbol, subtype, channel, num, aux } = annotation;
  const refuse = (rule: string, got: unknown): never => {
    throw new RangeError(`Cannot encode annotation ${index}: ${rule}, got ${JSON.stringify(got) ?? got}`);
  };
  const isWithin = (value: number, min: number, max: number) =>
    Number.isInteger(value) && value >= min && value <= max;
  if (!isWithin(sample, MIN_INT32, MAX_INT32)) refuse("sample must be an integer of 32 bits", sample);
  if (!isWithin(subtype, -128, 127)) refuse("subtype must be an integer in -128..127", subtype);
  if (!isWithin(channel, 0, 255)) refuse("channel must be an integer in 0..255", channel);
  if (!isWithin(num, -128, 127)) refuse("num must be an integer in -128..127", num);
  if (aux.length > 255) refuse("aux must have at most 255 characters", aux.length);
  // deno-lint-ignore no-control-regex -- the range is that of a byte
  if (/[^\u0000-\u00ff]|\u0000$/.test(aux)) refuse("aux must be bytes that do not end in null", aux);
  return ANNOTATION_CODES.get(symbol) ?? refuse("symbol must be a WFDB annotation mnemonic", symbol);
}
