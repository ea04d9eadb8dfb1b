import { StageError, UsageError } from "../../pipeline/lib/core/errors.ts";
import { DETECTORS } from "../../pipeline/lib/signal/qrs/detectors.ts";
import { alignColumns } from "../align_columns.ts";
import { listAnnotatedRecords } from "../annotated_records.ts";
import { readOptions } from "./options.ts";
import {
  measureDetector,
  measureLeadWork,
  measureReading,
  type SignalMeasurement,
} from "./signal_workload.ts";
import type { PerfTopic } from "./topic.ts";

/** What signals_peers.py prints. */
interface PeerFigures {
  peers: { name: string; millionSamplesPerSecond: number }[];
  /** Packages that were not found. */
  missing: string[];
}

/** One line of the result. */
interface SignalFigures extends Omit<SignalMeasurement, "peers"> {
  millionSamplesPerSecond: number;
  nsPerSample: number;
  /** `ratio`: how many times faster than the peer, in the same run. */
  peers: { name: string; millionSamplesPerSecond: number; ratio: number }[];
}

const PEERS_SCRIPT = "tasks/perf/signals_peers.py";

/** Speed of reading, QRS detection, filters and resamplers in processor time, and of Python's libraries beside them. */
export const signalsTopic: PerfTopic = {
  doc:
    "reading WFDB records, QRS detectors, filters and resamplers: processor time of the best of some passes",
  usage: [
    "--json: Print an array of {part, name, samples, seconds, millionSamplesPerSecond, nsPerSample, peers}.",
    "--source <folder>: WFDB records; default data/mit_database.",
    "--records <names>: Only these, joined by commas.",
    "--detector <names>: Only these, joined by commas.",
    "--passes <n>: Default 3.",
    "--python <path>: A Python with wfdb and any of scipy, sleepecg, py-ecg-detectors and neurokit2, to measure beside.",
    "--peerRecords <n>: How many records the peers get; default 2.",
  ].join("\n"),
  run(args) {
    const options = parseOptions(args), { source, passes, python } = options;
    const say = (text: string) => console.error(`[perf signals] ${text}`);
    const records = listAnnotatedRecords(source, options.records);
    say(`reading ${records.length} records`);
    const measured = measureReading(source, records, passes);
    for (const name of options.detectors) {
      say(name);
      measured.push(measureDetector(source, records, { name, passes }));
    }
    say("filters and resamplers");
    measured.push(...measureLeadWork(source, records[0], passes));
    let found: PeerFigures = { peers: [], missing: [] };
    if (python !== undefined) {
      say(`peers in ${python}`);
      const names = records.slice(0, options.peerRecords).map(({ record }) => record);
      found = measurePeers(python, [source, names.join(","), String(passes)]);
      if (found.missing.length > 0) {
        say(`left out: ${found.missing.join(", ")}; pip install ${found.missing.join(" ")}`);
      }
    }
    const figures = measured.map((measurement) => compareWithPeers(measurement, found));
    console.log(options.json ? JSON.stringify(figures, null, 1) : formatTable(figures, records.length));
    return Promise.resolve();
  },
};

function parseOptions(args: string[]) {
  const values = readOptions(args, {
    json: { type: "boolean", default: false },
    source: { type: "string", default: "data/mit_database" },
    records: { type: "string", default: "" },
    detector: { type: "string", default: Object.keys(DETECTORS).join(",") },
    passes: { type: "string", default: "3" },
    python: { type: "string" },
    peerRecords: { type: "string", default: "2" },
  });
  const count = (name: "passes" | "peerRecords") => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= 1 && value <= 1000) return value;
    throw new UsageError(`Cannot measure: --${name} must be an integer from 1 to 1000, got ${values[name]}`);
  };
  const split = (text: string) => text === "" ? [] : text.split(",");
  const detectors = split(values.detector);
  const unknown = detectors.find((name) => !Object.hasOwn(DETECTORS, name));
  if (unknown !== undefined) {
    throw new UsageError(
      `Cannot measure: --detector must be any of ${Object.keys(DETECTORS).join(", ")}, got ${unknown}`,
    );
  }
  const { json, source, python } = values;
  return {
    json,
    source,
    python,
    detectors,
    records: split(values.records),
    passes: count("passes"),
    peerRecords: count("peerRecords"),
  };
}

function measurePeers(python: string, args: string[]): PeerFigures {
  let output;
  try {
    output = new Deno.Command(python, { args: [PEERS_SCRIPT, ...args], stderr: "piped" }).outputSync();
  } catch (error) {
    throw new StageError(`Cannot run ${python}: ${(error as Error).message}`);
  }
  if (!output.success) {
    const reason = new TextDecoder().decode(output.stderr).trim().split("\n").at(-1);
    throw new StageError(`Cannot measure with ${python}: ${reason}`, {
      hint: `what it needs is named at the top of ${PEERS_SCRIPT}`,
    });
  }
  return JSON.parse(new TextDecoder().decode(output.stdout));
}

function compareWithPeers(measurement: SignalMeasurement, { peers }: PeerFigures): SignalFigures {
  const rate = measurement.samples / measurement.seconds / 1e6;
  return {
    ...measurement,
    millionSamplesPerSecond: rate,
    nsPerSample: 1e3 / rate,
    peers: peers.filter(({ name }) => measurement.peers.includes(name)).map((peer) => ({
      ...peer,
      ratio: rate / peer.millionSamplesPerSecond,
    })),
  };
}

function formatTable(figures: SignalFigures[], records: number): string {
  const rows = figures.map(({ part, name, secondsWithReading, ...figure }) => [
    part,
    name,
    figure.millionSamplesPerSecond.toFixed(1),
    figure.nsPerSample.toFixed(2),
    figure.seconds.toFixed(3),
    secondsWithReading?.toFixed(3) ?? "",
    figure.peers.map((peer) => `${peer.ratio.toFixed(peer.ratio < 10 ? 2 : 0)} x ${peer.name}`).join(", "),
  ]);
  return [
    alignColumns([["", "", "Msample/s", "ns/sample", "seconds", "with reading", "peers"], ...rows], 2),
    "",
    `${records} records; filters and resamplers work on the first one's first lead. Processor time.`,
  ].join("\n");
}
