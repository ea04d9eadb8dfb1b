import { decodeKerasModel } from "../artefacts/keras_model.ts";
import type { WindowCounts } from "../artefacts/signal_form.ts";
import { readWindowSet, type WindowSet } from "../artefacts/window_set.ts";
import { AAMI_CLASSES } from "../beats/aami.ts";
import { StageError } from "../core/errors.ts";
import { tuneGraph, type TuneOptions } from "../quantize/qat/tune_graph.ts";
import { describeEpoch } from "../train/describe_epoch.ts";
import { encodeTrainState } from "../train/train_state.ts";
import { createTrainingSetup, type TrainingParams } from "../train/training_setup.ts";
import type { ParamSpec } from "./params.ts";
import { COUNTS_FILE, type StageContext } from "./stage_context.ts";
import { readTrainState } from "./train_checkpoint.ts";

/**
 * Fine-tunes the study's trained model for int8 on its training windows, as 04_train trained it: sampling, augmentation, class
 * weights, optimizer and the figure that picks the epoch are read from there. Goes on from a checkpoint.
 *
 * @param options.epochs At least 1. @param options.rate Largest learning rate as a part of the training's.
 * @throws StageError No validation window, or a model that cannot be tuned.
 */
export async function tuneForInt8<S extends ParamSpec>(
  context: StageContext<S>,
  { epochs, rate, train, floatGraph, calibrate }:
    & { epochs: number; rate: number; train: WindowSet }
    & Pick<TuneOptions, "floatGraph" | "calibrate">,
): Promise<Awaited<ReturnType<typeof tuneGraph>>> {
  const { variant, progress, checkpoint } = context,
    name = `${variant} for int8`,
    input = `04_train/${variant}`;
  const validation = readWindowSet(context, "validation");
  if (validation.labels.length === 0) {
    throw new StageError(`Cannot tune ${variant}: there must be validation windows, got none`, {
      hint: "leave --qat out",
    });
  }
  const trained = await decodeKerasModel(context.read(input, "model.h5"), "model.h5");
  const { params } = context.readJson<{ params: TrainingParams & { learningRate: number } }>(
    input,
    COUNTS_FILE,
  );
  const { windowScale } = context.readJson<WindowCounts>("03_window", COUNTS_FILE).params;
  const setup = createTrainingSetup(params, {
    train,
    classes: AAMI_CLASSES.length,
    rescale: windowScale === "window",
  });
  const bar = progress.bar(`${name}: tuning`, epochs * train.labels.length, "windows");
  try {
    return await tuneGraph({
      ...trained,
      setup,
      train,
      validation,
      epochs,
      learningRate: rate * params.learningRate,
      floatGraph,
      calibrate,
      resume: readTrainState(context),
      onBatch: ({ epoch, batch, loss }) =>
        bar.update((epoch - 1) * train.labels.length + batch * params.batchSize, `loss ${loss.toFixed(3)}`),
      onEpoch(event) {
        checkpoint.writeCheckpoint(encodeTrainState(event.state));
        progress.line(describeEpoch(event, { name, epochs, monitor: setup.loopOptions.monitor }));
      },
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new StageError(error.message, { hint: "leave --qat out" });
  } finally {
    bar.finish();
  }
}
