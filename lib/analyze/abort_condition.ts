import { LoaderError } from "../base/error.ts";
import { formatDuration, parseDurationMs } from "../option/option.ts";
import { RANKED_MEASURES } from "./compare/compared_metric.ts";

/** What is ranked in each second, by its name in conditions; `lag` is the dispatch lag. */
const RANKED = [...Object.keys(RANKED_MEASURES), "lag"];

/** In what a bound is written. */
type BoundUnit = "time" | "share" | "number";

/** What can be watched while a run goes, and the unit of its bound. */
const METRICS: Readonly<Record<string, BoundUnit>> = {
  lag: "time",
  response_time: "time",
  transport_latency: "time",
  slowdown: "number",
  not_ok: "share",
  cold: "share",
  rate: "share",
  in_flight: "number",
};

/** A name of {@linkcode METRICS}. */
export type WatchedMetric =
  | "lag"
  | "response_time"
  | "transport_latency"
  | "slowdown"
  | "not_ok"
  | "cold"
  | "rate"
  | "in_flight";

/** When a run is to end before its time. */
export interface AbortCondition {
  /** As it was written. */
  readonly text: string;
  readonly metric: WatchedMetric;
  /** Of what is ranked; `null`: it is one number a second. */
  readonly quantile: number | null;
  readonly sign: ">" | "<";
  /** In ms where it is a time, in parts where it is a share. */
  readonly bound: number;
  /** For how long it must hold, in whole seconds. */
  readonly forMs: number;
}

/** Without, one second is enough. */
const LEAST_FOR_MS = 1000;

const FORM =
  /^\s*(.+?)\s*([<>])\s*(\d+(?:\.\d+)?)\s*(ms|s|min|h|%)?\s*(?:\s+for\s+(\d+(?:\.\d+)?(?:ms|s|min|h)))?\s*$/;

/**
 * Parses a condition such as `p99 lag > 20ms for 10s`: a metric as `compare --fail-if` has
 * them, with a percentile where it is ranked, a sign, a bound and for how long.
 *
 * @throws LoaderError `usage` when it is none
 *
 * @example
 * ```ts
 * import { parseAbortCondition } from "./abort_condition.ts";
 * const { metric, quantile, bound, forMs } = parseAbortCondition("p99 lag > 20ms for 10s");
 * if (metric !== "lag" || quantile !== 0.99) throw new Error("not the p99 of the lag");
 * if (bound !== 20 || forMs !== 10_000) throw new Error("not read");
 * ```
 */
export function parseAbortCondition(text: string): AbortCondition {
  const [, words, sign, number, unit, span] = FORM.exec(text) ?? [];
  const found = words === undefined ? null : findMetric(words);
  if (found === null) {
    throw refuse(
      text,
      `write a metric, > or <, a bound and how long, such as "p99 lag > 20ms for 10s"; metrics: ${
        Object.keys(METRICS).map((name) => RANKED.includes(name) ? `p99 ${name}` : name).join(", ")
      }`,
    );
  }
  const { metric, quantile } = found;
  const forMs = span === undefined ? LEAST_FOR_MS : parseDurationMs(span);
  if (forMs < LEAST_FOR_MS || forMs % 1000 !== 0) {
    throw refuse(text, `it is looked at once a second, so say for how many, not for ${span}`);
  }
  return {
    text: text.trim(),
    metric,
    quantile,
    sign: sign as ">" | "<",
    bound: parseBound(text, METRICS[metric], number, unit),
    forMs,
  };
}

/** The words of a name in any order, with blanks or underscores between them. */
function findMetric(
  text: string,
): { readonly metric: WatchedMetric; readonly quantile: number | null } | null {
  const words = text.toLowerCase().split(/[\s_]+/);
  const percentiles = words.filter((word) => /^p\d{1,2}(\.\d+)?$|^max$/.test(word));
  const name = words.filter((word) => !percentiles.includes(word)).sort().join(" ");
  const metric = Object.keys(METRICS).find((one) => one.split("_").sort().join(" ") === name);
  if (metric === undefined || percentiles.length !== (RANKED.includes(metric) ? 1 : 0)) return null;
  const [percentile] = percentiles;
  return {
    metric: metric as WatchedMetric,
    quantile: percentile === undefined
      ? null
      : percentile === "max"
      ? 1
      : Number((Number(percentile.slice(1)) / 100).toFixed(9)),
  };
}

function parseBound(text: string, kind: BoundUnit, number: string, unit = ""): number {
  switch (kind) {
    case "time":
      if (unit !== "" && unit !== "%") return parseDurationMs(number + unit);
      throw refuse(text, `its bound is a time, such as ${number}ms`);
    case "share":
      if (unit === "%") return Number(number) / 100;
      throw refuse(text, `its bound is a share, such as ${number}%`);
    case "number":
      if (unit === "") return Number(number);
      throw refuse(text, `its bound is a number without a unit, such as ${number}`);
  }
}

function refuse(text: string, why: string): LoaderError {
  return new LoaderError("usage", `The condition ${JSON.stringify(text)} is not known: ${why}.`, {
    value: text,
  });
}

/** A value of a metric, as its bound is written. */
export function formatWatched({ metric }: Pick<AbortCondition, "metric">, value: number): string {
  if (value === Infinity) return "infinite";
  switch (METRICS[metric]) {
    case "time":
      return formatDuration(Number(value.toPrecision(3)));
    case "share":
      return `${Number((100 * value).toPrecision(3))} %`;
    default:
      return String(Number(value.toPrecision(3)));
  }
}
