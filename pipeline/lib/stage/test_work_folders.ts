/** Fills work folders of one stage one after another, in a thread beside others that do the same: see cache_test.ts. */
import { STAGES } from "./catalogue.ts";
import { sha256Hex } from "./files.ts";
import type { Manifest } from "./manifest.ts";
import { openWorkFolder, type WorkFolder } from "./work_folder.ts";

const { data: { root, who, count } } = await new Promise<
  MessageEvent<{ root: string; who: string; count: number }>
>(
  (resolve) => self.onmessage = resolve,
);
let failure = "";
try {
  for (let i = 0; i < count; i++) {
    const key = sha256Hex(who + i);
    const plan = {
      stage: STAGES.preprocess,
      params: {},
      inputs: [],
      upstream: [],
      sources: {},
      key,
      why: "",
    };
    using work = await openWorkFolder({ root, plan, force: false, onWait: () => {} }) as WorkFolder;
    // A killed run leaves such a one.
    const killed = `${work.path.replace(/[^/\\]+$/, "")}${who}${i}.partial`;
    Deno.mkdirSync(killed);
    Deno.writeTextFileSync(`${killed}/lock`, "");
    work.complete({ key } as Manifest);
  }
} catch (error) {
  failure = (error as Error).message;
}
self.postMessage(failure);
