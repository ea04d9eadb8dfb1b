import { MERGE_MODES, type MergeMode } from "../../nn/layers/bidirectional.ts";
import { chain, type LayerSizes, testModels } from "../test_gradients.ts";

const input = (...shape: number[]): LayerSizes => ({ kind: "InputLayer", shape });
const softmax: LayerSizes = { kind: "Dense", units: 3, activation: "softmax" };
const average: LayerSizes = { kind: "GlobalAveragePooling1D" };

interface Options {
  returnSequences?: boolean;
  resetAfter?: boolean;
  goBackwards?: boolean;
  useBias?: boolean;
}
const gru = (units: number, options: Options = {}): LayerSizes => ({
  kind: "GRU",
  units,
  returnSequences: false,
  resetAfter: true,
  ...options,
});
const lstm = (units: number, options: Options = {}): LayerSizes => ({
  kind: "LSTM",
  units,
  returnSequences: false,
  ...options,
});
const bidirectional = (layer: LayerSizes, mergeMode: MergeMode = "concat"): LayerSizes =>
  ({ kind: "Bidirectional", layer, mergeMode }) as LayerSizes;
const sequences = { returnSequences: true }, before = { resetAfter: false }, unbiased = { useBias: false };

testModels({
  gru: chain(input(7, 2), gru(5), softmax),
  "gru over more steps than one gradient sum": chain(input(11, 1), gru(3), softmax),
  "gru of one step": chain(input(1, 2), gru(3, sequences), average, softmax),
  "gru, reset before": chain(input(7, 2), gru(5, before), softmax),
  "stacked gru": chain(
    input(7, 3),
    gru(5, sequences),
    gru(3, { ...sequences, ...before }),
    gru(6, sequences),
    average,
    softmax,
  ),
  "stacked lstm and gru, backwards": chain(
    input(6, 2),
    lstm(3, { ...sequences, goBackwards: true }),
    gru(5, { ...sequences, goBackwards: true }),
    gru(3, { goBackwards: true, ...before }),
    softmax,
  ),
  "stacked lstm and gru without biases": chain(
    input(6, 2),
    lstm(3, { ...sequences, ...unbiased }),
    gru(5, { ...sequences, ...unbiased }),
    bidirectional(gru(2, { ...sequences, ...unbiased })),
    gru(3, { ...before, ...unbiased }),
    { ...softmax, ...unbiased } as LayerSizes,
  ),
  "bidirectional lstm": chain(input(7, 2), bidirectional(lstm(5)), softmax),
  "bidirectional gru": chain(input(7, 2), bidirectional(gru(3)), softmax),
  "stacked bidirectional": chain(
    input(5, 1),
    bidirectional(lstm(3, sequences)),
    bidirectional(gru(2, { ...sequences, ...before })),
    bidirectional(gru(1)),
    softmax,
  ),
  ...Object.fromEntries(
    MERGE_MODES.map((mode) => [
      `bidirectional lstm of all steps, ${mode}`,
      chain(input(5, 2), lstm(2, sequences), bidirectional(lstm(3, sequences), mode), average, softmax),
    ]),
  ),
});
