import type { ModelCard } from "./model_card.ts";

/** What of the results the text shows; other figures stay in the JSON. */
interface ClassFigures {
  support: number;
  sensitivity: number | null;
  positivePredictivity: number | null;
  f1: number | null;
}
interface Report {
  accuracy: number | null;
  macroF1: number | null;
  classes: Record<string, ClassFigures>;
}

const EDGE_TPU = "Edge TPU";
const MAX_REASONS = 3;

const percent = (value: number | null | undefined): string =>
  typeof value === "number" ? (100 * value).toFixed(2) : "-";
const count = (value: number): string => value.toLocaleString("en");

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Writes a model card for people: what the JSON beside it says, without the parameters of each stage. */
export function formatModelCard(card: ModelCard): string {
  const { data, input } = card;
  const reversed = card.inputs.find(({ content }) => content === "reversed");
  const windows = Object.entries(data.windows as Record<string, Record<string, number>>)
    .filter(([, perClass]) => Object.keys(perClass).length > 0);
  return [
    `# ${card.name}`,
    `**Intended use: ${card.intendedUse}**`,
    `${card.purpose} ${card.limits}`,
    "## Input and output",
    `A window of ${input.windowSamples} samples at ${input.fs} Hz with the R peak at index ${input.rPeakOffset}, prepared as in training ` +
    `(${inputText(card)}). ${
      reversed === undefined
        ? ""
        : `The input \`${reversed.name}\` of the .tflite files takes the same samples from the last to the first. `
    }Output: one probability for each class, ${card.classes.join(", ")}. ${
      count(card.parameters)
    } parameters.`,
    "## Data",
    `Split \`${data.scheme}\`: ${data.trainRecords.length} records for training, ${data.validationRecords.length} for validation, ` +
    `${data.testRecords.length} for testing.`,
    table(
      ["windows", ...card.classes],
      windows.map(([split, perClass]) => [split, ...card.classes.map((name) => count(perClass[name] ?? 0))]),
    ),
    "## Results",
    resultsText(card),
    "## Quantization",
    quantizationText(card),
    "## Devices",
    devicesText(card),
    "## Edge TPU",
    edgeTpuText(card),
    "## Files",
    table(
      ["file", "bytes", "SHA-256"],
      card.files.map(({ file, bytes, sha256 }) => [file, count(bytes), `\`${sha256}\``]),
    ),
  ].join("\n\n") + "\n";
}

function inputText({ input }: ModelCard): string {
  const corners = input.filter === "none" ? "" : ` from ${input.lowHz} to ${input.highHz} Hz`;
  return `filter ${input.filter}${corners}, signal scaled by ${input.scale}, window scaled by ${input.windowScale}`;
}

function resultsText({ results, classes }: ModelCard): string {
  const reports = Object.entries(results).filter(
    (entry): entry is [string, Report & ModelCard["results"][string]] => {
      const [, value] = entry;
      return typeof value === "object" && value !== null && "classes" in value && "accuracy" in value;
    },
  );
  const rows = reports.map(([form, { accuracy, macroF1, classes: figures }]) => [
    form,
    percent(accuracy),
    percent(macroF1),
    ...classes.map((name) => {
      const figure = figures[name];
      return figure === undefined
        ? "-"
        : `${percent(figure.sensitivity)} / ${percent(figure.positivePredictivity)} (${
          count(figure.support)
        })`;
    }),
  ]);
  return `On ${
    count(Number(results.comparedWindows ?? 0))
  } test windows, in percent; of each class sensitivity / positive ` +
    `predictivity (windows). macro-F1 is the mean F1 of all classes that occur.\n\n${
      table(["form", "accuracy", `macro-F1 ${classes.join("")}`, ...classes], rows)
    }`;
}

/** How the further forms are made. */
const FORM_TEXTS: Record<string, string> = {
  "int8-dynamic": "int8-dynamic: integer weights; activations are rounded while it runs.",
  "float16": "float16: weights in half precision, activations in float32.",
};

function quantizationText({ data, results }: ModelCard): string {
  const { modes = [], calibration, tuning } = results as {
    modes?: string[];
    calibration?: { method: string; percentile?: number; sha256: string };
    tuning?: { epochs: number; bestEpoch: number };
  };
  const how = calibration === undefined
    ? ""
    : ` by ${calibration.method}${
      calibration.percentile === undefined ? "" : ` ${calibration.percentile} %`
    }, ` +
      `SHA-256 of their values \`${calibration.sha256}\``;
  const tuned = tuning === undefined ? [] : [
    `\`model_int8.tflite\` is the form int8-qat: the model was tuned for int8 before it was quantized, epochs done ${tuning.epochs}, ` +
    (tuning.bestEpoch === 0
      ? "of which none was better than the model before: that one was taken."
      : `taken ${tuning.bestEpoch}.`),
  ];
  return [
    `int8: integer weights and activations, ranges from ${
      count(data.calibrationWindows)
    } training windows${how}.`,
    ...tuned,
    ...modes.flatMap((mode) => FORM_TEXTS[mode] ?? []),
  ].join("\n\n");
}

function devicesText({ devices }: ModelCard): string {
  const names = devices[0]?.targets.map(({ target }) => target) ?? [];
  const rows = devices.map(({ file, multiplyAccumulates, arenaBytes, arenaBytesWithMargin, targets }) => [
    file,
    count(multiplyAccumulates),
    arenaBytes === undefined || arenaBytesWithMargin === undefined
      ? "does not run there"
      : `${count(arenaBytes)} (${count(arenaBytesWithMargin)})`,
    ...names.map((name) => targets.find(({ target }) => target === name)?.accepts ?? "-"),
  ]);
  const reasons = devices.flatMap(({ file, targets }) =>
    targets.filter(({ target, accepts }) => target !== EDGE_TPU && accepts !== "yes")
      .map(({ target, accepts, findings }) => `- ${file}, ${target}, ${accepts}: ${reasonsText(findings)}`)
  );
  return [
    "By the known tables of operators; no compiler was run. `tflite-micro/` holds the files that it takes as C++ with an example.",
    table(["file", "multiply-accumulates", "arena of tflite-micro, bytes (with margin)", ...names], rows),
    ...(reasons.length > 0 ? [reasons.join("\n")] : []),
  ].join("\n\n");
}

/** The first reasons; a float model has one for each operator. */
function reasonsText(findings: readonly string[]): string {
  const shown = findings.slice(0, MAX_REASONS).join("; ");
  return findings.length > MAX_REASONS ? `${shown}; and ${findings.length - MAX_REASONS} more` : shown;
}

function edgeTpuText({ devices }: ModelCard): string {
  const checks = devices.flatMap(({ file, targets }) => {
    const verdict = targets.find(({ target }) => target === EDGE_TPU);
    if (verdict === undefined) return [];
    const { accepts, findings } = verdict;
    return accepts === "yes"
      ? `- [x] ${file}: 8-bit activations, fixed shapes, batch 1, every operator is in the table`
      : `- [ ] ${file}, ${accepts}: ${reasonsText(findings)}`;
  });
  const source = devices[0]?.targets.find(({ target }) => target === EDGE_TPU)?.source;
  return [
    `From ${source ?? "Coral's table of supported operations"}.`,
    [
      ...checks,
      "- [ ] compiled by edgetpu_compiler: it was not run; it leaves operators behind one that it does not take to the processor, and may " +
      "leave others for reasons that the table does not tell",
    ].join("\n"),
  ].join("\n\n");
}
