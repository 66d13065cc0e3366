import assert from "node:assert/strict";
import { KnativeDecider } from "../../../lib/autoscale/knative/knative_decider.ts";
import { MetricWindow } from "../../../lib/autoscale/knative/metric_window.ts";
import { readKnativeReference } from "./knative_reference.ts";

const reference = readKnativeReference();
const ignore = reference === undefined;

Deno.test({
  name: "KnativeDecider makes every decision of the reference",
  ignore,
  fn() {
    const cases = reference?.decider ?? [];
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
  },
});

Deno.test({
  name: "MetricWindow has every average of the reference",
  ignore,
  fn() {
    const cases = reference?.windows ?? [];
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
  },
});
