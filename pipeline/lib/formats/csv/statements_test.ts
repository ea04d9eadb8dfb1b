import assert from "node:assert/strict";
import { joinStatements, readStatement } from "./statements.ts";
import { grid, refuses } from "./test_reading.ts";

Deno.test("joinStatements() lets no line that leaves a part open keep a later one from saying it", () => {
  const rate = readStatement("sampling rate: 250 Hz");
  assert.equal(joinStatements([readStatement("sampling rate: 0"), rate]).fs, 250);
  const openSignals = readStatement('{"device": {"sensor": ["ECG"]}}');
  assert.deepEqual(joinStatements([openSignals, rate, readStatement("columns: a, b")]), {
    fs: 250,
    columns: ["a", "b"],
  });
  assert.deepEqual(joinStatements([rate, readStatement("fs = 500"), undefined]), { fs: 250, otherFs: 500 });
});

Deno.test("readStatement() takes only units that it knows", () => {
  assert.deepEqual(readStatement("gain (adu/mV): 200"), { gainAduPerMv: 200 });
  for (const line of ["gain (toString): 5", "gain: 5 constructor", "sampling rate: 5 valueOf"]) {
    assert.equal(readStatement(line), undefined, line);
  }
});

Deno.test("readSignalCsv() refuses two rates and rates that are none of an ECG's, whether columns or rows are leads", async () => {
  const column = `ECG\n${grid(300, (i) => i % 7).join("\n")}\n`,
    row = `${grid(300, (i) => i % 7).join(",")}\n`;
  for (const samples of [column, row]) {
    await refuses(`# fs: 250\n# sampling rate: 500\n${samples}`, ["one sampling rate", "250 and 500 Hz"]);
    for (const fs of ["0.004", "19", "1e9", "1e300"]) {
      await refuses(`# fs: ${fs}\n${samples}`, ["from 20 to 200000 Hz", `got ${Number(fs)} Hz`]);
    }
  }
});
