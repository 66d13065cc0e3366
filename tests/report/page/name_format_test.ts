import assert from "node:assert/strict";
import { formatValue, splitName } from "../../../lib/report/page/name_format.ts";

Deno.test("a name ends with its unit", () => {
  const split = (name: string) => Object.values(splitName(name));
  assert.deepEqual(split("ratePerS"), ["rate", "per second"]);
  assert.deepEqual(split("coldIterationsPerMs"), ["cold iterations", "per ms"]);
  assert.deepEqual(split("cpuMilli"), ["CPU", "milli-cores"]);
  assert.deepEqual(split("enableScaleToZero"), ["enable scale to zero", ""]);
  assert.deepEqual(split("functions"), ["functions", ""]);
});

Deno.test("a value is shown in the unit of its name, and unknown as a dash", () => {
  assert.equal(formatValue("stableWindowMs", 60_000), "60 s");
  assert.equal(formatValue("memoryMib", 14_463), "14,463 MiB");
  assert.equal(formatValue("gatewayPort", 40_123), "40123");
  assert.equal(formatValue("reachable", false), "no");
  assert.equal(formatValue("sizes", [12, 24]), "12, 24");
  assert.equal(formatValue("instances", null), "–");
  // As a manifest, which is JSON, has it.
  assert.equal(formatValue("instances", "Infinity"), "∞");
});
