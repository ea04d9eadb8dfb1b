import { StageError } from "../core/errors.ts";
import { isDiskFull } from "./exit.ts";
import { isPlainFileName } from "../sources/file_name.ts";
import type { FileStore } from "../sources/file_store.ts";

/**
 * Keeps files in a folder of the disk; the folder is made with the first file.
 *
 * @param folder Path of the folder.
 * @returns A store whose methods throw a StageError with a hint when the disk refuses, and a RangeError on a name that
 * is no plain file name.
 */
export function createDirectoryStore(folder: string): FileStore {
  const pathOf = (name: string) => {
    if (!isPlainFileName(name)) {
      throw new RangeError(
        `Cannot use a file of ${folder}: its name must be a plain file name, got ${JSON.stringify(name)}`,
      );
    }
    return `${folder}/${name}`;
  };
  return {
    async size(name) {
      try {
        const info = await Deno.stat(pathOf(name));
        if (info.isFile) return info.size;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw diskError("read", pathOf(name), error);
      }
      throw new StageError(`Cannot read ${pathOf(name)}: it must be a file, got a folder or a device`, {
        hint: "Move it away and run the same command again.",
      });
    },
    async *read(name) {
      const path = pathOf(name);
      try {
        using file = await Deno.open(path);
        for await (const chunk of file.readable) yield chunk;
      } catch (error) {
        throw diskError("read", path, error);
      }
    },
    async append(name) {
      const path = pathOf(name);
      const guard = async <T>(work: Promise<T>): Promise<T> => {
        try {
          return await work;
        } catch (error) {
          throw diskError("write", path, error);
        }
      };
      await guard(Deno.mkdir(folder, { recursive: true }));
      const file = await guard(Deno.open(path, { append: true, create: true }));
      return {
        async write(chunk) {
          for (let from = 0; from < chunk.length;) from += await guard(file.write(chunk.subarray(from)));
        },
        close() {
          file.close();
          return Promise.resolve();
        },
      };
    },
    async rename(from, to) {
      try {
        await Deno.rename(pathOf(from), pathOf(to));
      } catch (error) {
        throw diskError("write", pathOf(to), error);
      }
    },
    async remove(name) {
      try {
        await Deno.remove(pathOf(name));
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw diskError("remove", pathOf(name), error);
      }
    },
  };
}

function diskError(action: string, path: string, error: unknown): Error {
  if (error instanceof StageError || error instanceof RangeError) return error;
  const { message } = error as Error;
  return new StageError(`Cannot ${action} ${path}: ${message}`, {
    hint: isDiskFull(error)
      ? "Free some space on the disk and run the same command again."
      : "Check the folder's permissions and the disk, then run the same command again.",
    cause: error,
  });
}
