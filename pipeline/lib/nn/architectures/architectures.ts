import type { Architecture } from "./architecture.ts";
import { buildBilstm } from "./bilstm.ts";
import { buildCnn } from "./cnn.ts";
import { buildGru } from "./gru.ts";
import { buildLstm } from "./lstm.ts";

/** All architectures by name. */
export const ARCHITECTURES: Record<string, Architecture> = {
  lstm: {
    name: "lstm",
    doc: "LSTM with 64 units over the window's samples, then a softmax layer",
    build: buildLstm,
  },
  cnn: {
    name: "cnn",
    doc: "Three convolutions (16, 32, 64 filters), the last over the whole window, then a softmax layer",
    build: buildCnn,
  },
  bilstm: {
    name: "bilstm",
    doc: "LSTM with 64 units in each direction over the window's samples, then a softmax layer",
    build: buildBilstm,
  },
  gru: {
    name: "gru",
    doc: "GRU with 64 units over the window's samples, then a softmax layer",
    build: buildGru,
  },
};
