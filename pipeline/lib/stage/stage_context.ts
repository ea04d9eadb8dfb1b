import { join } from "node:path";
import type { NpyDtype } from "../formats/npy/npy.ts";
import { type ArrayReader, type ArrayWriter, createArrayFile, openArrayFile } from "./array_file.ts";
import { cacheFolder, type StagePlan } from "./cache.ts";
import { checkOutputName, openAtomic, openInFolder, type OutputWriter } from "./files.ts";
import type { OutputFile } from "./manifest.ts";
import type { ParamSpec, ParamValues } from "./params.ts";
import type { Progress } from "./progress.ts";
import type { WorkFolder } from "./work_folder.ts";

/** Every stage leaves what it counted under this name. */
export const COUNTS_FILE = "counts.json";

/** What a stage gets to work with. All its reading and writing goes through here. */
export interface StageContext<S extends ParamSpec> {
  params: ParamValues<S>;
  study: string;
  /** The value of the fan-out parameter that this run is for. */
  variant?: string;
  /** True when anything that came in is synthetic. */
  synthetic: boolean;
  progress: Progress;
  /** Reads an output of an upstream stage, for example `read("03_window", "test.windows.npy")`. */
  read(input: string, file: string): Uint8Array<ArrayBuffer>;
  readJson<T>(input: string, file: string): T;
  /** Opens an output of an upstream stage, a .npy file, for reading parts of it. */
  openInput(input: string, file: string): ArrayReader;
  /** Writes an output file of this stage. */
  write(name: string, content: Uint8Array | string): OutputFile;
  /** Opens an output file of this stage for writing piece by piece. */
  open(name: string): OutputWriter;
  /** Opens a one-dimensional .npy of this stage's output, of a length that is known when it is closed. */
  openArray<D extends NpyDtype>(name: string, dtype: D): ArrayWriter<D>;
  /** Opens a file outside data/ by its path from the project's root; it takes its name when it is whole. */
  openPublished(path: string): OutputWriter;
  /** Writes a whole file outside data/. */
  publish(path: string, content: Uint8Array | string): OutputFile;
  checkpoint: Pick<WorkFolder, "readCheckpoint" | "writeCheckpoint">;
}

/**
 * Makes what a stage works with, for one plan.
 *
 * @param options.work Where the outputs go.
 * @returns The context, and the lists that fill with what is written through it.
 */
export function createContext<S extends ParamSpec>(
  options: { root: string; study: string; plan: StagePlan; progress: Progress; work: WorkFolder },
): { context: StageContext<S>; outputs: OutputFile[]; published: OutputFile[] } {
  const { root, study, plan, progress, work } = options;
  const outputs: OutputFile[] = [], published: OutputFile[] = [];
  const listed = <W extends { close(): OutputFile }>(writer: W, list: OutputFile[]): W => ({
    ...writer,
    close() {
      const written = writer.close();
      list.push(written);
      return written;
    },
  });
  const whole = (writer: OutputWriter, content: Uint8Array | string): OutputFile => {
    writer.write(typeof content === "string" ? new TextEncoder().encode(content) : content);
    return writer.close();
  };
  const inputPath = (input: string, file: string): string => {
    const at = plan.inputs.findIndex(({ name, key }) => name === input && key !== undefined);
    const manifest = plan.upstream[at];
    if (!manifest) {
      throw new RangeError(`Cannot read ${input}/${file}: ${plan.stage.name} does not declare that input`);
    }
    return join(cacheFolder(root, manifest.stage, manifest.key), file);
  };
  const read = (input: string, file: string) => Deno.readFileSync(inputPath(input, file));
  const context: StageContext<S> = {
    params: plan.params as ParamValues<S>,
    study,
    variant: plan.variant,
    synthetic: plan.upstream.some((manifest) => manifest.synthetic),
    progress,
    read,
    readJson: <T>(input: string, file: string) =>
      JSON.parse(new TextDecoder().decode(read(input, file))) as T,
    openInput: (input, file) => openArrayFile(inputPath(input, file), file),
    open: (name) => listed(openInFolder(work.path, name), outputs),
    openArray: (name, dtype) =>
      listed(createArrayFile(join(work.path, checkOutputName(name)), name, dtype), outputs),
    write: (name, content) => whole(context.open(name), content),
    openPublished: (path) => listed(openAtomic(root, path), published),
    publish: (path, content) => whole(context.openPublished(path), content),
    checkpoint: work,
  };
  return { context, outputs, published };
}
