import { dirname, join } from "node:path";
import { cacheFolder, readCached, type StagePlan } from "./cache.ts";
import { replaceFolder, statOrUndefined, writeAtomic } from "./files.ts";
import type { Manifest } from "./manifest.ts";

const LOCK = "lock", CHECKPOINT = "checkpoint";

/** The folder that one run fills and that takes its place in the cache only as a whole. */
export interface WorkFolder extends Disposable {
  path: string;
  /** What an earlier, killed run of the same key saved last. */
  readCheckpoint(): Uint8Array | undefined;
  /** Saves where the run is, at once: a kill at any moment leaves the old state or the new. */
  writeCheckpoint(state: Uint8Array): void;
  /** Writes the manifest and renames the folder into the cache. */
  complete(manifest: Manifest): void;
}

/**
 * Opens the work folder of a plan, alone: the operating system drops the lock when its holder dies, however it dies.
 *
 * @param onWait Called when another run of the same plan holds the lock.
 * @returns The finished output instead, when that other run has made it in the meantime.
 */
export async function openWorkFolder(
  options: { root: string; plan: StagePlan; force: boolean; onWait: () => void },
): Promise<WorkFolder | Manifest> {
  const { root, plan, force, onWait } = options;
  const folder = cacheFolder(root, plan.stage.name, plan.key), path = `${folder}.partial`;
  let waited = false;
  sweep(dirname(folder), path);
  for (;;) {
    const lock = openLock(path);
    if (!lock) continue;
    if (!lock.tryLockSync(true)) {
      waited = true;
      onWait();
      await lock.lock(true);
    }
    const made = force && !waited ? undefined : readCached(root, plan.stage.name, plan.key);
    if (made) {
      // Opened anew after the other run had renamed its folder, this one is empty.
      if (isInPlace(lock, path)) Deno.removeSync(path, { recursive: true });
      lock.close();
      return made;
    }
    if (isInPlace(lock, path)) {
      wipe(path, force ? [LOCK] : [LOCK, CHECKPOINT]);
      return createWorkFolder({ path, folder, lock });
    }
    lock.close();
  }
}

/** @returns Undefined when another run swept the folder away between its making and its opening. */
function openLock(path: string): Deno.FsFile | undefined {
  Deno.mkdirSync(path, { recursive: true });
  try {
    return Deno.openSync(join(path, LOCK), { create: true, write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The run that held a lock may have renamed the folder away together with the file that is locked now. */
const isInPlace = (lock: Deno.FsFile, path: string): boolean =>
  statOrUndefined(join(path, LOCK))?.ino === lock.statSync().ino;

function wipe(path: string, keep: string[]): void {
  for (const { name } of Deno.readDirSync(path)) {
    if (!keep.includes(name)) Deno.removeSync(join(path, name), { recursive: true });
  }
}

/** Removes what killed runs of other work left in a stage's folder, but for checkpoints: someone may want to go on. */
function sweep(stageFolder: string, own: string): void {
  if (!statOrUndefined(stageFolder)) return;
  for (const { name } of Deno.readDirSync(stageFolder)) {
    const path = join(stageFolder, name);
    if (!name.endsWith(".partial") || path === own) continue;
    try {
      using lock = Deno.openSync(join(path, LOCK), { write: true });
      if (lock.tryLockSync(true) && isInPlace(lock, path)) discard(path);
    } catch (error) {
      // Another run has swept it away, renamed it into the cache, or begins to fill it in the meantime.
      const isTaken = error instanceof Deno.errors.NotFound ||
        (error as { code?: string }).code === "ENOTEMPTY";
      if (!isTaken) throw error;
    }
  }
}

/** Removes half-written outputs; a folder with a checkpoint keeps that, any other goes as a whole. */
function discard(path: string): void {
  if (statOrUndefined(join(path, CHECKPOINT))) wipe(path, [LOCK, CHECKPOINT]);
  else Deno.removeSync(path, { recursive: true });
}

function createWorkFolder(
  { path, folder, lock }: { path: string; folder: string; lock: Deno.FsFile },
): WorkFolder {
  const checkpoint = join(path, CHECKPOINT);
  let isComplete = false;
  return {
    path,
    readCheckpoint: () => statOrUndefined(checkpoint) ? Deno.readFileSync(checkpoint) : undefined,
    writeCheckpoint: (state) => void writeAtomic(path, CHECKPOINT, state),
    complete(manifest) {
      writeAtomic(path, "manifest.json", JSON.stringify(manifest, null, 2) + "\n");
      if (statOrUndefined(checkpoint)) Deno.removeSync(checkpoint);
      replaceFolder(path, folder);
      // Only now: whoever opened it before sees by its place that the work is done.
      Deno.removeSync(join(folder, LOCK));
      isComplete = true;
    },
    [Symbol.dispose]() {
      // A run that failed gives its space back: a full disk would stay full of what no one can use.
      if (!isComplete) discard(path);
      lock.close();
    },
  };
}
