/** Bytes on their way into a file. */
export interface FileWriter {
  /** Resolves once the whole chunk is handed over. */
  write(chunk: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/**
 * A flat folder of files, as much of it as a download needs. Names are plain file names without a path.
 * What cannot be read or written is thrown by the store itself, with a message for the user.
 */
export interface FileStore {
  /** Size in bytes, undefined where there is no such file. */
  size(name: string): Promise<number | undefined>;
  /** The file's bytes in order, a chunk at a time. */
  read(name: string): AsyncIterable<Uint8Array>;
  /** Opens a file to write at its end, creating it where it is missing. */
  append(name: string): Promise<FileWriter>;
  /** Gives a file another name at once; a file of that name is replaced. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; one that is missing is no error. */
  remove(name: string): Promise<void>;
}
