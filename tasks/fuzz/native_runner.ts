import { PROJECT } from "../../pipeline/lib/stage/workspace.ts";

/** Has another process do what may take it down. */
export interface NativeRunner {
  /** @returns The process' answer, one line. @throws Error The process ended instead. */
  run(bytes: Uint8Array): Promise<string>;
  /** Ends the process; a later `run` starts another. */
  close(): Promise<void>;
}

interface Running {
  process: Deno.ChildProcess;
  writer: WritableStreamDefaultWriter<Uint8Array>;
  reader: ReadableStreamDefaultReader<string>;
  /** What it wrote behind its last whole line. */
  rest: string;
}

/**
 * Starts a script at the first `run`. It reads from standard input lengths (u32, little-endian) with as many bytes behind each, and
 * answers each with a line.
 *
 * @param script Path from the project's root.
 */
export function createNativeRunner(script: string): NativeRunner {
  let running: Running | undefined;

  function start(): Running {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-read=.", "--allow-ffi=node_modules", script],
      cwd: PROJECT,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    return { process, writer: process.stdin.getWriter(), reader, rest: "" };
  }

  /** Waits for the end of a process that ended by itself. */
  async function fail({ process }: Running): Promise<never> {
    running = undefined;
    const { code, signal } = await process.status;
    throw new Error(
      `Cannot run a verified model: the native library must not end the process, got ${signal ?? code}`,
    );
  }

  return {
    async run(bytes) {
      running ??= start();
      const message = new Uint8Array(4 + bytes.length);
      new DataView(message.buffer).setUint32(0, bytes.length, true);
      message.set(bytes, 4);
      try {
        await running.writer.write(message);
      } catch {
        return await fail(running);
      }
      while (!running.rest.includes("\n")) {
        const { value } = await running.reader.read();
        if (value === undefined) return await fail(running);
        running.rest += value;
      }
      const end = running.rest.indexOf("\n"), line = running.rest.slice(0, end);
      running.rest = running.rest.slice(end + 1);
      return line;
    },
    async close() {
      if (running === undefined) return;
      const { process, writer, reader } = running;
      running = undefined;
      await writer.close();
      await process.status;
      await reader.cancel();
    },
  };
}
