import assert from "node:assert/strict";
import { joinStatements, readStatement } from "./statements.ts";

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
