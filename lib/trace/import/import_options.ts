import { LoaderError } from "../../base/error.ts";
import {
  createOption,
  durationOption,
  flagOf,
  integerOption,
  numberOption,
  type Option,
  type OptionValues,
  switchOption,
  textOption,
} from "../../option/option.ts";
import { DURATION_UNITS, type DurationUnit } from "./duration.ts";
import { USUAL_MOST_FUNCTIONS } from "./import_requests.ts";
import type { BadRowLimit } from "./import_tally.ts";
import type { ImportTraceOptions } from "./import_trace.ts";
import { LOG_KINDS, type LogKind } from "./log_kind.ts";
import type { PrometheusQuery } from "./prometheus_query.ts";
import type { StampMeaning } from "./request_fields.ts";
import { parseTimeStamp, parseZoneMs } from "./time_stamp.ts";
import { BadRow } from "./logged_request.ts";

/** Flags that may be given several times. */
const REPEATED = [
  "--path-template",
  "--include-path",
  "--exclude-path",
  "--method",
  "--status",
  "--label",
  "--span-kind",
];

/** One of some words, or nothing. */
function wordOption<T extends string>(words: readonly T[], meaning: string): Option<T | null> {
  return createOption<T | null>(words.join("|"), { meaning, default: null }, { kind: "text" }, (
    text,
  ) => {
    const word = words.find((candidate) => candidate === text);
    if (word === undefined) {
      throw new Error(`${JSON.stringify(text)} is none of ${words.join(", ")}.`);
    }
    return word;
  });
}

/** Texts of a flag that is repeated, or, where `splits`, separated by commas. */
function listOption(
  placeholder: string,
  meaning: string,
  splits: boolean,
): Option<readonly string[]> {
  return createOption<readonly string[]>(
    placeholder,
    { meaning: `${meaning}; may be repeated`, default: [] },
    { kind: "text" },
    (text) => text.split(splits ? /[\n,]/ : "\n").map((item) => item.trim()),
    () => null,
  );
}

function fieldOption(meaning: string): Option<string | null> {
  return textOption<string | null>("name", { meaning, default: null });
}

/** The options of `trace:import`. */
export const IMPORT_OPTIONS = {
  json: switchOption<boolean>({
    meaning: "print what was imported as JSON on standard output, all else on standard error",
    default: false,
  }),
  output: textOption<string | null>("folder", {
    meaning: "folder for the trace; it must be new, empty, or of an earlier import",
    default: null,
  }),
  format: wordOption(LOG_KINDS, "what the sources are, where that is not to be found out"),
  logFormat: textOption<string | null>("format", {
    meaning: "format of an access log's lines, as in the configuration of nginx ($…) or Apache " +
      "(%…), or common, combined, vhost_combined",
    default: null,
  }),
  functionField: fieldOption("field or attribute whose value is the function, in place of a path"),
  pathField: fieldOption("field with the path or URL"),
  timeField: fieldOption("field with the time stamp"),
  durationField: fieldOption("field with the duration"),
  durationUnit: wordOption(
    Object.keys(DURATION_UNITS) as DurationUnit[],
    "unit of the durations, where the field's name does not tell",
  ),
  methodField: fieldOption("field with the method"),
  statusField: fieldOption("field with the status code"),
  memoryField: fieldOption("field with the memory in MiB"),
  stamp: wordOption<StampMeaning>(
    ["start", "end"],
    "what the time stamp tells; by default what the program that wrote the log is known to write",
  ),
  timeZone: textOption<string>("offset", {
    meaning: "zone of time stamps (and of --from and --to) that name none, such as +02:00",
    default: "Z",
  }),
  pathTemplate: listOption("template", "route that is a function, such as /api/users/{id}", false),
  replaceIds: switchOption<boolean>({
    meaning: "numbers, UUIDs, hashes and the like in other paths become {id}; --no-replace-ids " +
      "keeps them",
    default: true,
  }),
  nameMethod: switchOption<boolean>({
    meaning: "a function is a method and a path: GET /api/users/{id}",
    default: false,
  }),
  method: listOption("name,…", "methods that are taken", true),
  status: listOption("code,…", "status codes that are taken, such as 200, 2xx, 200-299", true),
  includePath: listOption("pattern", "only paths like this, * for any characters", false),
  excludePath: listOption("pattern", "no paths like this", false),
  spanKind: listOption("kind,…", "kinds of spans that are requests; server by default", true),
  from: textOption<string | null>("time", {
    meaning: "take what arrives from this instant on, such as 2026-11-27 or 2026-11-27T08:00",
    default: null,
  }),
  to: textOption<string | null>("time", { meaning: "… and before this one", default: null }),
  slotMs: durationOption<number>({
    meaning: "width of the slots that requests are counted in",
    default: 60_000,
    minimum: 1,
    maximum: 3_600_000,
  }),
  runtimeMs: durationOption<number | null>({
    meaning: "runtime of functions of which the logs tell none",
    default: null,
    minimum: 0.001,
    maximum: 3_600_000,
  }),
  memoryMib: numberOption<number | null>("MiB", {
    unit: "Mib",
    meaning: "memory of functions of which the logs tell none",
    default: null,
    minimum: 1,
    maximum: 1_000_000,
  }),
  badLines: textOption<string>("share", {
    meaning: "how many rows may be unreadable: 1% of all, or a number",
    default: "1%",
  }),
  mostFunctions: integerOption<number>("number", {
    meaning: "more functions than this are ids that stayed in paths",
    default: USUAL_MOST_FUNCTIONS,
    minimum: 1,
    maximum: 1_000_000,
  }),
  metric: textOption<string | null>("name", {
    meaning: "Prometheus: histogram or counter, such as http_server_request_duration_seconds",
    default: null,
  }),
  matchers: textOption<string | null>("matchers", {
    meaning: 'Prometheus: which series, such as job="shop",code="200"',
    default: null,
  }),
  label: listOption("name,…", "Prometheus: labels that name the function", true),
  stepMs: durationOption<number>({
    meaning: "Prometheus: step of the query, which becomes the width of the slots",
    default: 60_000,
    minimum: 1000,
    maximum: 3_600_000,
  }),
};

/** What the user asked for, checked. */
export interface SettledImport {
  readonly output: string;
  readonly queries: readonly PrometheusQuery[];
  readonly options: ImportTraceOptions;
  /** For functions of which the logs tell nothing. */
  readonly runtimeMs: number | null;
  readonly memoryMib: number | null;
}

/** Flags without a value. */
const SWITCHES = new Set(
  Object.entries(IMPORT_OPTIONS).filter(([, { placeholder }]) => placeholder === null)
    .flatMap(([name]) => [flagOf(name), flagOf(name).replace("--", "--no-")]),
);

/** Takes the sources off the arguments: what is no flag and no flag's value. */
export function splitSources(
  args: readonly string[],
): { readonly sources: readonly string[]; readonly rest: readonly string[] } {
  const sources: string[] = [];
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === "-" || !arg.startsWith("-")) {
      sources.push(arg);
      continue;
    }
    rest.push(arg);
    const hasValue = arg !== "--help" && !arg.includes("=") && !SWITCHES.has(arg);
    if (hasValue && i + 1 < args.length) rest.push(args[++i]);
  }
  return { sources, rest };
}

/** Makes one of several flags of one name, for those that may be repeated. */
export function gatherRepeated(args: readonly string[]): string[] {
  const gathered = new Map<string, string[]>();
  const others: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const [flag, ...values] = args[i].split("=");
    if (!REPEATED.includes(flag) || (values.length === 0 && i + 1 === args.length)) {
      others.push(args[i]);
      continue;
    }
    const value = values.length > 0 ? values.join("=") : args[++i];
    gathered.set(flag, [...gathered.get(flag) ?? [], value]);
  }
  return [...others, ...Array.from(gathered, ([flag, values]) => `${flag}=${values.join("\n")}`)];
}

/**
 * Checks what was asked for.
 *
 * @throws LoaderError `usage` when something is missing, or none of what it should be
 */
export function settleImport(
  sources: readonly string[],
  values: OptionValues<typeof IMPORT_OPTIONS>,
): SettledImport {
  if (sources.length === 0) {
    throw new LoaderError(
      "usage",
      "Name the logs: files, folders, - for standard input, or the address of a Prometheus.",
    );
  }
  if (values.output === null) {
    throw new LoaderError("usage", "Name the folder for the trace with --output.");
  }
  const zoneMs = parseZoneMs(values.timeZone);
  if (zoneMs === null) {
    throw wrongOption("--time-zone", "an offset such as +02:00", values.timeZone);
  }
  const instant = (flag: string, text: string | null) =>
    text === null ? undefined : parseInstant(flag, text, zoneMs);
  const fromMs = instant("--from", values.from);
  const toMs = instant("--to", values.to);
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs) {
    throw wrongOption("--to", "an instant after --from", values.to!);
  }
  const urls = sources.filter((source) => /^https?:\/\//.test(source));
  const given = <T>(value: T | null) => value === null ? undefined : value;
  const list = (items: readonly string[]) => items.length === 0 ? undefined : items;
  return {
    output: values.output,
    queries: urls.map((url) => {
      if (values.metric === null || fromMs === undefined || toMs === undefined) {
        throw new LoaderError(
          "usage",
          "A Prometheus is asked for --metric from --from to --to; give all three.",
          { value: url },
        );
      }
      const { stepMs, metric } = values;
      return { url, metric, matchers: values.matchers ?? "", fromMs, toMs, stepMs };
    }),
    options: {
      kind: given<LogKind>(values.format),
      logFormat: given(values.logFormat),
      functionField: given(values.functionField),
      pathField: given(values.pathField),
      timeField: given(values.timeField),
      durationField: given(values.durationField),
      durationUnit: given<DurationUnit>(values.durationUnit),
      methodField: given(values.methodField),
      statusField: given(values.statusField),
      memoryField: given(values.memoryField),
      stamp: given<StampMeaning>(values.stamp),
      zoneMs,
      spanKinds: list(values.spanKind.map((kind) => kind.toLowerCase())),
      paths: { templates: values.pathTemplate, replacesIds: values.replaceIds },
      namesMethod: values.nameMethod,
      methods: list(values.method),
      statuses: list(values.status),
      includePaths: list(values.includePath),
      excludePaths: list(values.excludePath),
      fromMs,
      toMs,
      slotMs: values.slotMs,
      badRows: parseBadRows(values.badLines),
      mostFunctions: values.mostFunctions,
      prometheus: {
        labels: list(values.label),
        ...(urls.length === 0 ? {} : { stepMs: values.stepMs }),
      },
    },
    runtimeMs: values.runtimeMs,
    memoryMib: values.memoryMib,
  };
}

function parseInstant(flag: string, text: string, zoneMs: number): number {
  try {
    return parseTimeStamp(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00` : text, zoneMs)
      .stampMs;
  } catch (error) {
    if (!(error instanceof BadRow)) throw error;
    throw wrongOption(flag, "an instant such as 2026-11-27 or 2026-11-27T08:00Z", text);
  }
}

function parseBadRows(text: string): BadRowLimit {
  const share = /^(\d+(?:\.\d+)?)\s?%$/.exec(text);
  if (share !== null && Number(share[1]) <= 100) return { share: Number(share[1]) / 100 };
  if (/^\d+$/.test(text)) return { count: Number(text) };
  throw wrongOption("--bad-lines", "a share such as 1% or a number of rows", text);
}

function wrongOption(flag: string, expected: string, value: string): LoaderError {
  return new LoaderError("usage", `${flag}: expected ${expected}, got ${JSON.stringify(value)}.`, {
    value,
  });
}
