/** A worker for tests of the pool: answers "start", throws outside of its handler at "crash", reports at "fail". */
self.onmessage = ({ data }: MessageEvent<string>) => {
  if (data === "crash") {
    queueMicrotask(() => {
      throw new Error("crashed on purpose");
    });
  } else if (data === "fail") self.postMessage({ error: "failed on purpose" });
  else if (data === "spin") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  else self.postMessage({});
};
