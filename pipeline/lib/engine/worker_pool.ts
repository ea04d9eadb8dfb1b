/** What a worker answers to each message: nothing, or what went wrong. */
export interface WorkerAnswer {
  error?: string;
}

/** Module workers that take the same message and answer when they are done. */
export interface WorkerPool {
  /**
   * Sends a message to the first `workers` workers.
   *
   * @returns When all of them have answered.
   * @throws Error The first worker's error, or that the pool was closed; the pool cannot be used after it.
   */
  run(message: unknown, workers?: number): Promise<void>;
  /** Ends the workers, also while they compute; a call of `run` under way is rejected. */
  close(): void;
}

/**
 * Starts one module worker for each start message and waits until all have answered it.
 *
 * @param script Worker script; answers each message with a `WorkerAnswer`.
 * @param name For error texts.
 * @throws Error When a worker cannot start.
 */
export async function createWorkerPool(
  { script, starts, name }: { script: URL; starts: unknown[]; name: string },
): Promise<WorkerPool> {
  const workers = starts.map(() => new Worker(script, { type: "module", name }));
  let failure: Error | undefined;
  let current: { waiting: number; resolve: () => void; reject: (error: Error) => void } | undefined;

  const end = (error: Error) => {
    failure ??= error;
    for (const worker of workers) worker.terminate();
    current?.reject(failure);
    current = undefined;
  };
  for (const worker of workers) {
    worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
      if (data.error !== undefined) {
        return end(new Error(`Cannot go on: a worker of ${name} failed: ${data.error}`));
      }
      if (current && --current.waiting === 0) {
        current.resolve();
        current = undefined;
      }
    };
    worker.onerror = (event) => {
      event.preventDefault();
      end(new Error(`Cannot go on: a worker of ${name} failed: ${event.message}`));
    };
  }
  const send = (messages: unknown[]): Promise<void> => {
    if (failure) return Promise.reject(failure);
    if (current) return Promise.reject(new Error(`Cannot run ${name}: its calls must not overlap`));
    return new Promise((resolve, reject) => {
      current = { waiting: messages.length, resolve, reject };
      messages.forEach((message, i) => workers[i].postMessage(message));
    });
  };
  await send(starts);
  return {
    run: (message, count = workers.length) =>
      send(Array.from({ length: Math.min(count, workers.length) }, () => message)),
    close: () => end(new Error(`Cannot run ${name}: it was closed`)),
  };
}
