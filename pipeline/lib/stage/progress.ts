import process from "node:process";
import cliProgress from "cli-progress";
import { printable } from "../core/printable.ts";

/** Shows how far one piece of work is. */
export interface Bar {
  /** @param done Units done so far. @param note A few words, for example "loss 0.41". */
  update(done: number, note?: string): void;
  /** Takes the bar off the screen. */
  finish(): void;
}

/** Progress on stderr: a bar on a terminal, a line every few seconds in a pipe. */
export interface Progress {
  line(text: string): void;
  /** @param label For example "reading records". @param unit For example "records". */
  bar(label: string, total: number, unit: string): Bar;
}

const PLAIN_INTERVAL_MS = 5000;

/** @param name Stands in brackets before each line, for example "04_train". */
export function createProgress(name: string): Progress {
  const onTerminal = Deno.stderr.isTerminal();
  // On a terminal a bar may stand in the line that the cursor is in: it is wiped, and drawn again below by its next update.
  const line = (text: string) => console.error(`${onTerminal ? "\r\x1b[K" : ""}[${name}] ${printable(text)}`);
  return {
    line,
    bar: (label, total, unit) =>
      onTerminal ? terminalBar(name, label, total, unit) : plainBar(line, label, total, unit),
  };
}

function terminalBar(name: string, label: string, total: number, unit: string): Bar {
  const bar = new cliProgress.SingleBar({
    stream: process.stderr,
    format: `[${name}] ${label} {bar} {value}/{total} ${unit} {rate}/s eta {eta_formatted} {note}`,
    barsize: 24,
    clearOnComplete: true,
    linewrap: false,
  }, cliProgress.Presets.shades_classic);
  const startedMs = performance.now();
  const rate = (done: number) => formatRate(done, performance.now() - startedMs);
  bar.start(total, 0, { rate: "0", note: "" });
  return {
    update: (done, note = "") => bar.update(done, { rate: rate(done), note: printable(note) }),
    finish: () => bar.stop(),
  };
}

function plainBar(line: (text: string) => void, label: string, total: number, unit: string): Bar {
  const startedMs = performance.now();
  let saidMs = startedMs;
  return {
    update(done, note = "") {
      const nowMs = performance.now();
      if (nowMs - saidMs < PLAIN_INTERVAL_MS) return;
      saidMs = nowMs;
      const left = done > 0 ? ((nowMs - startedMs) / done) * (total - done) / 1000 : NaN;
      const time = Number.isFinite(left) ? `, ${left.toFixed(0)} s left` : "";
      const rate = formatRate(done, nowMs - startedMs);
      line(`${label} ${done}/${total} ${unit}, ${rate}/s${time}${note === "" ? "" : ` ${note}`}`);
    },
    finish() {},
  };
}

const formatRate = (done: number, elapsedMs: number): string => {
  const rate = done / Math.max(elapsedMs / 1000, 1e-3);
  return rate >= 100 ? rate.toFixed(0) : rate.toPrecision(2);
};
