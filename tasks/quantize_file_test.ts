import assert from "node:assert/strict";
import { join } from "node:path";
import { encodeNpy } from "../pipeline/lib/formats/npy/npy.ts";
import { decodeTflite } from "../pipeline/lib/formats/tflite/reader.ts";
import { encodeTflite } from "../pipeline/lib/formats/tflite/writer.ts";
import { dense, graphOf, unary } from "../pipeline/lib/quantize/test_graphs.ts";
import { noiseWindows } from "../pipeline/lib/quantize/test_networks.ts";
import { inFolder, run, runOk } from "./test_stages.ts";

Deno.test("quantize FILE.tflite quantizes a model from anywhere with windows from a .npy, and says what it lost", () =>
  inFolder(async (cwd) => {
    const file = join(cwd, "small.tflite"),
      windows = join(cwd, "windows.npy"),
      other = join(cwd, "other.npy"),
      unsound = join(cwd, "unsound.npy");
    const graph = graphOf({
      inputs: { input: [1, 6] },
      operations: [dense("input", "hidden", [1, 6, 8]), unary("TANH", "hidden", "output", [1, 8])],
      outputs: ["output"],
    });
    Deno.writeFileSync(file, encodeTflite(graph));
    Deno.writeFileSync(windows, encodeNpy({ dtype: "<f4", shape: [40, 2, 3], data: noiseWindows(240) }));
    Deno.writeFileSync(other, encodeNpy({ dtype: "<f4", shape: [40, 5], data: noiseWindows(200) }));
    const withNaN = noiseWindows(12).fill(NaN, 7, 8);
    Deno.writeFileSync(unsound, encodeNpy({ dtype: "<f4", shape: [2, 6], data: withNaN }));
    const quantize = (...args: string[]) => run(cwd, "quantize", file, ...args);
    const made = (name: string) => decodeTflite(Deno.readFileSync(join(cwd, "models/converted", name)));

    const { stdout } = await runOk(cwd, "quantize", file, "--windows", windows, "--debug", "True");
    assert.match(stdout, /^tensor +operator +SQNR dB/);
    const [, sqnr] = /output "output": SQNR ([\d.]+) dB/.exec(stdout)!;
    assert.ok(Number(sqnr) > 25, sqnr);
    assert.deepEqual(made("small_int8.tflite").operators.map(({ operator }) => operator), [
      "FULLY_CONNECTED",
      "TANH",
    ]);
    await runOk(cwd, "quantize", file, "--mode", "float16", "--output", "half");
    assert.deepEqual(made("half_float16.tflite").operators[0].operator, "DEQUANTIZE");

    for (
      const [args, code, message] of [
        [[], 2, /--windows must name inputs to calibrate with, got none/],
        [["--windows", other], 1, /small\.tflite: .* a window must hold 6 values, got 5/],
        [
          ["--windows", join(cwd, "missing.npy")],
          1,
          /missing\.npy: it must be a file, got nothing of that name\n.*hint/,
        ],
        [
          ["--mode", "int8-dynamic", "--windows", unsound],
          1,
          /unsound\.npy: its values must be finite, got NaN at index 7/,
        ],
        [["--windows", file], 1, /windows as \.npy or \.csv, got a TFLite model\n.*hint: NumPy/],
        [["--mode", "float16", "--output", "../up"], 2, /--output: it must be letters/],
      ] as const
    ) {
      const outcome = await quantize(...args);
      assert.deepEqual([outcome.code, message.test(outcome.stderr)], [code, true], outcome.stderr);
    }
    const many = join(cwd, "many.npy");
    const count = 2 ** 17;
    Deno.writeFileSync(
      many,
      encodeNpy({ dtype: "<f4", shape: [count, 6], data: new Float32Array(6 * count) }),
    );
    const large = join(cwd, "large.tflite");
    const wide = graphOf({
      inputs: { input: [1, 6] },
      operations: [dense("input", "hidden", [1, 6, 1500]), dense("hidden", "output", [1, 1500, 1500])],
      outputs: ["output"],
    });
    Deno.writeFileSync(large, encodeTflite(wide));
    const refused = await run(cwd, "quantize", large, "--windows", many);
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /at most 274877906944 multiplications, got 2259000 for each of 131072 windows/,
    );
    const int8 = join(cwd, "models/converted/small_int8.tflite");
    for (const args of [["--mode", "float16"], ["--windows", windows]]) {
      const again = await run(cwd, "quantize", int8, ...args);
      assert.equal(again.code, 1);
      assert.match(again.stderr, /its tensors must be FLOAT32, got INT8 for "input"/);
    }
  }));
