/**
 * Runs .tflite files in the native library, in a process that it may take down: reads from standard input lengths (u32) with as
 * many bytes behind them, and answers each with a line, "ok" or why the library refused.
 */
import { StageError } from "../../pipeline/lib/core/errors.ts";
import { elementCount } from "../../pipeline/lib/formats/tflite/graph.ts";
import { openTfliteLibrary } from "../../pipeline/lib/runtime/tflite_ffi.ts";

const { createInterpreter } = openTfliteLibrary();
const reader = Deno.stdin.readable.getReader();
let rest = new Uint8Array(0);

/** @returns The next bytes, undefined at the end. */
async function take(length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  while (rest.length < length) {
    const { value } = await reader.read();
    if (value === undefined) return undefined;
    const joined = new Uint8Array(rest.length + value.length);
    joined.set(rest);
    joined.set(value, rest.length);
    rest = joined;
  }
  const bytes = rest.slice(0, length);
  rest = rest.slice(length);
  return bytes;
}

/** With XNNPACK too, whose kernels trust a model as much; twice, because states live on. */
function run(bytes: Uint8Array): string {
  try {
    for (const xnnpack of [false, true]) {
      using interpreter = createInterpreter(bytes, { xnnpack });
      const window = new Float32Array(elementCount(interpreter.inputs[0].shape)).fill(0.5);
      for (let times = 0; times < 2; times++) interpreter.run(window);
    }
    return "ok";
  } catch (error) {
    if (error instanceof StageError || error instanceof RangeError) {
      return error.message.replaceAll("\n", " ");
    }
    throw error;
  }
}

while (true) {
  const head = await take(4);
  if (head === undefined) break;
  const bytes = await take(new DataView(head.buffer).getUint32(0, true));
  if (bytes === undefined) break;
  console.log(run(bytes));
}
