import { parseArgs } from "node:util";
import * as z from "zod";
import { UsageError } from "../core/errors.ts";
import { nearestName } from "./nearest_name.ts";

interface ParamBase {
  /** One line for `--help`; without a full stop. */
  doc: string;
  /** Unit of the value, for example "Hz". */
  unit?: string;
  /** True when a study that sets it is named after it: a flag may then not say otherwise. */
  ofStudy?: true;
  /** Another parameter of the stage and the values of which it must have one for this one to count. */
  needs?: readonly [name: string, ...values: string[]];
  /** False for what cannot change a result (workers, a mirror's address): it stays out of the cache key. */
  inKey?: false;
}

/** One parameter of a stage. From this one declaration come the flag, `--help`, validation and the cache key. */
export type Param =
  | ParamBase & { type: "int" | "float"; default: number; min?: number; max?: number }
  | ParamBase & {
    type: "string";
    default: string;
    choices?: readonly string[];
    pattern?: RegExp;
    form?: string;
  }
  | ParamBase & { type: "boolean"; default: boolean }
  | ParamBase & { type: "list"; default: readonly string[]; choices?: readonly string[] };

/** Parameters by name, in the order of `--help`. */
export type ParamSpec = Record<string, Param>;

export type ParamValue = number | string | boolean | string[];

/** The values that a declaration asks for. */
export type ParamValues<S extends ParamSpec> = {
  [K in keyof S]: S[K]["type"] extends "int" | "float" ? number
    : S[K]["type"] extends "boolean" ? boolean
    : S[K]["type"] extends "list" ? string[]
    : string;
};

function schemaOf(param: Param): z.ZodType {
  switch (param.type) {
    case "int":
    case "float": {
      let schema = param.type === "int" ? z.int() : z.number();
      if (param.min !== undefined) schema = schema.min(param.min);
      if (param.max !== undefined) schema = schema.max(param.max);
      return schema;
    }
    case "string":
      if (param.choices) return z.enum(param.choices as [string, ...string[]]);
      return param.pattern ? z.string().regex(param.pattern) : z.string();
    case "boolean":
      return z.boolean();
    case "list":
      return z.array(param.choices ? z.enum(param.choices as [string, ...string[]]) : z.string())
        .refine((items) => new Set(items).size === items.length);
  }
}

/** Says in words which values a parameter takes, for example "an integer from 16 to 4096 samples". */
export function describeValues(param: Param): string {
  switch (param.type) {
    case "int":
    case "float": {
      const kind = param.type === "int" ? "an integer" : "a number";
      const { min, max } = param;
      const range = min !== undefined && max !== undefined
        ? ` from ${min} to ${max}`
        : min !== undefined
        ? ` of at least ${min}`
        : max !== undefined
        ? ` of at most ${max}`
        : "";
      return `${kind}${range}${param.unit ? ` ${param.unit}` : ""}`;
    }
    case "string":
      if (param.choices) return `one of ${param.choices.join(", ")}`;
      return param.form ?? "text";
    case "boolean":
      return "True or False";
    case "list":
      return param.choices
        ? `any of ${param.choices.join(", ")}, each once, joined by commas, or none`
        : "names, each once, joined by commas";
  }
}

/**
 * Checks one value that came from a study file or a flag.
 *
 * @param where How the user named it, for example "--windowSamples" or 'window.windowSamples in "demo"'.
 * @throws {UsageError} When the value is not one that the declaration allows.
 */
export function checkValue(param: Param, value: unknown, where: string): ParamValue {
  const result = schemaOf(param).safeParse(value);
  if (result.success) return result.data as ParamValue;
  const offered = param.type === "string" || param.type === "list" ? param.choices : undefined;
  const isWrong = (item: unknown, i: number, list: unknown[]) =>
    typeof item !== "string" || offered?.includes(item) === false || list.indexOf(item) < i;
  const wrong = param.type === "list" && Array.isArray(value) ? value.find(isWrong) : value;
  const near = offered && typeof wrong === "string" ? nearestName(wrong, offered) : undefined;
  const got = typeof wrong === "number" ? wrong : JSON.stringify(wrong);
  throw new UsageError(
    `Cannot use ${where}: must be ${describeValues(param)}, got ${got}` +
      (near === undefined || near === wrong ? "" : `; did you mean "${near}"?`),
  );
}

function fromText(param: Param, text: string, where: string): ParamValue {
  switch (param.type) {
    case "int":
    case "float":
      return checkValue(
        param,
        /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : text,
        where,
      );
    case "boolean":
      return checkValue(param, /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : text, where);
    case "list":
      return checkValue(param, text === "none" || text === "" ? [] : text.split(","), where);
    case "string":
      return checkValue(param, text, where);
  }
}

/** @returns "dryRun" for "dry-run". */
export const camelCase = (flag: string): string =>
  flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/**
 * Reads flags: `--name value`, `--name=value`, `--name` alone for a boolean; `--dry-run` is `--dryRun`.
 *
 * @param args The words of the command line.
 * @param spec Every flag that is known.
 * @returns Only what the user wrote, checked.
 * @throws {UsageError} Unknown flag (with the nearest known one), missing or wrong value, a word that is no flag.
 */
export function parseFlags(args: readonly string[], spec: ParamSpec): Record<string, ParamValue> {
  const words: string[] = [];
  args.forEach((written, i) => {
    const word = written === "-h" ? "--help" : written;
    words.push(word);
    const param = word.startsWith("--") && !word.includes("=") ? spec[camelCase(word.slice(2))] : undefined;
    if (param?.type === "boolean" && (args[i + 1] ?? "--").startsWith("--")) words.push("true");
  });
  const options = Object.fromEntries(
    words.filter((word) => word.startsWith("--")).map((word) => {
      return [word.slice(2).split("=")[0], { type: "string" as const }];
    }),
  );
  const { tokens } = parseArgs({ args: words, options, strict: false, allowPositionals: true, tokens: true });
  const values: Record<string, ParamValue> = {};
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      throw new UsageError(`Unexpected argument ${token.value}: flags begin with --`);
    }
    const written = token.rawName;
    const name = written.startsWith("--") ? camelCase(token.name) : undefined;
    if (name === undefined || !Object.hasOwn(spec, name)) {
      const near = nearestName(name ?? written, Object.keys(spec));
      throw new UsageError(
        `Unknown flag ${written}${near ? `; did you mean --${near}?` : ""} (--help lists them)`,
      );
    }
    if (token.value === undefined || !token.inlineValue && token.value.startsWith("--")) {
      throw new UsageError(`Cannot use --${name}: a value must follow`);
    }
    values[name] = fromText(spec[name], token.value, `--${name}`);
  }
  return values;
}

/** The defaults of a declaration. */
export function defaultsOf<S extends ParamSpec>(spec: S): ParamValues<S> {
  return Object.fromEntries(
    Object.entries(spec).map((
      [name, param],
    ) => [name, Array.isArray(param.default) ? [...param.default] : param.default]),
  ) as ParamValues<S>;
}

/** The lines of `--help` for some parameters. */
export function describeParams(spec: ParamSpec): string {
  const rows = Object.entries(spec).map(([name, param]) => {
    const shown = Array.isArray(param.default) ? param.default.join(",") || "none" : String(param.default);
    return [
      `  --${name}`,
      `${param.doc} (${describeValues(param)}${shown === "" ? "" : `; default ${shown}`})`,
    ];
  });
  const width = Math.max(...rows.map(([flag]) => flag.length)) + 2;
  return rows.map(([flag, doc]) => flag.padEnd(width) + doc).join("\n");
}
