import { isAbsolute, resolve } from "node:path";
import { UsageError } from "../../pipeline/lib/core/errors.ts";
import { alignColumns } from "../align_columns.ts";
import type { KernelMeasurement, Product } from "./kernels_workload.ts";
import { findOpenBlas } from "./openblas.ts";
import { readOptions } from "./options.ts";
import { measureApart } from "./own_process.ts";
import type { PerfTopic } from "./topic.ts";
import { trainingV8Flags } from "./v8_flags.ts";

/** One line of the result: GFLOP/s of one core, or of what is no matrix product the nanoseconds a number. */
type KernelFigures =
  | { part: "peak"; plain: number; fused: number }
  | (
    & { part: "product"; plain: number; fused: number }
    & Product
    & {
      plainShareOfPeak: number;
      fusedShareOfPeak: number;
      /** null where OpenBLAS was not found. */
      openBlas: number | null;
      plainShareOfOpenBlas: number | null;
      fusedShareOfOpenBlas: number | null;
    }
  )
  | { part: "function"; name: string; plainNanoseconds: number; fusedNanoseconds: number };

/** Speed of the training kernels, and how far from the limits of this machine it is. */
export const kernelsTopic: PerfTopic = {
  doc:
    "the training kernels on one core, in processor time: GFLOP/s of each matrix product of the model families, plain and " +
    "with fused multiply-add, as shares of what registers alone reach and of OpenBLAS; ns a number of the functions",
  usage: [
    "--json: Print an array of {part, ...}: peak and product in GFLOP/s, function in nanoseconds.",
    "--milliseconds <n>: Length of each measurement; default 60.",
    "--openblas <path>: The library, also one out of a NumPy wheel; by default where packages put it (Debian's libopenblas0).",
  ].join("\n"),
  async run(args) {
    const { json, milliseconds, library } = parseOptions(args);
    const say = (text: string) => console.error(`[perf kernels] ${text}`);
    if (library === undefined) {
      say("without OpenBLAS: it was not found where packages put it; --openblas <path> names it");
    }
    const measured = await measure(milliseconds, library);
    if (measured.openBlas !== null) say(`beside ${measured.openBlas}, one thread`);
    console.log(json ? JSON.stringify(listFigures(measured), null, 1) : formatTables(measured));
  },
};

function parseOptions(args: string[]) {
  const values = readOptions(args, {
    json: { type: "boolean", default: false },
    milliseconds: { type: "string", default: "60" },
    openblas: { type: "string" },
  });
  const milliseconds = Number(values.milliseconds), { openblas } = values;
  if (!(milliseconds > 0 && milliseconds <= 60_000)) {
    throw new UsageError(
      `Cannot measure: --milliseconds must be in (0, 60000], got ${values.milliseconds}`,
    );
  }
  if (openblas !== undefined && openblas.trim() === "") {
    throw new UsageError("Cannot measure: --openblas must be the path of a library, got an empty text");
  }
  const library = openblas === undefined || isAbsolute(openblas) ? openblas : resolve(openblas);
  return { json: values.json, milliseconds, library: library ?? findOpenBlas() };
}

/** Without the environment: OPENBLAS_CORETYPE would have OpenBLAS take other kernels than this processor's. */
function measure(milliseconds: number, library: string | undefined): Promise<KernelMeasurement> {
  const permissions = [
    "--allow-read=pipeline/lib/engine/kernels",
    ...(library ? [`--allow-ffi=${library}`] : []),
  ];
  const workload = ["tasks/perf/kernels_workload.ts", String(milliseconds), library ?? ""];
  return measureApart("the kernels", [...trainingV8Flags(), ...permissions, ...workload], { clearEnv: true });
}

function listFigures({ peak, products, functions }: KernelMeasurement): KernelFigures[] {
  const round = (value: number, digits: number) => Number(value.toFixed(digits));
  const share = (value: number, of: number | null) => of === null ? null : round(value / of, 2);
  return [
    { part: "peak", plain: round(peak.plain, 1), fused: round(peak.fused, 1) },
    ...products.map(({ plain, fused, openBlas, ...product }) => ({
      part: "product" as const,
      ...product,
      plain: round(plain, 1),
      fused: round(fused, 1),
      plainShareOfPeak: round(plain / peak.plain, 2),
      fusedShareOfPeak: round(fused / peak.fused, 2),
      openBlas: openBlas === null ? null : round(openBlas, 1),
      plainShareOfOpenBlas: share(plain, openBlas),
      fusedShareOfOpenBlas: share(fused, openBlas),
    })),
    ...functions.map(({ name, plain, fused }) => ({
      part: "function" as const,
      name,
      plainNanoseconds: round(plain, 3),
      fusedNanoseconds: round(fused, 3),
    })),
  ];
}

function formatTables({ peak, products, functions, openBlas }: KernelMeasurement): string {
  const percent = (value: number, of: number | null) =>
    of === null ? "-" : `${Math.round(100 * value / of)} %`;
  const productTable = alignColumns([
    [
      ...["models", "layer", "product", "m", "k", "plain", "of peak", "of OpenBLAS"],
      ...["fused", "of peak", "of OpenBLAS", "OpenBLAS"],
    ],
    ...products.map(({ models, layer, form, m, k, plain, fused, openBlas }) => [
      ...[models, layer, form, String(m), String(k)],
      ...[plain.toFixed(1), percent(plain, peak.plain), percent(plain, openBlas)],
      ...[fused.toFixed(1), percent(fused, peak.fused), percent(fused, openBlas)],
      openBlas === null ? "-" : openBlas.toFixed(1),
    ]),
  ], 3);
  const functionTable = alignColumns([
    ["function", "plain", "fused"],
    ...functions.map(({ name, plain, fused }) => [name, plain.toFixed(3), fused.toFixed(3)]),
  ], 1);
  return [
    `GFLOP/s of one core; in registers alone ${peak.plain.toFixed(1)} plain, ${peak.fused.toFixed(1)} fused` +
    (openBlas === null ? "" : `; ${openBlas}`),
    productTable,
    "",
    "Nanoseconds a number",
    functionTable,
  ].join("\n");
}
