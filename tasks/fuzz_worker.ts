/** Reads damaged files in a thread of its own, so that one that hangs the reader can be named. */
import { fuzz } from "./fuzz/target.ts";
import { TARGETS } from "./fuzz/targets.ts";

/** What the worker is asked to do. */
export interface FuzzRequest {
  kind: string;
  count: number;
  seed: number;
  first: number;
}

self.onmessage = async ({ data: { kind, ...options } }: MessageEvent<FuzzRequest>) => {
  try {
    const summary = await fuzz(TARGETS[kind], { ...options, onFile: (index) => self.postMessage({ index }) });
    self.postMessage({ summary });
  } catch (error) {
    const { message, cause } = error as Error;
    self.postMessage({ failure: `${message}\n${cause instanceof Error ? cause.stack : cause ?? ""}` });
  }
};
