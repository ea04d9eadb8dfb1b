/** First bytes of formats that are read here, with what a message calls them. */
const BEGINNINGS: readonly { name: string; offset: number; bytes: readonly number[] }[] = [
  { name: "HDF5", offset: 0, bytes: [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a] },
  { name: "a zip archive", offset: 0, bytes: [0x50, 0x4b, 0x03, 0x04] },
  { name: "a TFLite model", offset: 4, bytes: [0x54, 0x46, 0x4c, 0x33] },
  { name: "a .npy array", offset: 0, bytes: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] },
];
/** Bytes in which a control character shows that a file is no text. */
const TEXT_BYTES = 512;

/**
 * Tells by its first bytes what a file is, whatever it is called.
 *
 * @returns In words that follow "got"; undefined for one that is none of those that are told apart.
 */
export function contentKind(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return "an empty file";
  const known = BEGINNINGS.find(({ offset, bytes: wanted }) =>
    wanted.every((byte, i) => bytes[offset + i] === byte)
  );
  if (known !== undefined) return known.name;
  const isText = bytes.subarray(0, TEXT_BYTES).every((byte) =>
    byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d)
  );
  return isText ? "text" : undefined;
}
