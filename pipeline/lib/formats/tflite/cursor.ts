import { FormatError } from "../../core/errors.ts";

/** Parts that share bytes are legal in FlatBuffers; more sharing than this only a hostile file has. */
const MAX_SHARING = 8;
/** Bytes that even the smallest file may visit. */
const MIN_BUDGET = 4096;

/**
 * A FlatBuffers file that is read with every offset, vtable, vector and string checked against its bounds.
 *
 * Visited bytes are counted, so that offsets which point many times at the same bytes end in an error and not
 * in a huge allocation. Not checked: alignment, which reading through a DataView does not need.
 *
 * Source: FlatBuffers internals, https://flatbuffers.dev/internals/.
 */
export class FlatbufferFile {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly file?: string;
  private budget: number;

  constructor(bytes: Uint8Array, file?: string) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.file = file;
    this.budget = MIN_BUDGET + MAX_SHARING * bytes.length;
  }

  /** @returns The error to throw. */
  error(message: string, byteOffset?: number): FormatError {
    return new FormatError(`Cannot read TFLite model: ${message}`, { file: this.file, byteOffset });
  }

  /** Checks that [position, position + size) lies in the file, and counts it as visited. */
  claim(position: number, size: number, what: string): void {
    if (position < 0 || size > this.bytes.length || position > this.bytes.length - size) {
      throw this.error(`${what} must lie inside the file, got ${size} bytes`, position);
    }
    this.budget -= size;
    if (this.budget < 0) {
      throw this.error(`its parts must not share bytes many times over, at ${what}`, position);
    }
  }

  /** @returns The table that the file's first four bytes point to. */
  rootTable(): FlatbufferTable {
    this.claim(0, 4, "the root offset");
    return this.table(this.view.getUint32(0, true), "the model");
  }

  /** @returns The table at a position. */
  table(position: number, what: string): FlatbufferTable {
    this.claim(position, 4, what);
    const vtable = position - this.view.getInt32(position, true);
    this.claim(vtable, 4, `the vtable of ${what}`);
    const vtableSize = this.view.getUint16(vtable, true), tableSize = this.view.getUint16(vtable + 2, true);
    if (vtableSize < 4 || vtableSize % 2 !== 0 || tableSize < 4) {
      throw this.error(`the vtable of ${what} must have even sizes of at least 4, got ${vtableSize}`, vtable);
    }
    this.claim(vtable, vtableSize, `the vtable of ${what}`);
    this.claim(position, tableSize, what);
    return new FlatbufferTable(this, { position, vtable, vtableSize, tableSize, what });
  }
}

interface TablePlace {
  position: number;
  vtable: number;
  vtableSize: number;
  tableSize: number;
  /** What the table is, for messages. */
  what: string;
}

/** One table of a FlatBuffers file; fields are named by their id and read with the schema's default. */
export class FlatbufferTable {
  readonly file: FlatbufferFile;
  private readonly place: TablePlace;

  constructor(file: FlatbufferFile, place: TablePlace) {
    this.file = file;
    this.place = place;
  }

  /** Number of fields that the vtable has room for. */
  get fieldCount(): number {
    return (this.place.vtableSize - 4) / 2;
  }

  /** @returns Whether the field is stored. */
  has(id: number): boolean {
    return this.field(id, 0) !== undefined;
  }

  int8(id: number, defaultValue = 0): number {
    const at = this.field(id, 1);
    return at === undefined ? defaultValue : this.file.view.getInt8(at);
  }

  uint8(id: number): number {
    const at = this.field(id, 1);
    return at === undefined ? 0 : this.file.view.getUint8(at);
  }

  int32(id: number, defaultValue = 0): number {
    const at = this.field(id, 4);
    return at === undefined ? defaultValue : this.file.view.getInt32(at, true);
  }

  uint32(id: number, defaultValue = 0): number {
    const at = this.field(id, 4);
    return at === undefined ? defaultValue : this.file.view.getUint32(at, true);
  }

  float32(id: number, defaultValue = 0): number {
    const at = this.field(id, 4);
    return at === undefined ? defaultValue : this.file.view.getFloat32(at, true);
  }

  int64(id: number): bigint {
    const at = this.field(id, 8);
    return at === undefined ? 0n : this.file.view.getBigInt64(at, true);
  }

  /** @returns The table that a field points to. */
  table(id: number, what: string): FlatbufferTable | undefined {
    const at = this.reference(id);
    return at === undefined ? undefined : this.file.table(at, what);
  }

  /** @returns The tables of a vector of tables; [] where the field is absent. */
  tables(id: number, what: string): FlatbufferTable[] {
    const vector = this.vector(id, 4, what);
    if (vector === undefined) return [];
    return Array.from({ length: vector.length }, (_, i) => {
      const at = vector.start + 4 * i;
      return this.file.table(at + this.file.view.getUint32(at, true), `${what} ${i}`);
    });
  }

  int32s(id: number, what: string): number[] | undefined {
    return this.numbers(id, 4, what, (at) => this.file.view.getInt32(at, true));
  }

  float32s(id: number, what: string): number[] | undefined {
    return this.numbers(id, 4, what, (at) => this.file.view.getFloat32(at, true));
  }

  /** @throws FormatError A value that a double does not hold exactly. */
  int64s(id: number, what: string): number[] | undefined {
    return this.numbers(id, 8, what, (at) => {
      const value = Number(this.file.view.getBigInt64(at, true));
      if (!Number.isSafeInteger(value)) throw this.file.error(`${what} must fit 53 bits, got ${value}`, at);
      return value;
    });
  }

  /** @returns A view of the bytes, or undefined where the field is absent or empty. */
  bytes(id: number, what: string): Uint8Array | undefined {
    const vector = this.vector(id, 1, what);
    if (vector === undefined || vector.length === 0) return undefined;
    return this.file.bytes.subarray(vector.start, vector.start + vector.length);
  }

  /** @returns A text in UTF-8; "" where the field is absent. */
  text(id: number, what: string): string {
    const bytes = this.bytes(id, what);
    if (bytes === undefined) return "";
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw this.file.error(`${what} must be UTF-8`, this.place.position);
    }
  }

  private field(id: number, size: number): number | undefined {
    const { vtable, vtableSize, tableSize, position, what } = this.place;
    const slot = 4 + 2 * id;
    if (slot >= vtableSize) return undefined;
    const offset = this.file.view.getUint16(vtable + slot, true);
    if (offset === 0) return undefined;
    if (offset < 4 || offset + size > tableSize) {
      throw this.file.error(
        `field ${id} of ${what} must lie inside its table, got offset ${offset}`,
        position,
      );
    }
    return position + offset;
  }

  private reference(id: number): number | undefined {
    const at = this.field(id, 4);
    return at === undefined ? undefined : at + this.file.view.getUint32(at, true);
  }

  private vector(
    id: number,
    elementSize: number,
    what: string,
  ): { start: number; length: number } | undefined {
    const at = this.reference(id);
    if (at === undefined) return undefined;
    this.file.claim(at, 4, `the length of ${what}`);
    const length = this.file.view.getUint32(at, true);
    this.file.claim(at + 4, length * elementSize, what);
    return { start: at + 4, length };
  }

  private numbers(
    id: number,
    elementSize: number,
    what: string,
    read: (at: number) => number,
  ): number[] | undefined {
    const vector = this.vector(id, elementSize, what);
    if (vector === undefined) return undefined;
    return Array.from({ length: vector.length }, (_, i) => read(vector.start + elementSize * i));
  }
}
