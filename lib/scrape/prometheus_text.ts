import { LoaderError } from "../base/error.ts";
import { readHttpText } from "./http_text.ts";
import type { ScrapedRow, Scraper } from "../model/platform.ts";
import type { Cell } from "../model/table.ts";
import { PLATFORM_METRICS, SCALES } from "../store/schema/tables.ts";

/** One sample of a metric. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * Parses Prometheus' text exposition format (version 0.0.4): the samples in
 * order; comments, types and time stamps are skipped. Our own 40 lines,
 * because the parser in the registry (`parse-prometheus-text-format`) has not
 * been kept up for years and returns every value as a text.
 *
 * @throws LoaderError `platform` naming the line that is no sample
 *
 * @example
 * ```ts
 * import { parsePrometheusText } from "./prometheus_text.ts";
 * const [sample] = parsePrometheusText('# TYPE a gauge\na{b="c"} 1.5\n');
 * if (sample.labels.b !== "c" || sample.value !== 1.5) throw new Error("not parsed");
 * ```
 */
export function parsePrometheusText(text: string): MetricSample[] {
  const samples: MetricSample[] = [];
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i].trim();
    if (line === "" || line.startsWith("#")) continue;
    const sample = parseSample(line);
    if (sample === null) {
      throw new LoaderError(
        "platform",
        `Expected a metric sample in line ${i + 1} of the metrics, got "${line}".`,
        { value: line },
      );
    }
    samples.push(sample);
  }
  return samples;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|(?=\}))/y;
const VALUE = /^\s*([^\s]+)(?:\s+-?\d+)?$/;

function parseSample(line: string): MetricSample | null {
  const name = NAME.exec(line)?.[0];
  if (name === undefined) return null;
  const labels: Record<string, string> = {};
  let end = name.length;
  while (line[end] === " ") end++;
  if (line[end] === "{") {
    LABEL.lastIndex = end + 1;
    for (let match = LABEL.exec(line); match !== null; match = LABEL.exec(line)) {
      labels[match[1]] = unescapeLabel(match[2]);
      end = LABEL.lastIndex - 1;
    }
    const close = line.indexOf("}", end);
    if (close === -1 || line.slice(end + 1, close).trim() !== "") return null;
    end = close + 1;
  }
  const word = VALUE.exec(line.slice(end))?.[1];
  const value = word === undefined ? null : parseValue(word);
  return value === null ? null : { name, labels, value };
}

function parseValue(word: string): number | null {
  if (/^[+-]?inf$/i.test(word)) return word.startsWith("-") ? -Infinity : Infinity;
  if (/^nan$/i.test(word)) return NaN;
  const value = Number(word);
  return Number.isNaN(value) ? null : value;
}

function unescapeLabel(text: string): string {
  return text.replace(/\\(.)/g, (_, character) => character === "n" ? "\n" : character);
}

/** Columns of {@linkcode PLATFORM_METRICS} and the metrics that they come from. */
const COLUMN_SOURCES: Readonly<Record<string, { metric: string; over: "sum" | "average" }>> = {
  desired_instances: { metric: "autoscaler_desired_pods", over: "sum" },
  requested_instances: { metric: "autoscaler_requested_pods", over: "sum" },
  actual_instances: { metric: "autoscaler_actual_pods", over: "sum" },
  not_ready_instances: { metric: "autoscaler_not_ready_pods", over: "sum" },
  pending_instances: { metric: "autoscaler_pending_pods", over: "sum" },
  stable_concurrency: { metric: "autoscaler_stable_request_concurrency", over: "average" },
  panic_concurrency: { metric: "autoscaler_panic_request_concurrency", over: "average" },
  activator_concurrency: { metric: "activator_request_concurrency", over: "average" },
  activator_requests: { metric: "activator_request_count", over: "sum" },
};

/** Columns after the time, which the loop adds. */
const METRIC_COLUMNS = PLATFORM_METRICS.columns.slice(1);

/**
 * A row of {@linkcode PLATFORM_METRICS} and a row of {@linkcode SCALES} for
 * each function from Knative's metrics. A metric that is not there is `null`;
 * a counter without samples has counted nothing.
 *
 * @param functionIds the key of each function by its name as deployed (`configuration_name`)
 */
export function derivePlatformRows(
  samples: readonly MetricSample[],
  functionIds: ReadonlyMap<string, string>,
): ScrapedRow[] {
  const cells = METRIC_COLUMNS.map(({ name }): Cell => {
    const source = COLUMN_SOURCES[name];
    if (source === undefined) return null;
    const values = samples.filter((sample) => sample.name === source.metric);
    if (values.length === 0) return name === "activator_requests" && samples.length > 0 ? 0 : null;
    const sum = values.reduce((total, { value }) => total + value, 0);
    return source.over === "sum" ? sum : sum / values.length;
  });
  const desired = byFunction(samples, "autoscaler_desired_pods");
  const actual = byFunction(samples, "autoscaler_actual_pods");
  const scales = [...functionIds].map(([name, functionId]): ScrapedRow => ({
    table: SCALES,
    cells: [functionId, desired.get(name) ?? null, actual.get(name) ?? null],
  }));
  return [{ table: PLATFORM_METRICS, cells }, ...scales];
}

function byFunction(samples: readonly MetricSample[], metric: string): Map<string, number> {
  return new Map(
    samples.filter(({ name }) => name === metric)
      .map(({ labels, value }) => [labels.configuration_name, value]),
  );
}

/** Options of {@linkcode createPrometheusTextScraper}. */
export interface PrometheusTextOptions {
  readonly url: () => string;
  /** See {@linkcode derivePlatformRows}. */
  readonly functionIds: ReadonlyMap<string, string>;
  readonly everyMs: number;
  readonly timeoutMs: number;
}

/** Scrapes a page of metrics in Prometheus' text format, such as the local gateway's. */
export function createPrometheusTextScraper(options: PrometheusTextOptions): Scraper {
  const { url, functionIds, everyMs, timeoutMs } = options;
  return {
    name: "platform metrics",
    tables: [PLATFORM_METRICS, SCALES],
    everyMs,
    timeoutMs,
    async scrape(signal) {
      const { status, text } = await readHttpText(url(), signal);
      if (status !== 200) {
        throw new LoaderError("platform", `${url()} answered with status ${status}.`);
      }
      return derivePlatformRows(parsePrometheusText(text), functionIds);
    },
    gap: () => derivePlatformRows([], functionIds),
  };
}
