import { z } from "zod";
import { LoaderError } from "../base/error.ts";
import { readHttpText } from "./http_text.ts";

/** A series of the answer to an instant query. */
export interface PrometheusSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A Prometheus that answers instant queries. */
export interface PrometheusApi {
  /** Where it is, for people. */
  readonly place: string;
  /**
   * Evaluates a query now. Series without a value (NaN, as of a quantile of nothing) are left out.
   *
   * @throws LoaderError `platform` when there is no answer, or one that is none
   */
  query(promql: string, signal: AbortSignal): Promise<readonly PrometheusSeries[]>;
}

/**
 * A Prometheus by its own URL, asked straight: the clients in the registry bring an
 * HTTP library of their own for the one request that is needed here.
 *
 * @param url such as `http://prometheus.monitoring:9090`, a path behind it included
 * @throws LoaderError `usage` when it is no HTTP URL
 */
export function createPrometheusApi(url: string): PrometheusApi {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new LoaderError(
      "usage",
      `Expected an HTTP address of Prometheus, such as http://localhost:9090, got "${url}".`,
      { value: url },
    );
  }
  const place = url.replace(/\/+$/, "");
  return {
    place,
    query: (promql, signal) =>
      ask(place, promql, async (path) => (await readHttpText(place + path, signal)).text),
  };
}

/** A service of a cluster. */
export interface ServicePlace {
  readonly namespace: string;
  readonly service: string;
  /** Number or name of its port. */
  readonly port: string;
}

/**
 * Parses the place of a Prometheus inside a cluster.
 *
 * @throws LoaderError `usage` when it is none
 *
 * @example
 * ```ts
 * import { parseServicePlace } from "./prometheus_api.ts";
 * const { service } = parseServicePlace("monitoring/prometheus-operated:9090");
 * if (service !== "prometheus-operated") throw new Error(service);
 * ```
 */
export function parseServicePlace(text: string): ServicePlace {
  const match = /^([a-z0-9-]+)\/([a-z0-9-]+):([a-z0-9-]+)$/.exec(text);
  if (match === null) {
    throw new LoaderError(
      "usage",
      `Expected a service as NAMESPACE/NAME:PORT, such as monitoring/prometheus-operated:9090, ` +
        `got "${text}".`,
      { value: text },
    );
  }
  const [, namespace, service, port] = match;
  return { namespace, service, port };
}

/**
 * A Prometheus inside a cluster, through the API server's proxy of its service:
 * nothing has to be forwarded. It takes the right to `get` `services/proxy`.
 *
 * @param readText GET of a path of the API server
 */
export function createProxiedPrometheusApi(
  { namespace, service, port }: ServicePlace,
  readText: (path: string, signal: AbortSignal) => Promise<string>,
): PrometheusApi {
  const place = `${namespace}/${service}:${port}`;
  const proxy = `/api/v1/namespaces/${namespace}/services/${service}:${port}/proxy`;
  return {
    place,
    query: (promql, signal) => ask(place, promql, (path) => readText(proxy + path, signal)),
  };
}

/** Prometheus' documentation, "HTTP API", instant queries. */
const ANSWER = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("success"),
    data: z.object({
      resultType: z.literal("vector"),
      result: z.array(z.object({
        metric: z.record(z.string(), z.string()),
        value: z.tuple([z.number(), z.string()]),
      })),
    }),
  }),
  z.object({ status: z.literal("error"), error: z.string() }),
]);

async function ask(
  place: string,
  promql: string,
  readText: (path: string) => Promise<string>,
): Promise<readonly PrometheusSeries[]> {
  let text: string;
  try {
    text = await readText(`/api/v1/query?query=${encodeURIComponent(promql)}`);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LoaderError("platform", `Prometheus at ${place} does not answer (${why}).`, {
      cause,
    });
  }
  const answer = ANSWER.safeParse(parseJson(text));
  if (!answer.success) {
    throw new LoaderError(
      "platform",
      `What answers at ${place} is no Prometheus; it says ${JSON.stringify(text.slice(0, 80))}.`,
    );
  }
  if (answer.data.status === "error") {
    throw new LoaderError("platform", `Prometheus at ${place} says: ${answer.data.error}.`);
  }
  return answer.data.data.result
    .map(({ metric, value }) => ({ labels: metric, value: parseValue(value[1]) }))
    .filter(({ value }) => !Number.isNaN(value));
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
