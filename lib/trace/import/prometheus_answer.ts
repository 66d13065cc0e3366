import { z } from "zod";
import { LoaderError } from "../../base/error.ts";

/** A series of the answer to a range query. */
export interface PrometheusRangeSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** Instants, in ms since 1970 UTC, ascending. */
  readonly timesMs: Float64Array;
  /** The value at each. */
  readonly values: Float64Array;
}

/** The answer to a range query. */
export type PrometheusAnswer = readonly PrometheusRangeSeries[];

/** Prometheus' documentation, "HTTP API", range queries. */
const ANSWER = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("success"),
    data: z.object({
      resultType: z.string(),
      result: z.array(z.object({
        metric: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.number(), z.string()])).optional(),
        histograms: z.array(z.unknown()).optional(),
      })),
    }),
  }),
  z.object({ status: z.literal("error"), error: z.string() }),
]);

/**
 * Parses the answer to a range query.
 *
 * @param place the file or server, for messages
 * @throws LoaderError `input` when it is none
 */
export function parsePrometheusAnswer(text: string, place: string): PrometheusAnswer {
  const answer = ANSWER.safeParse(parseJson(text));
  const refuse = (sentence: string) => new LoaderError("input", sentence, { file: place });
  if (!answer.success) {
    throw refuse(
      "Expected the answer of Prometheus to a range query (/api/v1/query_range), got " +
        `${JSON.stringify(text.slice(0, 60))}.`,
    );
  }
  if (answer.data.status === "error") throw refuse(`Prometheus says: ${answer.data.error}.`);
  const { resultType, result } = answer.data.data;
  if (resultType !== "matrix") {
    throw refuse(
      `The answer is a ${resultType}, not the matrix of a range query; ask /api/v1/query_range.`,
    );
  }
  return result.map(({ metric, values = [], histograms = [] }) => {
    if (histograms.length > 0) {
      throw refuse(
        "The series is a native histogram; ask for its classic buckets, or for " +
          "histogram_count(…) and histogram_sum(…).",
      );
    }
    return {
      labels: metric,
      timesMs: Float64Array.from(values, ([timeS]) => Math.round(timeS * 1000)),
      values: Float64Array.from(values, ([, value]) => parseValue(value)),
    };
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function parseValue(text: string): number {
  if (text === "+Inf") return Infinity;
  return text === "-Inf" ? -Infinity : Number(text);
}
