import { createRng } from "../../../pipeline/lib/core/rng.ts";
import { medianFilter } from "../../../pipeline/lib/signal/baseline.ts";
import {
  butterworthBandpass,
  butterworthHighpass,
  butterworthLowpass,
  type SecondOrderSection,
} from "../../../pipeline/lib/signal/butterworth.ts";
import { sosFilt, sosFiltFilt } from "../../../pipeline/lib/signal/filters.ts";
import { notch } from "../../../pipeline/lib/signal/notch.ts";
import { createPolyphaseResampler } from "../../../pipeline/lib/signal/polyphase.ts";
import { resampleFftTo } from "../../../pipeline/lib/signal/resample.ts";
import type { ParitySection } from "../section.ts";

/** Ten seconds at 360 Hz. */
const SAMPLES = 3600;
const RATES = [100, 128, 250, 257.3, 360, 500, 1000];

/** One computation: a name that the script knows, its arguments, what it gave. */
interface SignalCase {
  case: string;
  work: string;
  args: Record<string, number | number[] | string>;
  y: number[];
}

/** @returns Noise about a wander and a train of peaks, as an ECG has them. */
function drawSignal(): Float64Array {
  const rng = createRng(11);
  return Float64Array.from(
    { length: SAMPLES },
    (_, i) => Math.sin(i / 400) + Math.exp(-(((i % 290) - 140) ** 2) / 20) + 0.05 * rng.normal(),
  );
}

function filterCases(x: Float64Array): SignalCase[] {
  return RATES.flatMap((fs): SignalCase[] => {
    const designs: [kind: string, edgesHz: number[], order: number, sos: readonly SecondOrderSection[]][] = [
      ["bandpass", [0.5, 40], 2, butterworthBandpass({ order: 2, lowHz: 0.5, highHz: 40, fs })],
      ["bandpass", [5, 15], 1, butterworthBandpass({ order: 1, lowHz: 5, highHz: 15, fs })],
      ["lowpass", [35], 4, butterworthLowpass({ order: 4, cutoffHz: 35, fs })],
      ["highpass", [0.5], 3, butterworthHighpass({ order: 3, cutoffHz: 0.5, fs })],
    ];
    const butterworth = designs.flatMap(([kind, edgesHz, order, sos]) =>
      Object.entries({ sosfilt: sosFilt, sosfiltfilt: sosFiltFilt }).map(([work, filter]) => ({
        case: `${work}, ${kind} ${edgesHz.join("-")} Hz, order ${order}, at ${fs} Hz`,
        work,
        args: { kind, edgesHz, order, fs },
        y: [...filter(sos, x)],
      }))
    );
    const hum = { notchHz: fs > 100 ? 50 : 45, q: 30, fs };
    const notched = sosFiltFilt(notch(hum), x);
    return [...butterworth, {
      case: `iirnotch ${hum.notchHz} Hz, at ${fs} Hz`,
      work: "notch",
      args: hum,
      y: [...notched],
    }];
  });
}

function resampleCases(x: Float64Array): SignalCase[] {
  return [[36, 25], [25, 36], [9, 25], [45, 16], [3600, 2573]].flatMap(([up, down]): SignalCase[] => {
    const num = Math.round(SAMPLES * up / down);
    return [
      {
        case: `resample_poly ${up}/${down}`,
        work: "resample_poly",
        args: { up, down },
        y: [...createPolyphaseResampler({ up, down }).resample(x)],
      },
      { case: `resample to ${num} samples`, work: "resample", args: { num }, y: [...resampleFftTo(x, num)] },
    ];
  });
}

/** Filters, notch, medians and both resamplings on ten seconds that no test has seen. */
export const signalSection: ParitySection = {
  name: "signal",
  doc: "SciPy filters and resamples to the same samples",
  async run(folder, python) {
    const x = drawSignal();
    const medians = [3, 73, 217].map((window): SignalCase => ({
      case: `median_filter over ${window}`,
      work: "median",
      args: { window },
      y: [...medianFilter(x, window)],
    }));
    const cases = [...filterCases(x), ...resampleCases(x), ...medians];
    await Deno.writeTextFile(`${folder}/cases.json`, JSON.stringify({ x: [...x], cases }));
    return await python("signal_check.py", folder);
  },
};
