import type { Column, Table } from "../../model/table.ts";

const TIME_COLUMN = {
  name: "time_ms",
  type: "number",
  unit: "ms",
  meaning: "when it was observed, since run start (negative: before it)",
} as const satisfies Column;

/** A number of any size. */
const EXACT = { type: "number", isExact: true } as const;

/** Of an experiment without runs: what its figures show. Beside its manifest. */
export const DERIVED = {
  name: "derived",
  meaning: "points of the curves of an experiment that makes no runs",
  columns: [
    { name: "figure", type: "text", meaning: "the figure that it is part of" },
    { name: "series", type: "text", meaning: "the curve: a method, or the trace" },
    { ...EXACT, name: "x", meaning: "as the figure's axis says" },
    { ...EXACT, name: "y", meaning: "as the figure's axis says" },
    { ...EXACT, name: "low", meaning: "lower end of its interval; empty without one" },
    { ...EXACT, name: "high", meaning: "upper end of its interval; empty without one" },
  ],
} as const satisfies Table;

/** One row for every scheduled invocation. */
export const INVOCATIONS = {
  name: "invocations",
  meaning: "one row for every scheduled invocation, in the order in which they ended",
  columns: [
    { name: "index", type: "integer", meaning: "position in the schedule, from 0" },
    { name: "function_id", type: "text", meaning: "owner/app/function as in the trace" },
    { name: "phase", type: "text", meaning: "warmup or measurement" },
    {
      name: "scheduled_ms",
      type: "number",
      unit: "ms",
      meaning: "when it was due, since run start",
    },
    {
      name: "dispatched_ms",
      type: "number",
      unit: "ms",
      meaning: "when its first bytes went to the socket; empty if never",
    },
    {
      name: "completed_ms",
      type: "number",
      unit: "ms",
      meaning: "when its reply or failure was seen; empty if never sent",
    },
    { name: "requested_runtime_ms", type: "integer", unit: "ms", meaning: "runtime asked for" },
    {
      name: "served_runtime_ms",
      type: "number",
      unit: "ms",
      meaning: "runtime that the function reports; empty without a reply",
    },
    { name: "requested_memory_mib", type: "integer", unit: "MiB", meaning: "memory asked for" },
    {
      name: "served_memory_mib",
      type: "number",
      unit: "MiB",
      meaning: "memory that the function reports; empty without a reply",
    },
    { name: "instance", type: "text", meaning: "the instance that served it; empty if unknown" },
    {
      name: "cold_start",
      type: "boolean",
      meaning: "first served by an instance that became ready after the dispatch; empty if unknown",
    },
    {
      name: "outcome",
      type: "text",
      meaning: "ok, dropped, unsent, connect_failed, timed_out, rejected, failed or cancelled",
    },
    { name: "status_code", type: "integer", meaning: "gRPC status code; empty if there was none" },
    {
      name: "set_up_ms",
      type: "number",
      unit: "ms",
      meaning: "of the wait before its dispatch: making the connection that carried it; empty if " +
        "it waited for none",
      optional: true,
    },
    {
      name: "peer_wait_ms",
      type: "number",
      unit: "ms",
      meaning: "of the wait before its dispatch, or until it was given up unsent: what passed " +
        "while the peer refused, had closed, was away or allowed no more calls; empty if nothing",
      optional: true,
    },
    {
      name: "status_message",
      type: "text",
      meaning: "where it is not ok, what the peer said with its status, or what ended it: HTTP " +
        "status and first words, error code of the reset, why the connection was lost or could " +
        "not be had; empty if nobody said anything",
      optional: true,
    },
    {
      name: "trace_id",
      type: "text",
      meaning: "the trace that has its span, 32 hexadecimal digits (--trace-share); empty if it " +
        "is not traced",
      optional: true,
    },
  ],
} as const satisfies Table;

/** What the generator itself did, second by second. */
export const GENERATOR = {
  name: "generator",
  meaning: "what the load generator did in each second; the evidence of the verdict",
  columns: [
    { name: "time_ms", type: "number", unit: "ms", meaning: "end of the second, since run start" },
    { name: "scheduled", type: "integer", meaning: "invocations due in the second", merge: "sum" },
    {
      name: "dispatched",
      type: "integer",
      meaning: "invocations dispatched in the second",
      merge: "sum",
    },
    {
      name: "completed",
      type: "integer",
      meaning: "invocations that ended in the second",
      merge: "sum",
    },
    {
      name: "dropped",
      type: "integer",
      meaning: "invocations dropped at the in-flight cap",
      merge: "sum",
    },
    {
      name: "in_flight",
      type: "integer",
      meaning: "invocations in flight at its end",
      merge: "level",
    },
    {
      name: "requested_memory_mib",
      type: "integer",
      unit: "MiB",
      meaning: "memory requested by the invocations in flight at its end",
      merge: "level",
    },
    {
      name: "dispatch_lag_max_ms",
      type: "number",
      unit: "ms",
      meaning:
        "largest dispatch lag of the second (dispatched − scheduled − set-up − waiting for " +
        "the peer); empty without a dispatch",
    },
    {
      name: "loop_delay_max_ms",
      type: "number",
      unit: "ms",
      meaning: "largest delay of the event loop, probed every 20 ms",
    },
    {
      name: "cpu_percent",
      type: "number",
      unit: "% of a core",
      meaning: "CPU time of the loader process, waiting excluded",
    },
    {
      name: "waiting_percent",
      type: "number",
      unit: "% of a core",
      meaning: "CPU time that waiting for due times used beside it",
    },
    {
      name: "phase",
      type: "text",
      meaning: "warmup, measurement (what the verdict judges) or drain: of the second's middle",
      optional: true,
    },
    {
      name: "unsent",
      type: "integer",
      meaning: "invocations given up in the second that were never sent (unsent, connect_failed)",
      optional: true,
      merge: "sum",
    },
    {
      name: "peer_waits",
      type: "integer",
      meaning: "invocations sent or given up in the second that had waited for the platform for " +
        "longer than the limit of the lag",
      optional: true,
      merge: "sum",
    },
    {
      name: "peer_wait_max_ms",
      type: "number",
      unit: "ms",
      meaning: "the longest of these waits; empty without one",
      optional: true,
    },
    {
      name: "stolen_percent",
      type: "number",
      unit: "% of all cores",
      meaning: "CPU that the hypervisor gave to others; this and what follows: empty if unknown",
      optional: true,
    },
    {
      name: "throttled_ms",
      type: "number",
      unit: "ms",
      meaning: "time for which the loader's container was held back at its CPU limit",
      optional: true,
    },
    {
      name: "thread_wait_ms",
      type: "number",
      unit: "ms",
      meaning: "time for which the loader's main thread was ready to run and had no core",
      optional: true,
    },
    {
      name: "cpu_pressure_percent",
      type: "number",
      unit: "%",
      meaning: "share of time in which some program waited for a core (PSI; of the container " +
        "where it tells its own)",
      optional: true,
    },
    {
      name: "memory_pressure_percent",
      type: "number",
      unit: "%",
      meaning: "share of time in which some program waited for memory (PSI; likewise)",
      optional: true,
    },
    {
      name: "memory_limit_hits",
      type: "number",
      meaning: "how often the loader's container met its limit of memory",
      optional: true,
    },
    {
      name: "major_faults",
      type: "number",
      meaning: "pages that the loader read from a disk",
      optional: true,
    },
    {
      name: "cpu_periods",
      type: "number",
      meaning: "periods of its container's CPU limit (100 ms mostly) in which the loader wanted " +
        "to run",
      optional: true,
    },
    {
      name: "throttled_periods",
      type: "number",
      meaning: "of these, periods in which it was held back",
      optional: true,
    },
  ],
} as const satisfies Table;

/** Beginnings and ends of instances. */
export const INSTANCES = {
  name: "instances",
  meaning: "every step in the life of every instance",
  columns: [
    TIME_COLUMN,
    { name: "function_id", type: "text", meaning: "owner/app/function as in the trace" },
    { name: "instance", type: "text", meaning: "name of the instance" },
    {
      name: "event",
      type: "text",
      meaning: "created, scheduled (has a node), prepared (its sandbox is there), pulling and " +
        "pulled (images that the node lacked), started (all containers), ready, stopping or " +
        "gone; platforms tell those that they know",
    },
    { name: "detail", type: "text", meaning: "why it is gone, where it was not asked to" },
    {
      name: "platform_ms",
      type: "number",
      unit: "ms",
      meaning: "the same by the platform's own clock, in whole seconds where it is Kubernetes; " +
        "empty where it does not tell",
      optional: true,
    },
  ],
} as const satisfies Table;

/** What starts of instances took, part by part; derived from other tables when a run is over. */
export const COLD_START_PARTS = {
  name: "cold_start_parts",
  meaning: "what every start of an instance took, part by part, and the cold invocation that " +
    "waited for it; derived from instances and invocations with the report",
  columns: [
    { name: "function_id", type: "text", meaning: "owner/app/function as in the trace" },
    { name: "instance", type: "text", meaning: "name of the instance" },
    {
      name: "created_ms",
      type: "number",
      unit: "ms",
      meaning: "when it was created, since run start",
    },
    {
      name: "ready_ms",
      type: "number",
      unit: "ms",
      meaning: "when it was ready, since run start; empty if never",
    },
    { name: "start_ms", type: "number", unit: "ms", meaning: "from its creation until ready" },
    {
      name: "scheduling_ms",
      type: "number",
      unit: "ms",
      meaning: "part of it: until it had a node",
    },
    {
      name: "sandbox_ms",
      type: "number",
      unit: "ms",
      meaning: "part of it: then until its sandbox was there",
    },
    {
      name: "image_ms",
      type: "number",
      unit: "ms",
      meaning: "part of it: then pulling images that the node lacked",
    },
    {
      name: "containers_ms",
      type: "number",
      unit: "ms",
      meaning: "part of it: then until all containers were started, pulling apart",
    },
    {
      name: "readiness_ms",
      type: "number",
      unit: "ms",
      meaning: "part of it: from the start of its containers until it was ready",
    },
    {
      name: "unexplained_ms",
      type: "number",
      unit: "ms",
      meaning: "the rest of it, which no event explains",
    },
    {
      name: "platform_start_ms",
      type: "number",
      unit: "ms",
      meaning: "from its creation until ready by the platform's own clock",
    },
    {
      name: "held_up_ms",
      type: "number",
      unit: "ms",
      meaning: "how much longer than two seconds the news of ready took, by the platform's own " +
        "clock; above 0 the node was overloaded and the parts are too long",
    },
    {
      name: "cold_invocation",
      type: "integer",
      meaning: "index of the cold invocation that it served; empty if it served none",
    },
    {
      name: "before_start_ms",
      type: "number",
      unit: "ms",
      meaning: "what that waited from its dispatch until the instance was created",
    },
    {
      name: "during_start_ms",
      type: "number",
      unit: "ms",
      meaning: "what that waited from then on until the instance was ready",
    },
    {
      name: "after_start_ms",
      type: "number",
      unit: "ms",
      meaning: "the rest of its response time less the served runtime: the way there and back, " +
        "and what no event explains; negative where it was served before the news of ready came",
    },
  ],
} as const satisfies Table;

/** Use of the nodes of a cluster. */
export const NODES = {
  name: "nodes",
  meaning: "CPU and memory of the nodes of a cluster, averages over the platform's own window of " +
    "some seconds, one row a scrape and node",
  columns: [
    TIME_COLUMN,
    { name: "node", type: "text", meaning: "name of the node" },
    { name: "is_control_plane", type: "boolean", meaning: "whether it is the control plane's" },
    { name: "has_loader", type: "boolean", meaning: "whether the loader runs on it as well" },
    { name: "cpu_milli", type: "number", unit: "milli-cores", meaning: "CPU in use" },
    { name: "memory_mib", type: "number", unit: "MiB", meaning: "memory in use" },
    {
      name: "allocatable_cpu_milli",
      type: "number",
      unit: "milli-cores",
      meaning: "CPU that there is for pods",
    },
    {
      name: "allocatable_memory_mib",
      type: "number",
      unit: "MiB",
      meaning: "memory that there is for pods",
    },
    { name: "scrape_ms", type: "number", unit: "ms", meaning: "what the scrape itself took" },
  ],
} as const satisfies Table;

/** The platform's own metrics, summed over functions. */
export const PLATFORM_METRICS = {
  name: "platform_metrics",
  meaning: "what the platform says of itself, one row a scrape; all empty where a scrape failed",
  columns: [
    TIME_COLUMN,
    {
      name: "desired_instances",
      type: "integer",
      meaning: "instances the autoscaler wants",
      merge: "sum",
    },
    {
      name: "requested_instances",
      type: "integer",
      meaning: "instances asked of the platform",
      merge: "sum",
    },
    {
      name: "actual_instances",
      type: "integer",
      meaning: "instances that are ready",
      merge: "sum",
    },
    {
      name: "not_ready_instances",
      type: "integer",
      meaning: "instances that are not ready",
      merge: "sum",
    },
    {
      name: "pending_instances",
      type: "integer",
      meaning: "instances without a place to run",
      merge: "sum",
    },
    {
      name: "stable_concurrency",
      type: "number",
      meaning: "observed concurrency over the stable window, average over functions",
      merge: "mean",
    },
    {
      name: "panic_concurrency",
      type: "number",
      meaning: "observed concurrency over the panic window, average over functions",
      merge: "mean",
    },
    {
      name: "activator_concurrency",
      type: "number",
      meaning: "requests at the activator (gateway), average over functions",
      merge: "mean",
    },
    {
      name: "activator_requests",
      type: "integer",
      meaning: "requests that the activator (gateway) has answered since it started",
      merge: "sum",
    },
    { name: "scheduling_p50_ms", type: "number", unit: "ms", meaning: "scheduling, median" },
    { name: "scheduling_p99_ms", type: "number", unit: "ms", meaning: "scheduling, p99" },
    {
      name: "placement_p50_ms",
      type: "number",
      unit: "ms",
      meaning: "from a pod's creation to its placement, median",
    },
    {
      name: "placement_p99_ms",
      type: "number",
      unit: "ms",
      meaning: "from a pod's creation to its placement, p99",
    },
    { name: "scrape_ms", type: "number", unit: "ms", meaning: "what the scrape itself took" },
  ],
} as const satisfies Table;

/** Desired and actual scale of each function. */
export const SCALES = {
  name: "scales",
  meaning: "desired and actual scale of each function, one row a scrape and function",
  columns: [
    TIME_COLUMN,
    { name: "function_id", type: "text", meaning: "owner/app/function as in the trace" },
    { name: "desired_scale", type: "integer", meaning: "instances the autoscaler wants" },
    { name: "actual_scale", type: "integer", meaning: "instances that are ready" },
  ],
} as const satisfies Table;

/** CPU and memory of the processes of a run. */
export const PROCESSES = {
  name: "processes",
  meaning: "CPU and memory of the processes of a run, one row a scrape and group",
  columns: [
    TIME_COLUMN,
    { name: "group", type: "text", meaning: "loader, gateway, instances or system" },
    {
      name: "processes",
      type: "integer",
      meaning: "number of processes in the group (on a cluster: of containers)",
    },
    { name: "cpu_percent", type: "number", unit: "% of a core", meaning: "CPU, whole group" },
    { name: "memory_mib", type: "number", unit: "MiB", meaning: "resident memory, whole group" },
    { name: "scrape_ms", type: "number", unit: "ms", meaning: "what the scrape itself took" },
  ],
} as const satisfies Table;

/** What the autoscaler was told and what it decided. */
export const AUTOSCALER = {
  name: "autoscaler",
  meaning: "every step of the autoscaler: what it was told and what it decided, by function; " +
    "enough to make its decisions again",
  columns: [
    TIME_COLUMN,
    {
      name: "autoscaler_ms",
      type: "number",
      unit: "ms",
      meaning: "the same on the autoscaler's own clock, by which its windows are divided",
    },
    { name: "function_id", type: "text", meaning: "owner/app/function as in the trace" },
    {
      name: "step",
      type: "text",
      meaning: "report (of the last second), tick (a decision when it is due), arrival (of a " +
        "request after a report of zero: it counts as 1 until the next report) or poke (the same " +
        "while nothing was wanted, which is decided on at once)",
    },
    {
      name: "concurrency_milli",
      type: "number",
      unit: "thousandths",
      meaning: "report: average concurrency that was told",
    },
    { name: "ready_instances", type: "integer", meaning: "decision: instances that are ready" },
    {
      name: "stable_milli",
      type: "number",
      unit: "thousandths",
      meaning: "decision: average concurrency over the stable window",
    },
    {
      name: "panic_milli",
      type: "number",
      unit: "thousandths",
      meaning: "decision: average concurrency over the panic window",
    },
    { name: "panicking", type: "boolean", meaning: "decision: whether it was made in panic" },
    { name: "desired_instances", type: "integer", meaning: "decision: instances wanted" },
  ],
} as const satisfies Table;

/** Connections to what serves the functions, and how they ended. */
export const CONNECTIONS = {
  name: "connections",
  meaning: "every connection of the loader, and every attempt to make one, in the order in which " +
    "they ended; of many alike some rows are for several (connections); no rows where " +
    "connections cannot be seen (the simulator, --transport grpc-js)",
  columns: [
    {
      name: "opened_ms",
      type: "number",
      unit: "ms",
      meaning: "when it was begun, since run start (negative: before it); of several: the first",
    },
    {
      name: "ready_ms",
      type: "number",
      unit: "ms",
      meaning: "when it could be used; empty if never, and for several",
    },
    {
      name: "ended_ms",
      type: "number",
      unit: "ms",
      meaning: "when it ended, or the attempt failed; of several: the last",
    },
    { name: "address", type: "text", meaning: "host:port; empty for several of different ones" },
    { name: "connections", type: "integer", meaning: "1, or how many ended alike" },
    {
      name: "ended_by",
      type: "text",
      meaning: "peer, loader, or network (nobody said anything, or no answer came)",
    },
    {
      name: "code",
      type: "text",
      meaning: "error code of HTTP/2 that was said at its end, such as NO_ERROR or " +
        "ENHANCE_YOUR_CALM; empty if none was",
    },
    {
      name: "detail",
      type: "text",
      meaning: "the words of the peer's GOAWAY, else why it ended or did not come about; empty " +
        "where the loader closed what it needed no more",
    },
    { name: "requests", type: "integer", meaning: "requests that were made on it" },
    { name: "resets_sent", type: "integer", meaning: "requests that the loader reset" },
    { name: "resets_received", type: "integer", meaning: "requests that the peer reset" },
    { name: "calls_lost", type: "integer", meaning: "calls that were out when it ended" },
  ],
} as const satisfies Table;

/** All result tables that a run writes. */
export const TABLES: readonly Table[] = [
  INVOCATIONS,
  GENERATOR,
  INSTANCES,
  PLATFORM_METRICS,
  SCALES,
  AUTOSCALER,
  PROCESSES,
  NODES,
  CONNECTIONS,
];
