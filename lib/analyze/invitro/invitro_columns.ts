import type { Column, Table } from "../../model/table.ts";

const PHASE: Column = { name: "phase", type: "integer", meaning: "1 warm-up, 2 measurement" };
const RPS: Column = {
  name: "rps",
  type: "number",
  unit: "1/s",
  meaning: "rate of the run: what it was asked for, or else the mean of its plan",
};

/** A column that In-Vitro filled from the cluster's nodes. */
function nodeColumn(name: string, meaning: string): Column {
  return { name, type: "number", unit: "%", meaning };
}

/** A column of the last scrape of the platform at or before the dispatch. */
function scrapeColumn(name: string, meaning: string, unit?: string): Column {
  return { name, type: "number", unit, meaning: `${meaning}, at the last scrape before it` };
}

/** One row for every scheduled invocation, as In-Vitro wrote it. */
export const INVITRO_INVOCATIONS: Table = {
  name: "compat_invocations",
  meaning: "one row for every scheduled invocation, in order of schedule; unknown is empty",
  columns: [
    PHASE,
    RPS,
    {
      name: "timestamp",
      type: "integer",
      unit: "µs",
      meaning: "when it was due, since 1970; response_time counts from here",
    },
    {
      name: "response_time",
      type: "integer",
      unit: "µs",
      meaning: "from when it was due to its reply or failure; empty if never sent or cancelled",
    },
    { name: "requested_duration", type: "integer", unit: "µs", meaning: "runtime asked for" },
    {
      name: "actual_duration",
      type: "integer",
      unit: "µs",
      meaning: "runtime that the function reports; empty without a reply",
    },
    {
      name: "memory",
      type: "integer",
      unit: "KiB",
      meaning: "memory that the function reports; empty without a reply",
    },
    { name: "timeout", type: "boolean", meaning: "outcome timed_out; empty if cancelled" },
    {
      name: "failed",
      type: "boolean",
      meaning: "any other outcome than ok and timed_out; never true beside timeout; empty if " +
        "the user cancelled it",
    },
    {
      name: "mem_load",
      type: "number",
      unit: "MiB",
      meaning: "memory requested by the invocations in flight, at the last full second before it",
    },
    {
      name: "interval",
      type: "integer",
      unit: "µs",
      meaning: "from when the previous invocation of the run was due; empty for the first",
    },
    nodeColumn("master_cpu", "CPU of the control-plane node; empty where nodes are not scraped"),
    nodeColumn("master_mem", "memory of the control-plane node; empty likewise"),
    nodeColumn("worker_cpu_avg", "CPU of the workers, average; empty likewise"),
    nodeColumn("worker_cpu_max", "CPU of the workers, maximum; empty likewise"),
    nodeColumn(
      "worker_cpu_active_avg",
      "CPU of the workers with at least 5 %, average; empty likewise",
    ),
    nodeColumn("worker_mem", "memory of the workers, average; empty likewise"),
    scrapeColumn("desired_pods", "instances that the autoscaler wants"),
    scrapeColumn("unready_pods", "instances that are not ready"),
    scrapeColumn("pending_pods", "instances without a place to run"),
    scrapeColumn("requested_pods", "instances asked of the platform"),
    scrapeColumn("running_pods", "instances that are ready"),
    scrapeColumn("activator_queue", "requests at the activator, average over functions"),
    scrapeColumn("activator_request_count", "requests that the activator has answered"),
    scrapeColumn("autoscaler_stable_queue", "concurrency over the stable window, average"),
    scrapeColumn("autoscaler_panic_queue", "concurrency over the panic window, average"),
    scrapeColumn("scheduling_p99", "scheduling, p99", "s"),
    scrapeColumn("scheduling_p50", "scheduling, median", "s"),
    scrapeColumn("e2e_placement_p99", "from a pod's creation to its placement, p99", "s"),
    scrapeColumn("e2e_placement_p50", "from a pod's creation to its placement, median", "s"),
    {
      name: "coldstart_count",
      type: "integer",
      meaning:
        "changes of a function's actual scale from 0 to more, seen from run start to the dispatch",
    },
  ],
};

/** One row for every minute of a run and phase in it, as In-Vitro wrote it. */
export const INVITRO_MINUTES: Table = {
  name: "compat_minutes",
  meaning: "one row for every minute of the schedule, two where the phase changes within",
  columns: [
    PHASE,
    RPS,
    { name: "index", type: "integer", meaning: "minute since run start, from 0" },
    {
      name: "duration",
      type: "integer",
      unit: "µs",
      meaning: "how much of the minute belongs to the schedule and the phase",
    },
    { name: "num_func_target", type: "integer", meaning: "invocations due in it" },
    { name: "num_func_invoked", type: "integer", meaning: "those of them that were dispatched" },
    {
      name: "num_coldstarts",
      type: "integer",
      meaning: "changes of a function's actual scale from 0 to more, seen in it",
    },
  ],
};

/** One row for every observation of a function's scale, as In-Vitro wrote it. */
export const INVITRO_SCALES: Table = {
  name: "compat_scales",
  meaning: "one row for every scrape and function",
  columns: [
    { name: "timestamp", type: "integer", unit: "µs", meaning: "when it was observed, since 1970" },
    { name: "deployment", type: "text", meaning: "the function: owner/app/function" },
    { name: "desired_scale", type: "integer", meaning: "instances that the autoscaler wants" },
    { name: "actual_scale", type: "integer", meaning: "instances that are ready" },
  ],
};
