import type { Model } from "../model.ts";

/** What an architecture is built for. */
export interface ArchitectureSizes {
  /** Samples of one window, at least 1. */
  windowSamples: number;
  /** Channels (leads) of one window, at least 1. */
  channels: number;
  /** Classes to tell apart, at least 2. */
  classes: number;
}

/** A kind of network that can be trained. */
export interface Architecture {
  /** Its key in the registry of architectures, also the built model's name. */
  name: string;
  /** One sentence for help texts and model cards. */
  doc: string;
  build(sizes: ArchitectureSizes): Model;
}
