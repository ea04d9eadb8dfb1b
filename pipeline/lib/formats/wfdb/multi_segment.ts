import { FormatError } from "../../core/errors.ts";
import { NO_FILE } from "./header_fields.ts";
import type { DecodedSamples, RecordHeader, Samples, SegmentSpec, SignalSpec } from "./record.ts";
import { fileInMemory, readSignalParts, type SignalFile } from "./signal.ts";
import { NULL_FORMAT, sampleTraits } from "./storage_formats.ts";

/** Samples of a lead: ADC units, or physical units where its segments count in different ADC units. */
export type LeadSamples = DecodedSamples | Float32Array<ArrayBuffer>;

/** One lead of a record, through all its segments. */
export interface LeadPlan {
  /** Name, units, gain and baseline; what a lead in physical units is stored in has gain 1 and baseline 0. */
  spec: SignalSpec;
  /** Sampling rate in Hz. */
  fs: number;
  /** What the lead's samples are kept in. */
  kind: "int16" | "int32" | "float32";
  /** Value that stands for a missing sample; for float32 a number too, which a table in JSON can name. */
  missing: number;
}

/** One stretch of a record. */
export interface SegmentPlan {
  /** Header of the segment's own record, of which `samples` is filled in where the record knows it; undefined for a gap. */
  header?: RecordHeader;
  /** Length in frames; undefined where only the files know it, in a record of one segment. */
  samples?: number;
  /** For each lead its index in the segment's header, -1 where the segment does not have it. */
  signals: number[];
}

/** How a record's leads come out of its segments. A record of one segment has one. */
export interface RecordPlan {
  header: RecordHeader;
  leads: LeadPlan[];
  segments: SegmentPlan[];
}

/** A gap costs nothing in a file: what a header may ask for has a limit, in samples over all leads. */
const MAX_GAP_SAMPLES = 2 ** 32;
/** Segments times leads: what a plan may take in memory. */
const MAX_PLACES = 2 ** 24;
const GAP_CHUNK_SAMPLES = 1 << 20;
const NO_SIGNAL_FILE = fileInMemory(new Uint8Array());
/** Two weeks at 360 Hz; what is longer is read in parts. */
const MAX_WHOLE_SAMPLES = 2 ** 29;
/** Far from any physical value, and exact in float32. */
const MISSING_PHYSICAL = -(2 ** 31);

/** @returns Names of the headers that a record's header needs, each once, in its order. */
export function segmentHeaders({ segments = [] }: RecordHeader): string[] {
  const records = segments.map(({ record }) => record).filter((record) => record !== NO_FILE);
  return [...new Set(records)].map((record) => `${record}.hea`);
}

/**
 * Plans how to read a record, of one segment or of many.
 *
 * In a fixed layout all segments have the same leads in the same order. In a variable layout a first segment without
 * samples names the leads, and each other segment has some of them, told by their description. A lead whose segments
 * agree in width, mark of a missing sample, gain and baseline keeps its ADC units; else it is converted to physical
 * units, in float32.
 *
 * Source: WFDB Applications Guide, header(5), "Multi-segment records".
 * Deviations: where segments differ in gain, the C library applies the layout's to all; segments that differ in units,
 * rate or samples per frame, or that have a lead which the layout does not name, are refused.
 *
 * @param header The record's header.
 * @param segments Headers of its segments by the name of their file, as `segmentHeaders` lists them.
 * @throws {FormatError} When segments are missing or do not fit together.
 */
export function planRecord(
  header: RecordHeader,
  segments: ReadonlyMap<string, RecordHeader> = new Map(),
): RecordPlan {
  if (header.segments === undefined) {
    const leads = header.signals.map((spec) => planLead(header, spec, [spec]));
    return { header, leads, segments: [{ header, samples: header.samples, signals: [...leads.keys()] }] };
  }
  const places = header.segments.length * (header.segmentSignals ?? 0);
  if (places > MAX_PLACES) {
    refuse(header, `segments and their signals must multiply to at most ${MAX_PLACES}`, places);
  }
  const headers = header.segments.map((segment) => segmentHeader(header, segment, segments));
  const hasLayout = header.segments[0].samples === 0;
  const names = (hasLayout ? headers[0] : headers.find((segment) => segment !== undefined))?.signals ?? [];
  if (names.length !== header.segmentSignals) {
    refuse(header, `segments must have ${header.segmentSignals} signals as its header says`, names.length);
  }
  const nowhere = names.map(() => -1);
  const plans = header.segments.map(({ samples }, i): SegmentPlan => {
    const own = headers[i];
    if (own === undefined) return { samples, signals: nowhere };
    return { header: { ...own, samples }, samples, signals: matchSignals(header, own, names, hasLayout) };
  }).slice(hasLayout ? 1 : 0);
  const leads = names.map((spec, lead) =>
    planLead(
      header,
      spec,
      plans.flatMap((plan) => plan.header?.signals[plan.signals[lead]] ?? []),
    )
  );
  const gaps = plans.reduce((sum, { samples = 0, signals }) =>
    sum + signals.reduce(
      (gap, index, lead) => index < 0 ? gap + samples * leads[lead].spec.samplesPerFrame : gap,
      0,
    ), 0);
  if (gaps > MAX_GAP_SAMPLES) refuse(header, `gaps must have at most ${MAX_GAP_SAMPLES} samples`, gaps);
  return { header: { ...header, signals: leads.map(({ spec }) => spec) }, leads, segments: plans };
}

/** Gives the file of one signal of a segment. */
export type FileOf = (segment: RecordHeader, signal: number) => SignalFile;

/**
 * Reads one lead of a record part by part: no more is in memory than a part of it and of its file.
 *
 * @param fileOf Asked for each segment that has the lead, in the record's order.
 * @yields The lead's samples in order. Parts of a gap share their memory.
 * @throws {FormatError} As `readSignals`; a wrong checksum is known when the segment has been read.
 */
export function* readLeadParts(plan: RecordPlan, lead: number, fileOf: FileOf): Generator<LeadSamples> {
  yield* leadParts(plan, lead, fileOf, {});
}

function* leadParts(
  { header, leads, segments }: RecordPlan,
  lead: number,
  fileOf: FileOf,
  options: { partSamples?: number },
): Generator<LeadSamples> {
  const { spec, kind, missing } = leads[lead], isPart = header.segments !== undefined;
  for (const { header: own, samples = 0, signals } of segments) {
    const signal = signals[lead];
    if (own === undefined || signal < 0) {
      let left = samples * spec.samplesPerFrame;
      const chunk = makeSamples(kind, Math.min(left, GAP_CHUNK_SAMPLES)).fill(missing);
      for (; left > 0; left -= chunk.length) yield left < chunk.length ? chunk.subarray(0, left) : chunk;
      continue;
    }
    const stored = own.signals[signal];
    const file = stored.format === NULL_FORMAT ? NO_SIGNAL_FILE : fileOf(own, signal);
    for (const part of readSignalParts(own, signal, file, { isPart, ...options })) {
      yield kind === "float32" ? toPhysical(part, stored) : part;
    }
  }
}

/**
 * Reads one lead of a record whole.
 *
 * @param fileOf Asked for each segment that has the lead, in the record's order.
 * @returns All its samples, with gaps marked as missing.
 * @throws {FormatError} As `readSignals`.
 */
export function readLead(plan: RecordPlan, lead: number, fileOf: FileOf): LeadSamples {
  const { header, leads } = plan;
  const promised = (header.samples ?? 0) * leads[lead].spec.samplesPerFrame;
  if (promised > MAX_WHOLE_SAMPLES) {
    refuse(header, `a lead that is read whole must have at most ${MAX_WHOLE_SAMPLES} samples`, promised);
  }
  const parts = leadParts(plan, lead, fileOf, { partSamples: Infinity });
  // A record of one segment is one part mostly, and only its file may know its length.
  const known = header.segments === undefined ? [...parts] : undefined;
  if (known?.length === 1) return known[0];
  const length = known?.reduce((sum, part) => sum + part.length, 0) ?? promised;
  const whole = makeSamples(leads[lead].kind, length);
  let at = 0;
  for (const part of known ?? parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function segmentHeader(
  header: RecordHeader,
  { record, samples }: SegmentSpec,
  segments: ReadonlyMap<string, RecordHeader>,
): RecordHeader | undefined {
  if (record === NO_FILE) return undefined;
  const own = segments.get(`${record}.hea`);
  if (own === undefined) return refuse(header, `the header of its segment ${record} must be present`, "none");
  const check = (rule: string, holds: boolean, got: unknown) => {
    if (!holds) refuse(header, `segment ${record} must ${rule}`, got);
  };
  check("be a record of one segment", own.segments === undefined, "several");
  check("be of the name that its file has", own.record === record, own.record);
  check(`have ${header.fs} Hz as the record has`, Math.abs(own.fs - header.fs) <= 1e-6 * header.fs, own.fs);
  if (samples > 0) {
    check(`have ${samples} samples as the record says`, (own.samples ?? samples) === samples, own.samples);
  }
  return own;
}

/** For each lead its place in a segment, -1 where the segment does not have it. */
function matchSignals(
  header: RecordHeader,
  own: RecordHeader,
  names: SignalSpec[],
  hasLayout: boolean,
): number[] {
  const { record, signals } = own;
  if (!hasLayout) {
    const differs = names.findIndex(({ description }, i) => signals[i]?.description !== description);
    if (differs >= 0 || signals.length !== names.length) {
      const described = (list: SignalSpec[]) => list.map(({ description }) => description).join(", ");
      refuse(
        header,
        `segment ${record} must have the signals ${described(names)} as the first has`,
        described(signals),
      );
    }
    return [...signals.keys()];
  }
  // Signals of one name are told by their order.
  const left = Map.groupBy(signals.keys(), (i) => signals[i].description);
  const places = names.map(({ description }) => left.get(description)?.shift() ?? -1);
  const unknown = [...left.values()].flat().at(0);
  if (unknown !== undefined) {
    refuse(
      header,
      `segment ${record} must have only signals that the layout names`,
      signals[unknown].description,
    );
  }
  return places;
}

/** @param layout The lead as the layout has it. @param parts The lead as each segment that has it stores it. */
function planLead(header: RecordHeader, layout: SignalSpec, parts: SignalSpec[]): LeadPlan {
  const spec = parts[0] ?? { ...layout, format: NULL_FORMAT };
  const { wide, missing } = sampleTraits(spec.format), fs = header.fs * spec.samplesPerFrame;
  const name = `lead "${layout.description}"`;
  let isUniform = true;
  for (const part of parts) {
    if (part.units !== spec.units) refuse(header, `${name} must have one unit, ${spec.units}`, part.units);
    if (part.samplesPerFrame !== spec.samplesPerFrame) {
      refuse(header, `${name} must have ${spec.samplesPerFrame} samples per frame`, part.samplesPerFrame);
    }
    const traits = sampleTraits(part.format);
    isUniform &&= part.gainAduPerUnit === spec.gainAduPerUnit && part.baselineAdu === spec.baselineAdu &&
      traits.wide === wide && traits.missing === missing;
  }
  if (isUniform) return { spec, fs, kind: wide ? "int32" : "int16", missing };
  return {
    spec: { ...spec, gainAduPerUnit: 1, baselineAdu: 0 },
    fs,
    kind: "float32",
    missing: MISSING_PHYSICAL,
  };
}

function makeSamples(kind: LeadPlan["kind"], length: number): LeadSamples {
  return kind === "int16"
    ? new Int16Array(length)
    : kind === "int32"
    ? new Int32Array(length)
    : new Float32Array(length);
}

function toPhysical(
  samples: Samples,
  { format, gainAduPerUnit, baselineAdu }: SignalSpec,
): Float32Array<ArrayBuffer> {
  const { missing } = sampleTraits(format), out = new Float32Array(samples.length);
  for (let i = 0; i < out.length; i++) {
    out[i] = samples[i] === missing ? MISSING_PHYSICAL : (samples[i] - baselineAdu) / gainAduPerUnit;
  }
  return out;
}

function refuse(header: RecordHeader, rule: string, got: unknown): never {
  throw new FormatError(`Cannot read record ${header.record}: ${rule}, got ${got}`, {
    file: `${header.record}.hea`,
  });
}
