import { FormatError } from "../../core/errors.ts";
import { ANNOTATION_SYMBOLS } from "./annotation_codes.ts";
import { createSymbolTable } from "./annotation_definitions.ts";
import type { Annotation } from "./record.ts";

// A word of an MIT annotation file: 6 bits of code above 10 bits of data.
const CODE_SHIFT = 10;
const DATA_MASK = 0x3ff;
const NOTE = '"';
const TIME_RESOLUTION = /^## time resolution: (\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)/;
// Pseudo-annotations that belong to the annotation before them (SKIP: to the one behind).
const SKIP = 59;
const NUM = 60;
const SUB = 61;
const CHN = 62;
const AUX = 63;

const MIN_INT32 = -(2 ** 31);
const MAX_INT32 = 2 ** 31 - 1;

/** The largest time either way, in ticks: 34 years at 1000 Hz. */
const MAX_TIME = 2 ** 40;
const MAX_ANNOTATIONS = 2 ** 21;

/** A file that begins with a null byte and one of these codes is in AHA format, as the library's annopen() decides. */
const AHA_CODES = "EFNOPQRUV";

/**
 * Reads an annotation file in MIT format, one annotation at a time: a file of any size takes no more memory than one of
 * them.
 *
 * As in the WFDB library, `subtype` is 0 unless an annotation gives it and `num` and `channel` keep their last value;
 * `subtype` and `num` are signed bytes, `channel` is an unsigned one; times may stand still or go back (SKIP may be
 * negative, and there may be several); a word of 0 ends the list and bytes behind it are not looked at; a code 0 with an
 * interval does not end it and gives an annotation " " (NOTQRS); a file without that word is refused (the library's
 * getann() gives error -3). Mnemonics that the file defines for itself hold from their definition on.
 *
 * Source: WFDB Applications Guide, annot(5).
 * Deviations: codes 50..58, which nothing defines, and times beyond 2^40 are refused; null bytes at the end of an
 * auxiliary text are dropped, because the library reads it as a C string; notes at sample 0 that define a time
 * resolution or mnemonics stay in the list (see `annotationTimeResolution`, `annotationDefinitions`).
 *
 * @param file Name of the file for error messages.
 * @yields Annotations in the file's order. Each byte of `aux` is one character, U+0000..U+00FF.
 * @throws {FormatError} With the byte where the file breaks the format.
 */
export function* iterateAnnotations(bytes: Uint8Array, file?: string): Generator<Annotation> {
  if (looksLikeAha(bytes[0], bytes[1])) {
    throw new FormatError(
      "Cannot decode annotations: the file must be in MIT format, got AHA format; convert it with the WFDB tools",
      { file, byteOffset: 0 },
    );
  }
  let count = 0;
  const wordAt = (offset: number): number => {
    if (offset + 2 > bytes.length) {
      throw new FormatError(
        `Cannot decode annotations: the list must end with a word of 0, got the end of the file after ${count} ` +
          `annotations; the file is truncated, fetch it again`,
        { file, byteOffset: offset },
      );
    }
    return bytes[offset] | (bytes[offset + 1] << 8);
  };
  const table = createSymbolTable();
  let current: Annotation | undefined, currentCode = 0;
  let time = 0, channel = 0, num = 0;
  for (let at = 0;;) {
    const word = wordAt(at);
    const code = word >> CODE_SHIFT, data = word & DATA_MASK;
    if (code === SKIP) {
      // The high half comes first, each half with its low byte first, as a PDP-11 stores a long.
      time += (wordAt(at + 2) << 16) | wordAt(at + 4);
      if (!Number.isSafeInteger(time)) refuseTime(time, file, at);
      at += 6;
      continue;
    }
    if (code < SKIP) {
      // Whatever belonged to the annotation before has been read.
      if (current !== undefined) {
        table.observe({ code: currentCode, sample: current.sample, aux: current.aux });
        yield current;
      }
      if (word === 0) return;
      if (code >= ANNOTATION_SYMBOLS.length) {
        throw new FormatError(`Cannot decode annotations: code must lie in 0..49 or 59..63, got ${code}`, {
          file,
          byteOffset: at,
        });
      }
      time += data;
      if (!(Math.abs(time) <= MAX_TIME)) refuseTime(time, file, at);
      current = { sample: time, symbol: table.symbolOf(code), subtype: 0, channel, num, aux: "" };
      currentCode = code;
      count++;
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
 * Decodes an annotation file in MIT format whole, as `iterateAnnotations` reads it.
 *
 * @param file Name of the file for error messages.
 * @param most How many annotations to hold in memory at most; 2^21 without it, two weeks of heartbeats.
 * @returns Annotations in the file's order.
 * @throws {FormatError} As `iterateAnnotations`, and when there are more than `most`.
 */
export function decodeAnnotations(bytes: Uint8Array, file?: string, most = MAX_ANNOTATIONS): Annotation[] {
  const annotations: Annotation[] = [];
  for (const annotation of iterateAnnotations(bytes, file)) {
    if (annotations.length === most) {
      throw new FormatError(
        `Cannot decode annotations: a file must have at most ${most} of them, got more; cut it into parts`,
        { file },
      );
    }
    annotations.push(annotation);
  }
  return annotations;
}

/**
 * Encodes an annotation file in MIT format, as the WFDB library's putann() does.
 *
 * Source: WFDB Applications Guide, annot(5).
 *
 * @param annotations `sample` within 2^40 of 0, `subtype` and `num` -128..127, `channel` 0..255, `aux` at most 255
 *   characters U+0000..U+00FF; in the order in which they are to be read. Notes at the beginning may define mnemonics
 *   for those behind them, see `definitionNotes`.
 * @returns The file with its end mark.
 * @throws {RangeError} When a field cannot be written.
 */
export function encodeAnnotations(annotations: readonly Annotation[]): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  const word = (code: number, data: number) => {
    const value = (code << CODE_SHIFT) | (data & DATA_MASK);
    bytes.push(value & 0xff, value >> 8);
  };
  const table = createSymbolTable();
  let time = 0, channel = 0, num = 0;
  annotations.forEach((annotation, index) => {
    checkFields(annotation, index);
    const code = table.codeOf(annotation.symbol) ??
      refuseField(
        index,
        "symbol must be a WFDB annotation mnemonic or one defined before it",
        annotation.symbol,
      );
    table.observe({ code, sample: annotation.sample, aux: annotation.aux });
    let interval = annotation.sample - time;
    // A code 0 must not make a word of 0, which ends the list: it keeps one sample of the interval for itself.
    const kept = code === 0 ? 1 : 0;
    // Nor must the file look like one in AHA format to the library.
    const isAmbiguous = index === 0 && looksLikeAha(interval & 0xff, (code << 2) | (interval >> 8));
    if (code === 0 || interval < 0 || interval > DATA_MASK || isAmbiguous) {
      interval -= kept;
      do {
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
    if (isTimeResolution(aux)) return Number(TIME_RESOLUTION.exec(aux)![1]);
  }
  return undefined;
}

/** Tells whether a note's text defines a time resolution, which must be finite and more than 0. */
export function isTimeResolution(aux: string): boolean {
  const hz = Number(TIME_RESOLUTION.exec(aux)?.[1]);
  return hz > 0 && hz < Infinity;
}

function looksLikeAha(first: number, second: number): boolean {
  return first === 0 && AHA_CODES.includes(String.fromCharCode(second));
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  while (end > start && bytes[end - 1] === 0) end--;
  return String.fromCharCode(...bytes.subarray(start, end));
}

function refuseTime(time: number, file: string | undefined, byteOffset: number): never {
  throw new FormatError(`Cannot decode annotations: times must lie within 2^40 of 0, got sample ${time}`, {
    file,
    byteOffset,
  });
}

function refuseField(index: number, rule: string, got: unknown): never {
  throw new RangeError(`Cannot encode annotation ${index}: ${rule}, got ${JSON.stringify(got) ?? got}`);
}

function checkFields({ sample, subtype, channel, num, aux }: Annotation, index: number): void {
  const isWithin = (value: number, min: number, max: number) =>
    Number.isInteger(value) && value >= min && value <= max;
  if (!isWithin(sample, -MAX_TIME, MAX_TIME)) {
    refuseField(index, "sample must be an integer within 2^40 of 0", sample);
  }
  if (!isWithin(subtype, -128, 127)) refuseField(index, "subtype must be an integer in -128..127", subtype);
  if (!isWithin(channel, 0, 255)) refuseField(index, "channel must be an integer in 0..255", channel);
  if (!isWithin(num, -128, 127)) refuseField(index, "num must be an integer in -128..127", num);
  if (aux.length > 255) refuseField(index, "aux must have at most 255 characters", aux.length);
  // deno-lint-ignore no-control-regex -- the range is that of a byte
  if (/[^\u0000-\u00ff]|\u0000$/.test(aux)) {
    refuseField(index, "aux must be bytes that do not end in null", aux);
  }
}
