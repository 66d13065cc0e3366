import { LoaderError } from "../../base/error.ts";
import { parsePrometheusAnswer, type PrometheusAnswer } from "./prometheus_answer.ts";

/** What is asked of a Prometheus. */
export interface PrometheusQuery {
  /** Its address, such as `http://localhost:9090`, a path behind it included. */
  readonly url: string;
  /** A histogram, summary or counter, such as `http_server_request_duration_seconds`. */
  readonly metric: string;
  /** Matchers of labels, such as `job="shop",code="200"`; empty: none. */
  readonly matchers?: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

/** Prometheus answers for at most 11,000 instants at once (web/api/v1). */
const MOST_POINTS = 11_000;
/** Until it is known how large the answers are. */
const FIRST_POINTS = 100;
const WANTED_BYTES = 8 << 20;

/** What the parts of a histogram or summary are called. */
const PARTS = ["_count", "_sum", "_bucket"];

/**
 * Asks for a range of a metric, in as many pieces as it takes.
 *
 * @param readText GET of a URL
 * @throws LoaderError `input` when there is no answer, or one that is none; `usage` when the range
 *   is empty
 */
export async function queryPrometheus(
  query: PrometheusQuery,
  readText: (url: string) => Promise<string>,
): Promise<PrometheusAnswer[]> {
  const { fromMs, toMs, stepMs } = query;
  if (!(toMs - fromMs >= stepMs)) {
    throw new LoaderError("usage", "The range is shorter than a step; give --from and --to.");
  }
  const answers: PrometheusAnswer[] = [];
  for (const name of namesOf(query.metric)) {
    let points = FIRST_POINTS;
    // Both ends: what came in the last slot is known at its end.
    const last = Math.floor((toMs - fromMs) / stepMs);
    for (let first = 0; first <= last;) {
      const end = Math.min(last, first + points - 1);
      const text = await readText(
        urlOf(query, name, fromMs + first * stepMs, fromMs + end * stepMs),
      );
      answers.push(parsePrometheusAnswer(text, query.url));
      const fitting = Math.floor((end - first + 1) * WANTED_BYTES / text.length);
      first = end + 1;
      points = Math.max(1, Math.min(MOST_POINTS, points * 10, fitting));
    }
  }
  return answers;
}

function namesOf(metric: string): string[] {
  const part = PARTS.find((end) => metric.endsWith(end));
  if (part !== undefined) return PARTS.map((end) => metric.slice(0, -part.length) + end);
  return metric.endsWith("_total") ? [metric] : PARTS.map((end) => metric + end);
}

function urlOf(
  { url, matchers = "", stepMs }: PrometheusQuery,
  name: string,
  startMs: number,
  endMs: number,
): string {
  const selected = /^[a-zA-Z_:][\w:]*$/.test(name) ? "" : `__name__=${JSON.stringify(name)}`;
  const inner = [selected, matchers].filter((text) => text !== "").join(",");
  const promql = `${selected === "" ? name : ""}{${inner}}`;
  const parameters = new URLSearchParams({
    query: promql,
    start: String(startMs / 1000),
    end: String(endMs / 1000),
    step: String(stepMs / 1000),
  });
  return `${url.replace(/\/+$/, "")}/api/v1/query_range?${parameters}`;
}
