import { stageArguments } from "../stage_command.ts";

/** @returns The arguments for Deno with which its task `train` sets V8's flags, so that what is measured is what trains. */
export function trainingV8Flags(): string[] {
  return stageArguments("train", []).filter((argument) => argument.startsWith("--v8-flags="));
}
