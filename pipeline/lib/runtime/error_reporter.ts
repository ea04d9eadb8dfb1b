import type { TfliteLibrary } from "./native_library.ts";

/** The first message says what was wrong, the rest is what followed from it. */
const MAX_TEXT_BYTES = 400;

/**
 * Collects what one native interpreter reports; owns native memory, so `close` it after the interpreter.
 *
 * The reporter that TFLite calls has the signature of C's vfprintf, so vfprintf itself is registered, writing
 * to a stream in memory: no call back into JavaScript, from whatever thread, and no more permission than the
 * library needs. Where the C library cannot be reached this way (Windows), TFLite writes to stderr as it does
 * by itself.
 */
export class ErrorReporter {
  private readonly library: TfliteLibrary;
  /** What open_memstream fills in: char* of the text, then size_t of its length. */
  private readonly place = new BigUint64Array(new ArrayBuffer(16));
  private readonly stream: Deno.PointerValue;
  private readUntil = 0;

  constructor(library: TfliteLibrary) {
    this.library = library;
    const { open_memstream, vfprintf, fflush, fclose, memcpy, free } = library.symbols;
    const isComplete = [open_memstream, vfprintf, fflush, fclose, memcpy, free].every((symbol) =>
      symbol !== null
    );
    this.stream = isComplete ? open_memstream!(this.place.subarray(0, 1), this.place.subarray(1)) : null;
  }

  /** Registers itself with an interpreter's options. */
  register(options: Deno.PointerValue): void {
    if (this.stream === null) return;
    const { TfLiteInterpreterOptionsSetErrorReporter, vfprintf } = this.library.symbols;
    TfLiteInterpreterOptionsSetErrorReporter(options, vfprintf, this.stream);
  }

  /** @returns The beginning of what was reported since the last call. */
  take(): string {
    if (this.stream === null) return "what stands above (its messages go to stderr on this platform)";
    const { fflush, memcpy } = this.library.symbols;
    fflush!(this.stream);
    const [address, size] = this.place;
    const text = new Uint8Array(Math.min(Number(size) - this.readUntil, MAX_TEXT_BYTES));
    memcpy!(text, address + BigInt(this.readUntil), BigInt(text.length));
    this.readUntil = Number(size);
    const message = new TextDecoder().decode(text).replaceAll(/\s+/g, " ").trim();
    return message === "" ? "nothing" : message;
  }

  close(): void {
    if (this.stream === null) return;
    const { fclose, free } = this.library.symbols;
    fclose!(this.stream);
    free!(this.place[0]);
  }
}
