/** What the comparison looks at in an annotation. */
export interface ComparedAnnotation {
  /** Sample index from the record's start, >= 0. */
  sample: number;
  /** WFDB mnemonic: a beat's, or "[", "]", "!" and "~". */
  symbol: string;
  /** Of "~": bits 4 and 5 are set while no signal can be read. */
  subtype: number;
}

/** The AAMI class of an annotation symbol, one of the first five of EC57_LABELS; undefined where it marks no beat. */
export type ClassOfSymbol = (symbol: string) => string | undefined;

// Later than any sample, and exact in every difference.
const END_OF_LIST = Number.MAX_SAFE_INTEGER;
// What stands for no period, as in bxb: the end of a real one may lie below 0.
const NONE = -1;
const FLUTTER_ON = "[", FLUTTER_OFF = "]", NOISE = "~";
const UNREADABLE = 0x30;

/** bxb's isqrs() takes a flutter wave for a beat, and its amap() for one without a class. */
const FLUTTER_WAVE = "!";

interface Period {
  from: number;
  to: number;
}

/**
 * Walks along the beats of one list, one beat ahead, and keeps in mind the two latest periods of flutter and of shutdown.
 *
 * Between FLUTTER_ON and FLUTTER_OFF there are no beats.
 */
export class BeatCursor {
  sample = 0;
  label = "";
  nextSample = 0;
  nextLabel = "";
  #at = 0;
  #flutter: Period[] = [];
  #shutdown: Period[] = [];
  #lastFlutterEnd = NONE;
  #lastShutdownEnd = NONE;

  constructor(
    private annotations: readonly ComparedAnnotation[],
    private classOf: ClassOfSymbol,
    private toleranceSamples: number,
    private isReference: boolean,
  ) {}

  /** Goes on to the next beat; behind the last one, `sample` is later than any. */
  advance(): void {
    this.sample = this.nextSample;
    this.label = this.nextLabel;
    while (this.#at < this.annotations.length) {
      const annotation = this.annotations[this.#at++], { sample, symbol } = annotation;
      const label = symbol === FLUTTER_WAVE ? "O" : this.classOf(symbol);
      if (label !== undefined) {
        this.nextSample = sample;
        this.nextLabel = label;
        return;
      }
      if (isUnreadable(annotation)) this.#readShutdown(sample);
      else if (symbol === FLUTTER_ON) this.#readFlutter(sample);
    }
    this.nextSample = END_OF_LIST;
    this.nextLabel = "";
  }

  /** Whether one of the two latest periods of flutter holds a sample. */
  isFlutter(sample: number): boolean {
    return this.#flutter.some(({ from, to }) => from <= sample && sample <= to);
  }

  /** The same for shutdown. */
  isShutdown(sample: number): boolean {
    return this.#shutdown.some(({ from, to }) => from <= sample && sample <= to);
  }

  #readFlutter(from: number): void {
    const { annotations } = this;
    while (this.#at < annotations.length && annotations[this.#at].symbol !== FLUTTER_OFF) this.#at++;
    const end = annotations[this.#at++];
    // bxb holds the end of the period before for the end of one that never ends, if there was one.
    if (end !== undefined) this.#lastFlutterEnd = end.sample;
    const to = this.#lastFlutterEnd === NONE ? END_OF_LIST : this.#lastFlutterEnd;
    this.#flutter = [...this.#flutter.slice(-1), { from, to }];
  }

  #readShutdown(from: number): void {
    const next = this.annotations[this.#at];
    if (next === undefined) {
      // bxb does for a test list as for flutter, but not for a reference.
      if (this.isReference || this.#lastShutdownEnd === NONE) this.#lastShutdownEnd = END_OF_LIST;
    } else if (next.symbol === NOISE && !isUnreadable(next)) {
      this.#lastShutdownEnd = next.sample;
      this.#at++;
    } else {
      // A single mark somewhere in the middle, as in the AHA database.
      this.#lastShutdownEnd = next.sample - this.toleranceSamples;
      const begin = Math.max(this.sample, this.#lastFlutterEnd) + this.toleranceSamples;
      from = Math.min(begin, this.#lastShutdownEnd);
    }
    this.#shutdown = [...this.#shutdown.slice(-1), { from, to: this.#lastShutdownEnd }];
  }
}

function isUnreadable({ symbol, subtype }: ComparedAnnotation): boolean {
  return symbol === NOISE && (subtype & UNREADABLE) === UNREADABLE;
}
