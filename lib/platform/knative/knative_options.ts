import { fileURLToPath } from "node:url";
import type { Pacing } from "../../clock/clock.ts";
import { errorMessage, LoaderError } from "../../base/error.ts";
import { type Address, parseAddress } from "../../base/address.ts";
import type { CreateTransport } from "../transport_choice.ts";
import type { DeploymentProgress } from "./deploy/deployer.ts";
import { checkWholeOption } from "../../option/whole_option.ts";

/** What functions request: by the table of memory, or nothing (best effort). */
export const REQUESTS = ["table", "none"] as const;

/** CPU limits: a whole core, Google's by memory, or none. */
export const CPU_LIMITS = ["1vcpu", "gcp", "none"] as const;

/** What the autoscaler goes by. */
export const SCALING_METRICS = ["concurrency", "rps"] as const;

/** The template of the trace function's service. */
export const DEFAULT_TEMPLATE = fileURLToPath(
  new URL("../../../workloads/container/trace_function.yaml", import.meta.url),
);

/** Options of `createKnativePlatform`; see {@linkcode KNATIVE_PLATFORM_DEFAULTS}. */
export interface KnativeOptions {
  readonly createTransport: CreateTransport;
  readonly pacing?: Pacing;
  /** Kubernetes configuration; `null`: as kubectl finds it. */
  readonly kubeconfig?: string | null;
  readonly context?: string | null;
  readonly namespace?: string | null;
  /**
   * Where calls go: `host:port` of the ingress; `url` or `url:port`: to the URL that each
   * service says; `null`: found from the ingress' service.
   */
  readonly gateway?: string | null;
  /** Prometheus that scrapes Knative: a URL, or `namespace/service:port`; `null`: looked for. */
  readonly prometheus?: string | null;
  /** YAML file with the Knative Service of a function. */
  readonly template?: string;
  /** Image of the functions; `null`: the template's. */
  readonly image?: string | null;
  readonly requests?: typeof REQUESTS[number];
  readonly cpuLimit?: typeof CPU_LIMITS[number];
  readonly maxScale?: number;
  readonly scalingMetric?: typeof SCALING_METRICS[number];
  /** Panic only at ten times the load, over the whole stable window. */
  readonly partialPanic?: boolean;
  /** Longest time from when a function is applied until it is ready. */
  readonly deployTimeoutMs?: number;
  /** Longest time that clean-up waits until everything is gone. */
  readonly removeTimeoutMs?: number;
  /** Functions that may be coming up at the same time. */
  readonly deployAtOnce?: number;
  /** Whether functions that do not come up are let go. */
  readonly allowPartial?: boolean;
  /** Put back settings of the cluster that a run which crashed has left, before functions are deployed. */
  readonly recoverSettings?: boolean;
  /** Restart the activator before functions are deployed, so that runs do not inherit its state. */
  readonly restartActivator?: boolean;
  /** Restart Prometheus too, so that it is empty. */
  readonly restartPrometheus?: boolean;
  /** Label of what belongs to this deployment; `null`: made. */
  readonly runId?: string | null;
  readonly scrapeIntervalMs?: number;
  readonly scrapeTimeoutMs?: number;
  readonly onProgress?: (progress: DeploymentProgress) => void;
  /** Something a person should know that stops nothing. */
  readonly onNote?: (sentence: string) => void;
}

/** What options are when they are not given. */
export const KNATIVE_PLATFORM_DEFAULTS = {
  pacing: "precise",
  kubeconfig: null,
  context: null,
  namespace: null,
  gateway: null,
  prometheus: null,
  template: DEFAULT_TEMPLATE,
  image: null,
  requests: "table",
  cpuLimit: "1vcpu",
  maxScale: 200,
  scalingMetric: "concurrency",
  partialPanic: false,
  deployTimeoutMs: 120_000,
  /** Queue-proxy drains half a minute; a pod that hears nothing is killed after 300 s only. */
  removeTimeoutMs: 180_000,
  /** Knative's controller brings up about this many in a second; more only wait inside of it. */
  deployAtOnce: 20,
  allowPartial: false,
  recoverSettings: true,
  restartActivator: true,
  /** What is scraped is asked for its value now, so what Prometheus remembers does no harm. */
  restartPrometheus: false,
  runId: null,
  scrapeIntervalMs: 15_000,
  scrapeTimeoutMs: 15_000,
  onProgress: () => {},
  onNote: () => {},
} as const satisfies Omit<KnativeOptions, "createTransport">;

/** Every option with its value in force. */
export type KnativeSettings = Required<KnativeOptions>;

/**
 * Fills the defaults in and checks what is given.
 *
 * @throws LoaderError `usage` naming the option and the value
 */
export function settleKnativeOptions(options: KnativeOptions): KnativeSettings {
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
  const settings: KnativeSettings = {
    ...KNATIVE_PLATFORM_DEFAULTS,
    ...given as unknown as Pick<KnativeOptions, "createTransport">,
  };
  check(settings, "maxScale", 0, 100_000);
  check(settings, "deployTimeoutMs", 1000, 86_400_000);
  check(settings, "removeTimeoutMs", 1000, 86_400_000);
  check(settings, "deployAtOnce", 1, 1000);
  check(settings, "scrapeIntervalMs", 10, 3_600_000);
  check(settings, "scrapeTimeoutMs", 10, 3_600_000);
  parseGatewayChoice(settings.gateway);
  return settings;
}

/** Where calls go; see `gateway` of {@linkcode KnativeOptions}. */
export type GatewayChoice =
  | { readonly kind: "found" }
  | { readonly kind: "address"; readonly address: Address }
  | { readonly kind: "url"; readonly port: number | null };

/**
 * Parses the value of `--gateway`.
 *
 * @throws LoaderError `usage` quoting it
 *
 * @example
 * ```ts
 * import { parseGatewayChoice } from "./knative_options.ts";
 * const choice = parseGatewayChoice("url:8080");
 * if (choice.kind !== "url" || choice.port !== 8080) throw new Error("misread");
 * ```
 */
export function parseGatewayChoice(text: string | null): GatewayChoice {
  if (text === null) return { kind: "found" };
  const url = /^url(?::(\d{1,5}))?$/.exec(text);
  if (url !== null) return { kind: "url", port: url[1] === undefined ? null : Number(url[1]) };
  try {
    return { kind: "address", address: parseAddress(text) };
  } catch (cause) {
    throw new LoaderError(
      "usage",
      `--gateway: ${errorMessage(cause)} "url" takes the URL of each service, "url:8080" with ` +
        `another port.`,
      { cause },
    );
  }
}

function check(
  settings: KnativeSettings,
  name: keyof KnativeSettings,
  least: number,
  most: number,
): void {
  checkWholeOption("Knative", name, settings[name], least, most);
}
