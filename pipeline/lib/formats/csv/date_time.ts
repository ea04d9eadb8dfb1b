import { type ByteCursor, parseDecimal } from "./decimal.ts";

const ZERO = 48, COLON = 58, POINT = 46, COMMA = 44, MINUS = 45, PLUS = 43, SLASH = 47, BLANK = 32;
const QUOTE = 34, APOSTROPHE = 39, OPEN = 91, CLOSE = 93, LETTER_T = 84, LETTER_Z = 90;
const LETTER_A = 65, LETTER_M = 77, LETTER_P = 80;
/** Bits of a letter that upper and lower case have in common. */
const UPPER_CASE = 0xdf;

/** Seconds of a day: a clock without a date goes back by so much at midnight. */
export const CLOCK_PERIOD_SECONDS = 86_400;

/** Days of the months in a year that is no leap year. */
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Reads a date with or without a time of day, or a clock alone: "2024-01-31T12:34:56.789Z", "31/01/2024 12:34:56,789",
 * "12:34:56.789", "11:34:56 PM", "34:56.789" (minutes and seconds), in apostrophes, quotes or brackets as WFDB tools write them or not.
 *
 * Source: ISO 8601 calendar dates, with blanks for the T, slashes and points for the hyphens; a date that ends with the year
 * has the day first. Not supported: week dates, month names, AM and PM behind hours and minutes alone, clocks without minutes.
 *
 * @param bytes Must hold a byte that belongs to no date at or behind the end.
 * @param cursor Where it begins; moved behind it, or left where it is when there is none.
 * @param decimalMark Byte that stands for the point of decimal seconds beside the point itself, as in parseDecimal().
 * @returns Seconds since 1970-01-01 UTC (local time where no zone is given), or since midnight for a clock; NaN where
 * the bytes are neither.
 */
export function parseDateTime(bytes: Uint8Array, cursor: ByteCursor, decimalMark: number): number {
  const start = cursor.position, opener = bytes[start];
  if (opener === QUOTE || opener === APOSTROPHE || opener === OPEN) cursor.position++;
  const seconds = parseBare(bytes, cursor, decimalMark);
  const closer = opener === OPEN ? CLOSE : opener;
  if (cursor.position > start && (opener === QUOTE || opener === APOSTROPHE || opener === OPEN)) {
    if (bytes[cursor.position] === closer) cursor.position++;
    else cursor.position = start;
  }
  if (Number.isNaN(seconds) || cursor.position === start) {
    cursor.position = start;
    return NaN;
  }
  return seconds;
}

/** @returns NaN with the cursor anywhere where there is no date. */
function parseBare(bytes: Uint8Array, cursor: ByteCursor, decimalMark: number): number {
  const firstDigit = cursor.position, first = digits(bytes, cursor), mark = bytes[cursor.position];
  if (first < 0) return NaN;
  if (mark === COLON) {
    cursor.position = firstDigit;
    return clock(bytes, cursor, decimalMark, 60);
  }
  if (mark !== MINUS && mark !== SLASH && mark !== POINT) return NaN;
  const firstLength = cursor.position - firstDigit;
  cursor.position++;
  const second = digits(bytes, cursor);
  if (second < 1 || bytes[cursor.position] !== mark) return NaN;
  const thirdDigit = ++cursor.position, third = digits(bytes, cursor);
  const isYearFirst = firstLength === 4;
  if (!isYearFirst && cursor.position - thirdDigit !== 4) return NaN;
  const [year, month, day] = isYearFirst ? [first, second, third] : dayAndMonth(first, second, third);
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return NaN;
  const date = Date.UTC(year, month - 1, day) / 1000;
  let end = cursor.position;
  if (bytes[end] === LETTER_T) end++;
  else while (bytes[end] === BLANK) end++;
  if (end === cursor.position || !isDigit(bytes[end])) return date;
  cursor.position = end;
  return date + clock(bytes, cursor, decimalMark, 3600) - zoneSeconds(bytes, cursor);
}

function daysOf(year: number, month: number): number {
  const isLeapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return MONTH_DAYS[month - 1] + (month === 2 && isLeapYear ? 1 : 0);
}

/** Day first, unless only the other way round gives a month. */
function dayAndMonth(first: number, second: number, year: number): [number, number, number] {
  return second > 12 ? [year, first, second] : [year, second, first];
}

/**
 * "h:mm:ss.fff" in seconds.
 *
 * @param secondsPerUnit What the first of two parts counts: minutes of a recording, hours of a day.
 */
function clock(
  bytes: Uint8Array,
  cursor: ByteCursor,
  decimalMark: number,
  secondsPerUnit: number,
): number {
  let high = digits(bytes, cursor);
  if (high < 0 || bytes[cursor.position++] !== COLON || !isDigit(bytes[cursor.position])) return NaN;
  let seconds = parseDecimal(bytes, cursor, decimalMark);
  if (bytes[cursor.position] === COLON) {
    if (!(seconds < 60)) return NaN;
    high = high * 60 + seconds;
    cursor.position++;
    if (!isDigit(bytes[cursor.position])) return NaN;
    seconds = parseDecimal(bytes, cursor, decimalMark);
    if (seconds < 61) return inHalfDay(high * 60 + seconds, bytes, cursor);
  }
  return seconds < 61 ? high * secondsPerUnit + seconds * secondsPerUnit / 60 : NaN;
}

/** Seconds since midnight where AM or PM stands behind a clock of twelve hours, else the seconds that were read. */
function inHalfDay(seconds: number, bytes: Uint8Array, cursor: ByteCursor): number {
  let at = cursor.position;
  while (bytes[at] === BLANK) at++;
  const letter = bytes[at] & UPPER_CASE;
  if (letter !== LETTER_A && letter !== LETTER_P || (bytes[at + 1] & UPPER_CASE) !== LETTER_M) return seconds;
  cursor.position = at + 2;
  const half = CLOCK_PERIOD_SECONDS / 2;
  return seconds < 13 * 3600 ? seconds % half + (letter === LETTER_P ? half : 0) : NaN;
}

/** Seconds to take off for "Z", "+01:00", "-0530"; 0 where no zone is given. */
function zoneSeconds(bytes: Uint8Array, cursor: ByteCursor): number {
  const sign = bytes[cursor.position];
  if (sign === LETTER_Z) cursor.position++;
  if (sign !== PLUS && sign !== MINUS) return 0;
  const firstDigit = ++cursor.position;
  let hours = digits(bytes, cursor), minutes = 0;
  if (cursor.position - firstDigit === 4) {
    minutes = hours % 100;
    hours = (hours - minutes) / 100;
  } else if (bytes[cursor.position] === COLON) {
    cursor.position++;
    minutes = digits(bytes, cursor);
  }
  if (hours < 0 || minutes < 0 || hours > 15) return NaN;
  return (sign === MINUS ? -1 : 1) * (hours * 3600 + minutes * 60);
}

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= ZERO + 9;

/** An integer of up to nine digits, or -1. */
function digits(bytes: Uint8Array, cursor: ByteCursor): number {
  const start = cursor.position;
  let value = 0;
  while (isDigit(bytes[cursor.position]) && cursor.position - start < 9) {
    value = value * 10 + bytes[cursor.position++] - ZERO;
  }
  return cursor.position === start ? -1 : value;
}

const encoder = new TextEncoder();

/** Reads a whole cell as {@linkcode parseDateTime} does. @returns NaN where anything stands behind the date. */
export function parseDateTimeCell(cell: string): number {
  const bytes = encoder.encode(`${cell.trim()}\n`), cursor = { position: 0 };
  const seconds = parseDateTime(bytes, cursor, COMMA);
  return cursor.position === bytes.length - 1 ? seconds : NaN;
}
