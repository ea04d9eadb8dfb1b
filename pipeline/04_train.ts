/** Training windows -> model.h5 and its history; validated on held-out patients, resumable after every epoch. */
import { encodeKerasModel } from "./lib/artefacts/keras_model.ts";
import { readWindowSet, type WindowSet } from "./lib/artefacts/window_set.ts";
import type { WindowCounts } from "./lib/artefacts/signal_form.ts";
import { AAMI_CLASSES } from "./lib/beats/aami.ts";
import { patientOfRecord } from "./lib/beats/splits.ts";
import { FormatError, StageError } from "./lib/core/errors.ts";
import { createRng } from "./lib/core/rng.ts";
import { ENGINES } from "./lib/engine/engines.ts";
import type { OptimizerOptions } from "./lib/engine/optimizers.ts";
import { ARCHITECTURES } from "./lib/nn/architectures/architectures.ts";
import { initializeWeights } from "./lib/nn/initialize.ts";
import { countParameters } from "./lib/nn/shapes.ts";
import { drawLearningCurve } from "./lib/report/learning_curve.ts";
import { STAGES } from "./lib/stage/catalogue.ts";
import { runStage } from "./lib/stage/run.ts";
import { COUNTS_FILE, type StageContext } from "./lib/stage/stage_context.ts";
import { createAugmenter } from "./lib/train/augment/augment.ts";
import { balancedClassWeights } from "./lib/train/class_weights.ts";
import { foldWindows, type TrainingSet } from "./lib/train/fold_windows.ts";
import { createSampler, type Sampling } from "./lib/train/sampling.ts";
import { createSchedule, type ScheduleOptions } from "./lib/train/schedules.ts";
import { type EpochEvent, type Monitor, trainModel } from "./lib/train/train_model.ts";
import { decodeTrainState, encodeTrainState, type TrainState } from "./lib/train/train_state.ts";

type Context = StageContext<typeof STAGES.train.params>;

/** The optimizer that the parameters ask for. */
function optimizerOf(
  { optimizer, weightDecay, momentum, nesterov, clipNorm, clipValue, l1, l2 }: Context["params"],
): OptimizerOptions {
  const shared = { clipNorm, clipValue, l1, l2 };
  if (optimizer === "sgd") return { kind: "sgd", momentum, nesterov, ...shared };
  return { kind: "adam", weightDecay: optimizer === "adamw" ? weightDecay : 0, ...shared };
}

/** What is trained and validated on: the splits of 03_window, or a fold of both. */
function readSets(context: Context): { train: TrainingSet; validation: TrainingSet; heldOut?: string[] } {
  const { folds, fold, seed } = context.params;
  const train = readLabelledSet(context, "train"), validation = readLabelledSet(context, "validation");
  if (folds === 0 && fold === 0) return { train, validation };
  try {
    return foldWindows([train, validation], { folds, fold, seed, classes: AAMI_CLASSES.length });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StageError(error.message, {
      hint: "--folds 5 --fold 1 holds the first of five folds out; `deno task folds --folds 5` runs all",
    });
  }
}

function samplerOf(params: Context["params"], { labels, records, recordIndex }: TrainingSet) {
  const patients = records.map(patientOfRecord), firstOf = patients.map((name) => patients.indexOf(name));
  return createSampler({
    labels,
    classes: params.sampling as Sampling,
    patients: params.patientSampling as Sampling,
    patientOf: recordIndex.map((record) => firstOf[record]),
    seed: params.seed,
  });
}

/** One epoch in one line; the time left is for all epochs, patience may end it before. */
function describeEpoch(
  { epochs, monitor }: Context["params"],
  { name, figures, timing, improved }: { name: string } & Omit<EpochEvent, "state">,
): string {
  const secondsLeft = timing.seconds * (epochs - figures.epoch);
  return `${name} epoch ${figures.epoch}/${epochs} loss ${figures.loss.toFixed(4)} ` +
    `valLoss ${figures.validationLoss.toFixed(4)} valAcc ${figures.validationAccuracy.toFixed(4)} ` +
    (monitor === "balancedAccuracy" ? `valBalAcc ${figures.validationBalancedAccuracy.toFixed(4)} ` : "") +
    `valF1 ${figures.validationMacroF1.toFixed(4)} ${timing.seconds.toFixed(1)} s ` +
    `${timing.windowsPerSecond.toFixed(0)} windows/s` +
    (secondsLeft > 0 ? `, at most ${formatSeconds(secondsLeft)} left` : "") + (improved ? " *" : "");
}

const formatSeconds = (seconds: number): string =>
  seconds < 120 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;

/** Augmented windows are scaled as those of the dataset were, which validation and every later stage go on using. */
function augmenterOf({ params, progress, readJson }: Context, steps: number) {
  const { windowScale } = readJson<WindowCounts>("03_window", COUNTS_FILE).params;
  const rescale = windowScale === "window";
  if (rescale && params.augmentAmplitude > 0) {
    progress.line(
      "augmentAmplitude has no effect: each window is scaled to 0..1 (--windowScale none of window)",
    );
  }
  return createAugmenter({
    augmentation: {
      amplitude: params.augmentAmplitude,
      shift: params.augmentShift,
      wander: params.augmentWander,
      noise: params.augmentNoise,
      warp: params.augmentWarp,
      polarity: params.augmentPolarity,
    },
    steps,
    channels: 1,
    seed: params.seed,
    rescale,
  });
}

/** @throws StageError A warm-up that leaves no epoch. */
function scheduleOf({ schedule, learningRate, ...options }: Context["params"]) {
  if (options.warmUpEpochs >= options.epochs) {
    throw new StageError(
      `Cannot train: warmUpEpochs must be below epochs, got ${options.warmUpEpochs} of ${options.epochs}`,
      { hint: "lower --warmUpEpochs or raise --epochs" },
    );
  }
  return createSchedule({ ...options, kind: schedule as ScheduleOptions["kind"], peak: learningRate });
}

function readLabelledSet(context: Context, split: string): WindowSet {
  const set = readWindowSet(context, split);
  if (set.labels.length > 0) return set;
  throw new StageError(`Cannot train: the ${split} split of the study ${context.study} holds no window`, {
    hint:
      "training needs annotated records of at least three patients; without labels, windows can still be exported: " +
      "`deno task all --model none`",
  });
}

/** What a run that was killed left, when it can be read. */
function readState(context: Context): TrainState | undefined {
  const bytes = context.checkpoint.readCheckpoint();
  if (!bytes) return undefined;
  try {
    const state = decodeTrainState(bytes, "checkpoint");
    context.progress.line(`${context.variant} goes on after epoch ${state.epoch}`);
    return state;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    context.progress.line(`${context.variant} starts anew: ${error.message}`);
    return undefined;
  }
}

await runStage(STAGES.train, {
  async run(context) {
    const { params, progress } = context, name = context.variant!;
    const { train, validation, heldOut } = readSets(context);
    const classes = AAMI_CLASSES.length;
    const model = ARCHITECTURES[name].build({ windowSamples: train.windowSamples, channels: 1, classes });
    const sampler = samplerOf(params, train);
    // By what an epoch draws, so that sampling and weighting do not do the same thing twice.
    const drawn = Uint8Array.from(sampler(1), (window) => train.labels[window]);
    const classWeights = balancedClassWeights(drawn, classes, params.classWeighting);
    const first = initializeWeights(model, createRng(params.seed).fork(`weights of ${name}`));
    const engine = await ENGINES[params.engine].create(model, first, {
      workers: params.workers || navigator.hardwareConcurrency,
      batchSize: params.batchSize,
      classWeights,
      seed: params.seed,
      optimizer: optimizerOf(params),
      loss: { labelSmoothing: params.labelSmoothing, focalGamma: params.focalGamma },
      fusedMultiplyAdd: params.fusedMultiplyAdd,
    });
    try {
      const bar = progress.bar(`${name} training`, params.epochs * train.labels.length, "windows");
      const result = await trainModel({
        ...params,
        engine,
        train,
        validation,
        monitor: params.monitor as Monitor,
        learningRate: scheduleOf(params),
        sampler,
        augment: augmenterOf(context, train.windowSamples),
        resume: readState(context),
        onBatch: ({ epoch, batch, loss }) =>
          bar.update((epoch - 1) * train.labels.length + batch * params.batchSize, `loss ${loss.toFixed(3)}`),
        onEpoch({ figures, timing, improved, state }) {
          context.checkpoint.writeCheckpoint(encodeTrainState(state));
          progress.line(describeEpoch(params, { name, figures, timing, improved }));
        },
      });
      bar.finish();
      context.write("model.h5", await encodeKerasModel(model, result.bestWeights));
      context.write("history.json", JSON.stringify(result.history, null, 1));
      // Not the study's name: another of the same parameters shares this output.
      const title = context.synthetic ? `${name}, synthetic` : name;
      context.write(
        "learning_curve.svg",
        drawLearningCurve({ title, points: result.history, bestEpoch: result.bestEpoch }),
      );
      const best = result.history[result.bestEpoch - 1];
      const rates = result.timings.map((timing) => timing.windowsPerSecond).sort((a, b) => a - b);
      return {
        counts: {
          params: { ...params, workers: 0 },
          engine: engine.name,
          parameters: countParameters(model),
          windows: train.labels.length,
          validationWindows: validation.labels.length,
          ...(heldOut && { heldOut }),
          classWeights: Array.from(classWeights),
          epochsRun: result.history.length,
          stoppedEarly: result.stoppedEarly,
          bestEpoch: result.bestEpoch,
          best: { ...best },
        },
        measured: {
          workers: engine.workers,
          medianWindowsPerSecond: Math.round(rates[rates.length >> 1] ?? 0),
          epochSeconds: result.timings.map(({ seconds }) => Number(seconds.toFixed(3))),
        },
        summary: `best epoch ${result.bestEpoch} of ${result.history.length}, ` +
          `validation accuracy ${(100 * best.validationAccuracy).toFixed(2)} %, ` +
          `macro-F1 ${(100 * best.validationMacroF1).toFixed(2)} %`,
      };
    } finally {
      engine.close();
    }
  },
});
