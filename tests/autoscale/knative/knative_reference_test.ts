import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { KnativeDecider } from "../../../lib/autoscale/knative/knative_decider.ts";
import { MetricWindow } from "../../../lib/autoscale/knative/metric_window.ts";

/** A decider's series in the reference file, in its own spelling. */
interface DeciderCase {
  readonly max_scale_up_rate: number;
  readonly max_scale_down_rate: number;
  readonly target_value: number;
  readonly total_value: number;
  readonly target_burst_capacity: number;
  readonly panic_threshold: number;
  readonly stable_window_ms: number;
  readonly scale_down_delay_ms: number;
  readonly activation_scale: number;
  readonly reachable: boolean;
  readonly initial_ready: number;
  readonly samples: readonly {
    readonly t_ms: number;
    readonly stable: number;
    readonly panic: number;
    readonly ready: number;
    readonly desired: number;
    readonly excess_burst_capacity: number;
  }[];
}

/** A window's series in the reference file. */
interface WindowCase {
  readonly window_ms: number;
  readonly granularity_ms: number;
  readonly weighted: boolean;
  readonly ops: readonly {
    readonly t_ms: number;
    readonly op: "record" | "average";
    readonly value: number;
  }[];
}

/** What Knative 0.42 decided and averaged over random series. */
interface KnativeReference {
  readonly decider: readonly DeciderCase[];
  readonly windows: readonly WindowCase[];
}

const reference: KnativeReference = JSON.parse(
  gunzipSync(
    Deno.readFileSync(new URL("../../reference/knative_autoscaler.json.gz", import.meta.url)),
  ).toString(),
);

Deno.test("KnativeDecider makes every decision of the reference", () => {
  const cases = reference.decider;
  assert.ok(cases.length > 0);
  for (const [index, fields] of cases.entries()) {
    const decider = new KnativeDecider({
      maxScaleUpRate: fields.max_scale_up_rate,
      maxScaleDownRate: fields.max_scale_down_rate,
      targetValue: fields.target_value,
      totalValue: fields.total_value,
      targetBurstCapacity: fields.target_burst_capacity,
      panicThreshold: fields.panic_threshold,
      stableWindowMs: fields.stable_window_ms,
      scaleDownDelayMs: fields.scale_down_delay_ms,
      activationScale: fields.activation_scale,
      reachable: fields.reachable,
      initialReady: fields.initial_ready,
    });
    for (const { t_ms, stable, panic, ready, desired, excess_burst_capacity } of fields.samples) {
      assert.deepEqual(
        decider.decide({ tMs: t_ms, stable, panic, ready }),
        { desired, excessBurstCapacity: excess_burst_capacity },
        `case ${index} at ${t_ms} ms`,
      );
    }
  }
});

Deno.test("MetricWindow has every average of the reference", () => {
  const cases = reference.windows;
  assert.ok(cases.length > 0);
  for (const [index, { window_ms, granularity_ms, weighted, ops }] of cases.entries()) {
    const window = new MetricWindow({
      windowMs: window_ms,
      granularityMs: granularity_ms,
      weighted,
    });
    for (const { t_ms, op, value } of ops) {
      if (op === "record") {
        window.record(t_ms, value);
        continue;
      }
      const average = window.average(t_ms);
      assert.ok(
        Math.abs(average - value) < 1e-6,
        `case ${index} at ${t_ms} ms: ${average} is not ${value}`,
      );
    }
  }
});
