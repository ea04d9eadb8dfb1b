import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError } from "../../core/errors.ts";
import { MAX_ROW_BYTES } from "./layout.ts";
import { chunked } from "./test_reading.ts";
import { openText, wholeLines } from "./whole_lines.ts";

const decoder = new TextDecoder();

/** The lines' text, and whether the last one was open. */
async function linesOf(text: string, sizes: number[]) {
  const blocks: string[] = [];
  let isOpen = false;
  for await (const { bytes, lastLineIsOpen } of wholeLines(chunked(text, sizes).source, "x")) {
    blocks.push(decoder.decode(bytes));
    isOpen = lastLineIsOpen;
  }
  return { blocks, isOpen };
}

Deno.test("wholeLines() cuts at line ends only and loses nothing, for chunks of any size", async () => {
  const letters = fc.array(fc.constantFrom("a", "1", "\n", "\r", "\r\n"), { maxLength: 40 }).map((list) =>
    list.join("")
  );
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(letters, sizes, async (text, sizes) => {
      const { blocks, isOpen } = await linesOf(text, sizes);
      assert.equal(isOpen, text !== "" && !/[\r\n]$/.test(text));
      assert.equal(blocks.join(""), isOpen ? `${text}\n` : text);
      for (const [i, block] of blocks.entries()) {
        assert.match(block, /[\r\n]$/);
        // A line end of two bytes is not cut apart.
        assert.ok(!block.endsWith("\r") || !blocks[i + 1]?.startsWith("\n"), JSON.stringify(blocks));
      }
    }),
    { seed: 12, numRuns: 300 },
  );
});

Deno.test("wholeLines() refuses a line without an end and holds no more than a few chunks of it", async () => {
  let given = 0;
  async function* endless() {
    for (;; given += 2 ** 16) yield await Promise.resolve(new Uint8Array(2 ** 16).fill(49));
  }
  await assert.rejects(async () => {
    for await (const _ of wholeLines(endless(), "x"));
  }, FormatError);
  assert.ok(given <= MAX_ROW_BYTES + 2 ** 17, `${given} bytes were read`);
});

Deno.test("openText() tells the encoding and gives all bytes again behind the head", async () => {
  const text = "t;\u00b5V\n1;2\n";
  const utf16 = (little: boolean) => {
    const bytes = new Uint8Array(2 * text.length + 2), view = new DataView(bytes.buffer);
    [...`\ufeff${text}`].forEach((letter, i) => view.setUint16(2 * i, letter.charCodeAt(0), little));
    return bytes;
  };
  const cases: [string, Uint8Array][] = [
    ["UTF-8", new TextEncoder().encode(text)],
    ["UTF-8 with BOM", new TextEncoder().encode(`\ufeff${text}`)],
    ["UTF-16LE", utf16(true)],
    ["UTF-16BE", utf16(false)],
  ];
  for (const [encoding, bytes] of cases) {
    for (const size of [1, 3, 100]) {
      const { source } = chunked(bytes, [size]);
      const opened = await openText(source, 5);
      let all = "";
      const streaming = new TextDecoder();
      for await (const chunk of opened.chunks) all += streaming.decode(chunk, { stream: true });
      assert.deepEqual([opened.encoding, all, opened.head.length, opened.isWhole], [
        encoding,
        text,
        5,
        false,
      ]);
    }
  }
  const short = await openText(chunked("a", [1]).source, 5);
  assert.deepEqual([decoder.decode(short.head), short.isWhole], ["a", true]);
});
