import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDateTime, parseDateTimeCell } from "./date_time.ts";

Deno.test("parseDateTime() equals Date for ISO 8601 times of any millisecond and zone", () => {
  const ms = fc.integer({ min: Date.UTC(1901, 0, 1), max: Date.UTC(2199, 0, 1) });
  const zone = fc.constantFrom("Z", "+01:00", "-11:30", "+00:00");
  fc.assert(
    fc.property(ms, zone, (time, zone) => {
      const text = new Date(time).toISOString().replace("Z", zone);
      const expected = Date.parse(text) / 1000;
      for (
        const form of [text, text.replace("T", " "), text.replace(/:(\d\d)$/, "$1"), `"${text}"`, `'${text}'`]
      ) {
        assert.ok(Math.abs(parseDateTimeCell(form) - expected) < 1e-6, form);
      }
    }),
    { seed: 6, numRuns: 1000 },
  );
});

Deno.test("parseDateTime() reads dates with the day first, without a time, and clocks", () => {
  const noon = Date.UTC(2024, 0, 31, 12) / 1000;
  const cases: [string, number][] = [
    ["31/01/2024 12:00:00", noon],
    ["31.01.2024 12:00:00,250", noon + 0.25],
    ["1/31/2024 12:00:00", noon],
    ["2024/01/31 12:00", noon],
    ["2024-01-31", noon - 43_200],
    ["2024-02-29", noon + 28.5 * 86_400],
    ["12:34:56.789", 45_296.789],
    ["0:01", 1],
    ["59:59.999", 3599.999],
    ["[12:34:56.789]", 45_296.789],
    ["100:00:00", 360_000],
    ["1/31/2024 12:00:00 PM", noon],
    ["31.01.2024 12:00:00.5am", noon - 43_199.5],
    ["11:59:59 p", NaN],
    ["11:59:59.25 PM", 86_399.25],
  ];
  for (const [text, seconds] of cases) {
    const read = parseDateTimeCell(text);
    assert.ok(Number.isNaN(seconds) ? Number.isNaN(read) : Math.abs(read - seconds) < 1e-6, text);
  }
});

Deno.test("parseDateTime() reads nothing else and stays where it is", () => {
  const words = [
    ...[
      "",
      "12",
      "12.5",
      "-1:00",
      "a",
      "2024",
      "2024-13-01",
      "2024-01-32",
      "2023-02-29",
      "31.04.2024",
      "2024-01",
      "1-2-3",
      "12:61:99",
      "12:60:00",
      "12:",
      ":12",
    ],
    ...[
      "13:34:56 PM",
      "12:34 PM",
      "2024-01-31T",
      "2024-01-31 25",
      "[12:00:00",
      "'12:00:00",
      "2024-01-31T12:00:00+99:00",
      "31 Jan 2024",
    ],
  ];
  for (const text of words) {
    assert.ok(Number.isNaN(parseDateTimeCell(text)), text);
  }
  const bytes = new TextEncoder().encode("7;x\n"), cursor = { position: 0 };
  assert.deepEqual([parseDateTime(bytes, cursor, 44), cursor.position], [NaN, 0]);
});
