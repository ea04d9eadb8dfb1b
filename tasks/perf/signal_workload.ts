import { join } from "node:path";
import { parseHeader } from "../../pipeline/lib/formats/wfdb/header.ts";
import { readSignals } from "../../pipeline/lib/formats/wfdb/signal.ts";
import { medianFilter, removeBaseline } from "../../pipeline/lib/signal/baseline.ts";
import { butterworthBandpass } from "../../pipeline/lib/signal/butterworth.ts";
import { sosFiltFilt } from "../../pipeline/lib/signal/filters.ts";
import { notch } from "../../pipeline/lib/signal/notch.ts";
import { createPolyphaseResampler, rateRatio } from "../../pipeline/lib/signal/polyphase.ts";
import { detectBeats } from "../../pipeline/lib/signal/qrs/detector.ts";
import { DETECTORS } from "../../pipeline/lib/signal/qrs/detectors.ts";
import { resampleFft } from "../../pipeline/lib/signal/resample.ts";
import { type FolderRecord, recordFiles } from "../../pipeline/lib/sources/folder.ts";
import { readRecordLead } from "../annotated_records.ts";
import { cpuSeconds } from "../cpu_seconds.ts";

/** One thing measured: processor time of the best of some passes. */
export interface SignalMeasurement {
  part: "read" | "detector" | "filter" | "resample";
  name: string;
  /** Samples that went in. */
  samples: number;
  seconds: number;
  /** A detector's seconds with reading and decoding of the records. */
  secondsWithReading?: number;
  /** Names of the peers that do the same, as signals_peers.py has them. */
  peers: string[];
}

/** Work on one lead in mV. */
interface LeadWork {
  part: "filter" | "resample";
  name: string;
  peers: string[];
  run(x: Float64Array, fs: number): unknown;
}

const LEAD_WORK: LeadWork[] = [
  {
    part: "filter",
    name: "band-pass 0.5-40 Hz, order 2, zero phase",
    peers: ["scipy sosfiltfilt"],
    run: (x, fs) => sosFiltFilt(butterworthBandpass({ order: 2, lowHz: 0.5, highHz: 40, fs }), x),
  },
  {
    part: "filter",
    name: "notch 50 Hz, zero phase",
    peers: ["scipy filtfilt"],
    run: (x, fs) => sosFiltFilt(notch({ notchHz: 50, q: 30, fs }), x),
  },
  {
    part: "filter",
    name: "median of 0.2 s",
    peers: ["scipy medfilt"],
    run: (x, fs) => medianFilter(x, 2 * Math.floor(0.1 * fs) + 1, "zero"),
  },
  {
    part: "filter",
    name: "baseline by medians of 0.2 and 0.6 s",
    peers: ["scipy medfilt x 2"],
    run: (x, fs) => removeBaseline(x, fs),
  },
  {
    part: "resample",
    name: "to 250 Hz by the polyphase filter",
    peers: ["scipy resample_poly"],
    run: (x, fs) => createPolyphaseResampler(rateRatio({ fromFs: fs, toFs: 250 })).resample(x),
  },
  {
    part: "resample",
    name: "to 250 Hz by FFT",
    peers: ["scipy resample"],
    run: (x, fs) => resampleFft(x, { fromFs: fs, toFs: 250 }),
  },
];

function bestOf(passes: number, run: () => void): number {
  let best = Infinity;
  for (let pass = 0; pass < passes; pass++) {
    const from = cpuSeconds();
    run();
    best = Math.min(best, cpuSeconds() - from);
  }
  return best;
}

/** Decoding with all checks, the files being in memory, and reading of one lead of each record from the disk. */
export function measureReading(folder: string, records: FolderRecord[], passes: number): SignalMeasurement[] {
  const loaded = records.map(({ header: name }) => {
    const header = parseHeader(Deno.readTextFileSync(join(folder, name)), name);
    const files = new Map(recordFiles(header).map((file) => [file, Deno.readFileSync(join(folder, file))]));
    return { header, files };
  });
  const formats = [...new Set(loaded.flatMap(({ header }) => header.signals.map(({ format }) => format)))];
  let decoded = 0, read = 0;
  const decodeSeconds = bestOf(passes, () => {
    decoded = 0;
    for (const { header, files } of loaded) {
      for (const signal of readSignals(header, files)) decoded += signal.length;
    }
  });
  const readSeconds = bestOf(passes, () => {
    read = 0;
    for (const record of records) read += readRecordLead(folder, record).ecg.length;
  });
  return [
    {
      part: "read",
      name: `decode format ${formats.join(", ")}, all signals, checked`,
      samples: decoded,
      seconds: decodeSeconds,
      peers: [],
    },
    {
      part: "read",
      name: "first lead in mV, from the disk",
      samples: read,
      seconds: readSeconds,
      peers: ["wfdb rdrecord"],
    },
  ];
}

/** One detector on the first lead of each record. */
export function measureDetector(
  folder: string,
  records: FolderRecord[],
  { name, passes }: { name: string; passes: number },
): SignalMeasurement {
  let samples = 0, seconds = Infinity, secondsWithReading = Infinity;
  for (let pass = 0; pass < passes; pass++) {
    let detectSeconds = 0;
    const passSeconds = bestOf(1, () => {
      samples = 0;
      for (const record of records) {
        const { ecg, fs } = readRecordLead(folder, record);
        samples += ecg.length;
        detectSeconds += bestOf(1, () => detectBeats(DETECTORS[name], ecg, fs));
      }
    });
    seconds = Math.min(seconds, detectSeconds);
    secondsWithReading = Math.min(secondsWithReading, passSeconds);
  }
  const peers = ["sleepecg", `py-ecg-detectors ${name}`];
  return { part: "detector", name, samples, seconds, secondsWithReading, peers };
}

/** Filters and resamplers on the first lead of one record. */
export function measureLeadWork(folder: string, record: FolderRecord, passes: number): SignalMeasurement[] {
  const { ecg, fs } = readRecordLead(folder, record), x = Float64Array.from(ecg);
  return LEAD_WORK.map(({ run, ...work }) => ({
    ...work,
    samples: x.length,
    seconds: bestOf(passes, () => run(x, fs)),
  }));
}
