import { FormatError } from "../../core/errors.ts";

/** A cursor over the bits of a file, the highest bit of each byte first. */
export class BitReader {
  /** The byte in which the next bit lies, and how many of its bits are read. */
  at: number;
  #bit = 0;

  constructor(readonly bytes: Uint8Array, at: number, readonly file?: string) {
    this.at = at;
  }

  /** The next 25 bits at least, at the top of a word; bits behind the end of the file are 0. */
  #window(): number {
    const { bytes, at } = this;
    return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) << this.#bit;
  }

  #advance(bits: number): void {
    const bit = this.#bit + bits;
    this.at += bit >> 3;
    this.#bit = bit & 7;
    // A loop that reads without an end must not go on behind the file.
    if (this.at > this.bytes.length) this.refuse("samples must lie within the file, got its end");
  }

  /** Reads an unsigned number of 0..32 bits. */
  unsigned(bits: number): number {
    if (bits > 25) return this.unsigned(bits - 16) * 0x10000 + this.unsigned(16);
    if (bits === 0) return 0;
    const value = this.#window() >>> (32 - bits);
    this.#advance(bits);
    return value;
  }

  /** Reads a two's complement number of 1..32 bits. */
  signed(bits: number): number {
    const shift = 32 - bits;
    return (this.unsigned(bits) << shift) >> shift;
  }

  /** Counts the zeros up to the next one, and reads that too. */
  unary(): number {
    for (let zeros = 0;;) {
      const window = this.#window();
      if (window !== 0) {
        const more = Math.clz32(window);
        this.#advance(more + 1);
        return zeros + more;
      }
      const known = 32 - this.#bit;
      zeros += known;
      this.#advance(known);
    }
  }

  /** Goes on to the next whole byte. */
  align(): void {
    if (this.#bit > 0) this.#advance(8 - this.#bit);
  }

  refuse(problem: string): never {
    throw new FormatError(`Cannot decode FLAC: ${problem}; the file is damaged, fetch it again`, {
      file: this.file,
      byteOffset: Math.min(this.at, this.bytes.length),
    });
  }
}
