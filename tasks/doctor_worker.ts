/** Tries one engine in a global scope of its own: copies of TensorFlow.js do not get on with each other in one. */
import { checkEngine } from "../pipeline/lib/engine/check_engine.ts";

self.onmessage = async ({ data }: MessageEvent<{ engine: string }>) => {
  self.postMessage(await checkEngine(data.engine));
};
