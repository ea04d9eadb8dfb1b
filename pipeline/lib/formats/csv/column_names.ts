/** What a unit counts: amplitude in millivolts, time in seconds, or steps of an analog-to-digital converter. */
export interface Unit {
  quantity: "voltage" | "time" | "counts";
  /** Millivolts or seconds that one unit stands for; 1 for counts, whose size nobody can tell from the unit. */
  factor: number;
  /** The unit as people write it, for example "uV". */
  symbol: string;
}

const UNITS: readonly [quantity: Unit["quantity"], factor: number, names: string[]][] = [
  // The first name of each stands for the unit in messages.
  ["voltage", 1000, ["V", "v", "volt", "volts"]],
  ["voltage", 1, ["mV", "mv", "millivolt", "millivolts"]],
  // The micro sign, the Greek letter, and what is left of either after a wrong decoding.
  ["voltage", 1e-3, ["uV", "uv", "\u00b5v", "\u03bcv", "\ufffdv", "microvolt", "microvolts"]],
  ["voltage", 1e-6, ["nV", "nv", "nanovolt", "nanovolts"]],
  ["time", 1, ["s", "sec", "secs", "second", "seconds", "m:ss.mmm", "mm:ss.mmm", "hh:mm:ss", "hh:mm:ss.mmm"]],
  ["time", 1e-3, ["ms", "msec", "msecs", "millisecond", "milliseconds", "millis"]],
  ["time", 1e-6, ["us", "\u00b5s", "\u03bcs", "\ufffds", "usec", "microsecond", "microseconds", "micros"]],
  ["time", 1e-9, ["ns", "nsec", "nanosecond", "nanoseconds"]],
  ["time", 60, ["minute", "minutes"]],
  ["time", 3600, ["hour", "hours"]],
  ["counts", 1, ["adc", "adu", "counts", "adc counts", "adc units", "lsb", "digits"]],
];
/** Names that say something else where no brackets or row of units call for a unit: "ecg_min", "HR", "ecg_raw". */
const SHORT_UNITS: Record<string, string> = {
  min: "minutes",
  mins: "minutes",
  h: "hours",
  hr: "hours",
  hrs: "hours",
  raw: "counts",
};
const UNIT_BY_NAME = new Map(
  UNITS.flatMap(([quantity, factor, names]) =>
    names.map((name): [string, Unit] => [name, { quantity, factor, symbol: names[0] }])
  ),
);

const LONGEST_NAME = 100;
const TIME_NAME =
  /^(elapsed ?)?(time|t|datetime|date|clock|zeit|uhrzeit|datum|temps|tempo|tiempo)$|\btime ?stamp\b/;
const COUNTER_NAME =
  /^(sample|sample ?(#|no\.?|number|index|id)|index|idx|i|n|no\.?|#|n?seq|row|unnamed: 0)$/;

const bareUnit = (name: string): string => name.replace(/^[([](.*)[)\]]$/, "$1").trim().toLowerCase();

/** Finds a unit by its name alone: "mV", "(uV)", "seconds". */
export function unitOf(name: string): Unit | undefined {
  return UNIT_BY_NAME.get(bareUnit(name));
}

/** Finds a unit where nothing but one can stand, in brackets or in a row of units: there "min" is one too. */
export function certainUnitOf(name: string): Unit | undefined {
  const bare = bareUnit(name);
  return UNIT_BY_NAME.get(Object.hasOwn(SHORT_UNITS, bare) ? SHORT_UNITS[bare] : bare);
}

/**
 * Takes a column's name apart into what it names and the unit: "ECG (mV)", "MLII_uV", "time [s]", "t/ms", "seconds".
 *
 * A bare "V" behind a name may be the chest lead V, and a bare "s" may be anything: these two need brackets.
 */
export function splitUnit(name: string): { base: string; unit?: Unit } {
  // The pattern below takes time that grows with the square of the length.
  if (name.length > LONGEST_NAME) return { base: name };
  const parts = /^(.*?)[\s_/]*(?:[([]([^)\]]+)[)\]]|[\s_/]([^\s_/]{2,}))$/.exec(name);
  const unit = parts?.[2] === undefined ? unitOf(parts?.[3] ?? "") : certainUnitOf(parts[2]);
  if (parts !== null && unit !== undefined) return { base: parts[1], unit };
  return { base: name, unit: unitOf(name) };
}

/** What a column's name promises: "counter" is a column of sample numbers, which knows no unit of time. */
export function columnKind(name: string): "time" | "counter" | "signal" {
  const { base, unit } = splitUnit(name);
  const plain = base.toLowerCase().replace(/_/g, " ").trim();
  if (unit?.quantity === "time" || TIME_NAME.test(plain)) return "time";
  return COUNTER_NAME.test(plain) ? "counter" : "signal";
}

/** Whether a column's name says that it holds an ECG. */
export function namesEcg(name: string): boolean {
  return /ecg|ekg/i.test(name);
}

const OTHER_SIGNAL =
  /^(acc|accel\w*|gyro\w*|mag|magnet\w*|hr|heart ?rate|bpm|pulse\w*|rr|ibi|spo2|sao2|resp\w*|breath\w*|ppg|pleth\w*|abp|art|bp|nibp|cvp|icp|pap|temp\w*|eda|gsr|emg|eeg|eog|label\w*|class|target|annotation\w*|beat\w*|marker\w*|event\w*|trigger\w*|quality|sqi|battery\w*)( ?[xyz\d])?$/i;

/** Whether a column's name says that it holds something else than an ECG: what monitors and watches record beside it. */
export function namesOtherSignal(name: string): boolean {
  return OTHER_SIGNAL.test(splitUnit(name).base.replace(/[([].*$/, "").replace(/_/g, " ").trim());
}
