import { FormatError } from "../core/errors.ts";
import { decodeTrainState, type TrainState } from "../train/train_state.ts";
import type { ParamSpec } from "./params.ts";
import type { StageContext } from "./stage_context.ts";

/** @returns What a training that was killed left, when it can be read. */
export function readTrainState<S extends ParamSpec>(
  { checkpoint, progress, variant }: Pick<StageContext<S>, "checkpoint" | "progress" | "variant">,
): TrainState | undefined {
  const bytes = checkpoint.readCheckpoint();
  if (!bytes) return undefined;
  try {
    const state = decodeTrainState(bytes, "checkpoint");
    progress.line(`${variant} goes on after epoch ${state.epoch}`);
    return state;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    progress.line(`${variant} starts anew: ${error.message}`);
    return undefined;
  }
}
