/** Training windows -> model.h5 and its history; validated on held-out patients, resumable after every epoch. */
import { decodeKerasModel, encodeKerasModel } from "./lib/artefacts/keras_model.ts";
import { openWindowSet } from "./lib/artefacts/window_set.ts";
import type { WindowCounts } from "./lib/artefacts/signal_form.ts";
import { AAMI_CLASSES } from "./lib/beats/aami.ts";
import { StageError } from "./lib/core/errors.ts";
import { createRng } from "./lib/core/rng.ts";
import type { Engine } from "./lib/engine/engine.ts";
import { type EngineKind, ENGINES } from "./lib/engine/engines.ts";
import { MAX_FILE_BYTES } from "./lib/formats/keras_h5/decode.ts";
import { ARCHITECTURES } from "./lib/nn/architectures/architectures.ts";
import { initializeWeights } from "./lib/nn/initialize.ts";
import { countParameters } from "./lib/nn/shapes.ts";
import { drawLearningCurve } from "./lib/report/learning_curve.ts";
import { STAGES } from "./lib/stage/catalogue.ts";
import { readFileFromOutside } from "./lib/stage/inputs/outside_file.ts";
import { findTeacher, type TeacherFile } from "./lib/stage/inputs/teacher_model.ts";
import { runStage } from "./lib/stage/run.ts";
import { COUNTS_FILE, type StageContext } from "./lib/stage/stage_context.ts";
import { readTrainState } from "./lib/stage/train_checkpoint.ts";
import { describeEpoch } from "./lib/train/describe_epoch.ts";
import { foldWindows, type TrainingSet } from "./lib/train/fold_windows.ts";
import { createSchedule, type ScheduleOptions } from "./lib/train/schedules.ts";
import { trainModel } from "./lib/train/train_model.ts";
import { createTrainingSetup } from "./lib/train/training_setup.ts";
import { encodeTrainState } from "./lib/train/train_state.ts";
import { predictRows } from "./lib/train/evaluate.ts";
import { checkTeacherModel } from "./lib/train/teacher.ts";
import { keepInMemory, rowsInFile, type WindowRows } from "./lib/train/window_rows.ts";

type Context = StageContext<typeof STAGES.train.params>;

/** What is trained and validated on: the splits of 03_window, or a fold of both. */
function readSets(
  context: Context,
  files: DisposableStack,
): { train: TrainingSet; validation: TrainingSet; heldOut?: string[] } {
  const { folds, fold, seed } = context.params;
  const [train, validation] = ["train", "validation"].map((split) => openLabelledSet(context, split, files));
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

/** @returns Whether each window was scaled by itself, so that augmented ones are to be, too. */
function isRescaled({ params, progress, readJson }: Context): boolean {
  const { windowScale } = readJson<WindowCounts>("03_window", COUNTS_FILE).params;
  const rescale = windowScale === "window";
  if (rescale && params.augmentAmplitude > 0) {
    progress.line(
      "augmentAmplitude has no effect: each window is scaled to 0..1 (--windowScale none of window)",
    );
  }
  return rescale;
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

/** @param files Takes the file that the windows are read from. */
function openLabelledSet(context: Context, split: string, files: DisposableStack): TrainingSet {
  const { file, ...set } = openWindowSet(context, split), count = set.labels.length;
  files.use(file);
  if (count > 0) return { ...set, windows: rowsInFile(file, { count, values: set.windowSamples }) };
  throw new StageError(`Cannot train: the ${split} split of the study ${context.study} holds no window`, {
    hint:
      "training needs annotated records of at least three patients; without labels, windows can still be exported: " +
      "`deno task all --model none`",
  });
}

/** @throws StageError A model or a loss that the engine does not have. */
async function startEngine(name: string, ...start: Parameters<EngineKind["create"]>): Promise<Engine> {
  try {
    return await ENGINES[name].create(...start);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    throw new StageError(error.message, {
      hint: name === "wasm" ? "choose another model or other parameters" : "--engine wasm trains every model",
    });
  }
}

/** @returns What the teacher says of the training windows, [count, classes]. @throws StageError A model that cannot be one. */
async function readTeacher(
  { params, progress }: Context,
  { path, name }: TeacherFile,
  { windows, classes }: { windows: WindowRows; classes: number },
): Promise<Float32Array> {
  const { model, weights } = await decodeKerasModel(
    readFileFromOutside(path, { maxBytes: MAX_FILE_BYTES, content: "keras" }),
    name,
  );
  let engine: Engine | undefined;
  try {
    checkTeacherModel(model, { values: windows.values, classes });
    const { workers, batchSize } = params;
    engine = await ENGINES.wasm.create(model, weights, { workers: workers || undefined, batchSize });
    progress.line(`asking the teacher ${name} about ${windows.count} windows`);
    return await predictRows(engine, windows);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    throw new StageError(`Cannot learn from the teacher ${name}: ${error.message}`, {
      hint: "a teacher must have been trained for the same windows and classes",
    });
  } finally {
    engine?.close();
  }
}

await runStage(STAGES.train, {
  prepare: ({ params: { teacher }, root, study, hasher }) =>
    Promise.resolve(findTeacher({ teacher, root, study, hasher })),
  async run(context, teacherFile) {
    const { params, progress } = context, name = context.variant!;
    using files = new DisposableStack();
    const { train, validation, heldOut } = readSets(context, files), learningRate = scheduleOf(params);
    const classes = AAMI_CLASSES.length;
    const model = ARCHITECTURES[name].build({ windowSamples: train.windowSamples, channels: 1, classes });
    const { engineOptions, loopOptions } = createTrainingSetup(params, {
      train,
      classes,
      rescale: isRescaled(context),
    });
    const first = initializeWeights(model, createRng(params.seed).fork(`weights of ${name}`));
    const windows = keepInMemory(train.windows);
    const { distillationWeight: teacherWeight, temperature: teacherTemperature } = params;
    const loss = { ...engineOptions.loss, ...(teacherFile && { teacherWeight, teacherTemperature }) };
    const engine = await startEngine(params.engine, model, first, { ...engineOptions, loss });
    try {
      const teacher = teacherFile && await readTeacher(context, teacherFile, { windows, classes });
      // Of an interrupted training the bar shows what is left: what was done before says nothing of this run's speed.
      const resume = readTrainState(context), epochsBefore = resume?.epoch ?? 0, { count } = windows;
      const bar = progress.bar(`${name} training`, (params.epochs - epochsBefore) * count, "windows");
      const result = await trainModel({
        ...loopOptions,
        engine,
        train: { labels: train.labels, windows, teacher },
        validation,
        epochs: params.epochs,
        patience: params.patience,
        learningRate,
        resume,
        onBatch({ epoch, batch, loss }) {
          const done = (epoch - 1 - epochsBefore) * count + Math.min(batch * params.batchSize, count);
          bar.update(done, `loss ${loss.toFixed(3)}`);
        },
        onEpoch(event) {
          context.checkpoint.writeCheckpoint(encodeTrainState(event.state));
          progress.line(describeEpoch(event, { name, epochs: params.epochs, monitor: loopOptions.monitor }));
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
          classWeights: Array.from(engineOptions.classWeights),
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
