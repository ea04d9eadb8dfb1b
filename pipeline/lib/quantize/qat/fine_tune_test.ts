import assert from "node:assert/strict";
import { PLAIN_TRAINING } from "../../train/test_training_params.ts";
import { decodeTrainState, encodeTrainState, type TrainState } from "../../train/train_state.ts";
import { createTrainingSetup, type TrainingParams } from "../../train/training_setup.ts";
import { convertToTflite } from "../../convert/convert.ts";
import { calibrate } from "../calibration.ts";
import { quantizeGraph } from "../quantize_graph.ts";
import { beatWindows, livelyWeights } from "../test_networks.ts";
import { activationRoundings } from "./activation_roundings.ts";
import { fineTune, type FineTuneOptions } from "./fine_tune.ts";
import { chain, MODELS, quantizedModel, SAMPLES } from "./test_quantized.ts";
import { tuneGraph } from "./tune_graph.ts";

/** Windows whose class follows from what they show. */
function labelledWindows(count: number, seed: number) {
  const windows = beatWindows(count, SAMPLES, seed);
  const labels = Uint8Array.from({ length: count }, (_, i) => {
    const sum = windows.subarray(i * SAMPLES, (i + 1) * SAMPLES).reduce((a, b) => a + b, 0);
    return Math.min(Math.max(Math.floor((sum / SAMPLES - 0.3) / 0.08), 0), 2);
  });
  return { windows, labels, windowSamples: SAMPLES, records: ["a"], recordIndex: new Uint16Array(count) };
}

function options(name: string, params: Partial<TrainingParams> = {}): FineTuneOptions {
  const model = MODELS[name], { weights, int8Graph } = quantizedModel(model);
  const train = labelledWindows(160, 2), validation = labelledWindows(60, 3);
  const setup = createTrainingSetup({ ...PLAIN_TRAINING, ...params }, { train, classes: 3, rescale: false });
  return {
    model,
    weights,
    roundings: activationRoundings(int8Graph),
    setup,
    train,
    validation,
    epochs: 3,
    learningRate: 0.003,
  };
}

for (const name of ["cnn", "lstm"]) {
  Deno.test(`fineTune() lowers the loss as int8 has it, alike on any number of workers: ${name}`, async () => {
    const one = await fineTune(options(name)), two = await fineTune(options(name, { workers: 2 }));
    assert.deepEqual(two.bestWeights, one.bestWeights);
    const best = one.history[one.bestEpoch - 1];
    assert.ok(best.validationLoss < 0.95 * one.before.loss, `${best.validationLoss} of ${one.before.loss}`);
  });
}

Deno.test("fineTune() goes on from a checkpoint as if it had not been interrupted", async () => {
  const states: TrainState[] = [];
  const whole = await fineTune({ ...options("cnn"), onEpoch: ({ state }) => void states.push(state) });
  const resume = decodeTrainState(encodeTrainState(states[1]));
  const resumed = await fineTune({ ...options("cnn"), resume });
  assert.deepEqual(resumed.bestWeights, whole.bestWeights);
  assert.deepEqual(resumed.history, whole.history);
});

Deno.test("fineTune() keeps the model as it came where no epoch is better", async () => {
  const given = options("cnn", { monitor: "accuracy" }), states: TrainState[] = [];
  const onEpoch: FineTuneOptions["onEpoch"] = ({ state }) => void states.push(state);
  const result = await fineTune({ ...given, learningRate: 1e-9, epochs: 2, onEpoch });
  assert.equal(result.bestEpoch, 0);
  assert.deepEqual(result.bestWeights, given.weights);
  assert.equal(decodeTrainState(encodeTrainState(states[1])).bestEpoch, 0);
});

Deno.test("tuneGraph() folds normalizations first and converts again as the model was converted", async () => {
  const model = chain(
    { kind: "Conv1D", filters: 5, kernelSize: 5, strides: 2, padding: "same", activation: "linear" },
    { kind: "BatchNormalization", axis: -1, momentum: 0.9, epsilon: 1e-3, center: true, scale: true },
    { kind: "Bidirectional", layer: { kind: "LSTM", units: 4, returnSequences: false }, mergeMode: "concat" },
    { kind: "Dense", units: 3, activation: "softmax" },
  );
  const given = options("cnn"), windows = beatWindows(20, SAMPLES, 2), weights = livelyWeights(model);
  weights.get("layer2/moving_variance")!.data.fill(0.3);
  const metadata = [{ name: "told", data: Uint8Array.of(1, 2) }];
  const floatGraph = { ...convertToTflite(model, weights, { description: "a test" }), metadata };
  const { floatGraph: tuned, ranges, result } = await tuneGraph({
    ...given,
    model,
    weights,
    floatGraph,
    epochs: 1,
    calibrate: (graph) => calibrate(graph, windows, 20),
  });
  assert.deepEqual([tuned.description, tuned.metadata], ["a test", metadata]);
  const kinds = ({ operators }: typeof tuned) => operators.map(({ operator }) => operator);
  assert.deepEqual(kinds(tuned), kinds(floatGraph));
  assert.ok(result.bestEpoch === 0 || !result.bestWeights.has("layer2/gamma"));
  assert.equal(kinds(quantizeGraph(tuned, ranges, { mode: "int8" })).length, tuned.operators.length);
});
