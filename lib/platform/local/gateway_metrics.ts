import { Counter, Gauge, Registry } from "prom-client";
import type { PoolStatus } from "./function_pool.ts";

/** Labels of a revision, as Knative names them; a function has one revision. */
const REVISION_LABELS = [
  "configuration_name",
  "namespace_name",
  "revision_name",
  "service_name",
] as const;

/** What a gauge shows, by its name. */
type GaugeTable = Record<string, { help: string; value: (status: PoolStatus) => number }>;

/** Gauges of the autoscaler and what each shows; names and helps as in Knative 0.42. */
const GAUGES: GaugeTable = {
  autoscaler_desired_pods: {
    help: "Number of instances that the autoscaler wants",
    value: (status) => status.desired,
  },
  autoscaler_requested_pods: {
    help: "Number of instances asked for",
    value: (status) => status.requested,
  },
  autoscaler_actual_pods: {
    help: "Number of instances that are ready",
    value: (status) => status.actual,
  },
  autoscaler_not_ready_pods: {
    help: "Number of instances that are starting",
    value: (status) => status.notReady,
  },
  autoscaler_pending_pods: {
    help: "Number of instances that wait for capacity",
    value: (status) => status.pending,
  },
  autoscaler_stable_request_concurrency: {
    help: "Average concurrency over the stable window",
    value: (status) => status.decision?.stable ?? 0,
  },
  autoscaler_panic_request_concurrency: {
    help: "Average concurrency over the panic window",
    value: (status) => status.decision?.panic ?? 0,
  },
  autoscaler_panic_mode: {
    help: "1 if the autoscaler is in panic",
    value: (status) => status.decision?.panicking ? 1 : 0,
  },
  autoscaler_excess_burst_capacity: {
    help: "Capacity beyond the load and the target burst",
    value: (status) => status.decision?.excessBurstCapacity ?? 0,
  },
  activator_request_concurrency: {
    help: "Average number of requests in the gateway over the last report",
    value: (status) => status.concurrency,
  },
};

/** The metrics of a gateway in Prometheus' text format. */
export class GatewayMetrics {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: "activator_request_count",
    help: "Number of requests that the gateway has answered",
    labelNames: [...REVISION_LABELS, "response_code", "response_code_class"],
    registers: [this.#registry],
  });

  /**
   * @param statuses the state of every function by its name, asked for at each scrape
   * @param targetConcurrency what the autoscaler aims for per instance
   */
  constructor(statuses: () => Iterable<[name: string, PoolStatus]>, targetConcurrency: number) {
    const all: GaugeTable = {
      ...GAUGES,
      autoscaler_target_concurrency_per_pod: {
        help: "Concurrency aimed for per instance",
        value: () => targetConcurrency,
      },
    };
    for (const [name, { help, value }] of Object.entries(all)) {
      new Gauge({
        name,
        help,
        labelNames: REVISION_LABELS,
        registers: [this.#registry],
        collect() {
          for (const [functionName, status] of statuses()) {
            this.set(revisionLabels(functionName), value(status));
          }
        },
      });
    }
  }

  /** Counts an answered request. */
  countRequest(functionName: string, httpStatus: number): void {
    this.#requests.inc({
      ...revisionLabels(functionName),
      response_code: String(httpStatus),
      response_code_class: `${Math.floor(httpStatus / 100)}xx`,
    });
  }

  /** All metrics as text. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }
}

function revisionLabels(functionName: string): Record<typeof REVISION_LABELS[number], string> {
  return {
    configuration_name: functionName,
    namespace_name: "default",
    revision_name: `${functionName}-00001`,
    service_name: functionName,
  };
}
